"""The PATH of a Windows user as the registry has it. For code that the Windows Python runs."""

from __future__ import annotations

import sys
import winreg

assert sys.platform == "win32"  # what follows is there alone

TEXT, EXPAND, BYTES = winreg.REG_SZ, winreg.REG_EXPAND_SZ, winreg.REG_BINARY
KEY, NAME = "Environment", "Path"

Value = tuple[str | bytes, int]  # and its kind


def read() -> Value | None:
    """Return the value; None if there is none."""
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, KEY) as key:
        try:
            return winreg.QueryValueEx(key, NAME)
        except FileNotFoundError:
            return None


def write(value: Value | None) -> None:
    """Replace the value; None: by none."""
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, KEY) as key:
        if value is not None:
            winreg.SetValueEx(key, NAME, 0, value[1], value[0])
        elif read() is not None:
            winreg.DeleteValue(key, NAME)
