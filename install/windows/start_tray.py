"""Where the built `traymon-tray` starts, which has no console."""

from traymon.cli import main_tray

main_tray()
