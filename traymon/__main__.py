"""Runs traymon as `python -m traymon`."""

from traymon.cli.main import main

main()
