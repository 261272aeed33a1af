"""Runs the sensors of each target and publishes its status."""
