"""What traymon keeps on disk, and the lock that allows one traymon per user."""
