"""Entry point of the built `traymon-tray`, which has no console."""

from traymon.cli.main import main

main()
