"""Runs traymon as `python -m traymon`."""

import sys

from traymon.cli.main import main, main_tray

if sys.stdout is None:  # pythonw.exe has no console
    main_tray()
else:
    main()
