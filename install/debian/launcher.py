#!/usr/lib/traymon/bin/python3 -I
"""Starts traymon; the file that a terminal finds as `traymon` and `traymon-tray`."""

from traymon.cli.main import main

main()
