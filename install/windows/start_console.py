"""Where the built `traymon` starts."""

from traymon.cli.main import main

main()
