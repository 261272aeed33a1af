#!/usr/lib/traymon/bin/python3 -I
from traymon.cli.main import main

main()
