"""Where the built `traymon` starts."""

from traymon.cli import main

main()
