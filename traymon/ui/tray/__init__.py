"""The tray icon, with one module per platform."""
