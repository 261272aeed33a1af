"""What traymon keeps on disk, and the lock that allows only one traymon per user."""
