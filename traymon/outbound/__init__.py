"""What is told outside the desktop: push channels and whatever else alerts.toml asks for."""
