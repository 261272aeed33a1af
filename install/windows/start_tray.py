"""Where the built `traymon-tray` starts, which has no console."""

from traymon.cli.main import main_tray

main_tray()
