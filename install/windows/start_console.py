"""Entry point of the built `traymon`."""

from traymon.cli.main import main

main()
