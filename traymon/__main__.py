"""`python -m traymon`."""

from traymon.cli import main

main()
