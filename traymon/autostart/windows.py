"""Start at login on Windows: a value below the user's Run key, which Task Manager lists.

Task Manager's switch leaves the value alone and puts a mark beside it.
"""

from __future__ import annotations

import re
import subprocess
import sys
import winreg
from collections.abc import Sequence

from traymon.autostart.entry import OFF, State, judge

assert sys.platform == "win32"  # where mypy looks no further

RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
MARKS = r"Software\Microsoft\Windows\CurrentVersion\Explorer\StartupApproved\Run"
NAME = "traymon"
LONGEST = 260  # characters that Windows takes there


def turn_on(command: Sequence[str]) -> None:
    """Write the value, and clear Task Manager's mark."""
    program, *arguments = command
    line = f'"{program}" {subprocess.list2cmdline(arguments)}'
    if len(line) > LONGEST:
        raise ValueError(
            f"the command has {len(line)} characters, and Windows takes {LONGEST}: {line}"
        )
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, RUN) as key:
        winreg.SetValueEx(key, NAME, 0, winreg.REG_SZ, line)
    _delete(MARKS)


def turn_off() -> None:
    """Remove the value and its mark."""
    _delete(RUN)
    _delete(MARKS)


def state() -> State:
    """Return what the value and its mark say."""
    line, mark = _read(RUN), _read(MARKS)
    if not isinstance(line, str):
        return OFF
    if isinstance(mark, bytes) and mark[:1] and mark[0] % 2:
        return State(False, "Start at login is off: switched off in Task Manager (Startup apps).")
    parts = re.finditer(r'"([^"]*)"|(\S+)', line)
    return judge(rf"HKCU\{RUN}", [part[1] or part[2] for part in parts])


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
        pass  # nothing was there
