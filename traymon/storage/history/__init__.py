"""What happened, in a SQLite file: written off the monitor's loop, read by commands and page."""
