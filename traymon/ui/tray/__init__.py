"""The tray icon, with one module per platform for what pystray gets wrong there."""
