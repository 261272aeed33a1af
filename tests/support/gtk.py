"""The icon through GTK, by the system's PyGObject: whether it is here, and its menu."""

from __future__ import annotations

import subprocess
import sys

from support.polling import wait_for
from support.virtual_desktop import Desktop

# Debian's PyGObject, for the interpreter of the same version that runs the tests.
DEBIAN = "/usr/lib/python3/dist-packages"
GTK = {"PYTHONPATH": DEBIAN, "PYSTRAY_BACKEND": "gtk", "PYTHONWARNINGS": "ignore"}
INDICATOR = {**GTK, "PYSTRAY_BACKEND": "appindicator"}


def gtk_is_here() -> bool:
    return _has("gi.require_version('Gtk', '3.0'); gi.require_version('DBus', '1.0')")


def indicator_is_here() -> bool:
    return _has("gi.require_version('AyatanaAppIndicator3', '0.1')")


def _has(requirements: str) -> bool:
    command = [sys.executable, "-c", f"import gi; {requirements}"]
    return subprocess.run(command, env={"PYTHONPATH": DEBIAN}, stderr=-3).returncode == 0


def choose(desktop: Desktop, *keys: str) -> None:
    """Open the menu, go to an item by keys and take it."""
    desktop.click_tray_icon(button=3)
    wait_for(desktop.menu, "the menu on the screen")
    desktop.press(*keys, "Return")
    wait_for(lambda: not desktop.menu(), "the end of the menu")
