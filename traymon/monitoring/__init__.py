"""Runs the sensors, judges what they see and publishes the status of each target."""
