"""What each command does; `traymon/cli.py` lists them. With it the only modules that print."""
