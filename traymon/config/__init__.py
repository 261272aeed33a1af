"""The settings: where they come from, what is allowed, what is in force."""
