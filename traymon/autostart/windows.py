"""Start at login on Windows: a value in the user's Run key, which Task Manager lists.

When the user disables it in Task Manager, the value stays and a second key marks it as disabled.
"""

from __future__ import annotations

import re
import subprocess
import sys
import winreg
from collections.abc import Sequence

from traymon.autostart.entry import OFF, State, judge

assert sys.platform == "win32"  # mypy skips the rest on other platforms

RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
APPROVED_KEY = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
NAME = "traymon"
MAX_LENGTH = 260  # characters of a value in the Run key


def turn_on(command: Sequence[str]) -> None:
    """Write the value, and remove Task Manager's mark."""
    program, *arguments = command
    line = f'"{program}" {subprocess.list2cmdline(arguments)}'
    if len(line) > MAX_LENGTH:
        raise ValueError(
            f"Windows takes {MAX_LENGTH} characters at most, and the command has {len(line)}:"
            f" {line}. Move the project or its .env to a shorter path."
        )
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, RUN_KEY) as key:
        winreg.SetValueEx(key, NAME, 0, winreg.REG_SZ, line)
    _delete(APPROVED_KEY)


def turn_off() -> None:
    """Remove the value and its mark."""
    _delete(RUN_KEY)
    _delete(APPROVED_KEY)


def state() -> State:
    """Return the state of the value and its mark."""
    line, mark = _read(RUN_KEY), _read(APPROVED_KEY)
    if not isinstance(line, str):
        return OFF
    if isinstance(mark, bytes) and mark[:1] and mark[0] % 2:
        return State(False, "Start at login is off: disabled in Task Manager (Startup apps).")
    parts = re.finditer(r'"([^"]*)"|(\S+)', line)
    return judge(rf"HKCU\{RUN_KEY}", [part[1] or part[2] for part in parts])


def _read(key: str) -> object:
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
            return winreg.QueryValueEx(opened, NAME)[0]
    except FileNotFoundError:
        return None


def _delete(key: str) -> None:
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key, 0, winreg.KEY_SET_VALUE) as opened:
            winreg.DeleteValue(opened, NAME)
    except FileNotFoundError:
        pass
