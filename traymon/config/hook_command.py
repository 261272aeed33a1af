"""The programs that `[hooks]` of alerts.toml names, and whether that file may name any."""

from __future__ import annotations

import os
import sys
from pathlib import Path

COMMAND = 'a program and its arguments, with its full path: ["/home/me/stop.sh", "--now"]'
# What Windows runs with cmd.exe, which reads quotes and `&` in an environment variable that a batch
# file repeats as commands of their own.
BATCH = frozenset({".bat", ".cmd"})
NO_BATCH = "must be no batch file, where a headline could become a command; use PowerShell"
BY_SETTINGS = "a .env or targets.toml names this file: set TRAYMON_ALERTS in the environment"
BY_OTHERS = "other users of this computer may change this file: chmod 600"


def as_command(value: object) -> tuple[str, ...]:
    """Return the argument list of a program. Raises ValueError."""
    if not isinstance(value, list) or not all(map(_is_argument, value)):
        raise ValueError
    if not value:
        return ()
    program = Path(os.path.expanduser(value[0]))
    if not program.is_absolute():
        raise ValueError
    if program.suffix.lower().rstrip(". ") in BATCH:
        raise ValueError(NO_BATCH)
    return (str(program), *value[1:])


def why_distrusted(path: Path, *, is_users_choice: bool) -> str:
    """Return why a file may name no programs, "" if it may.

    A project's settings may be somebody else's; they must not decide what runs here.
    """
    if not is_users_choice:
        return BY_SETTINGS
    if sys.platform == "win32":  # the profile that it is in belongs to the user alone
        return ""
    try:
        found = os.stat(path)
    except OSError:  # it has just been removed, which is noticed next
        return BY_OTHERS
    is_theirs = found.st_mode & 0o022 or found.st_uid not in (os.geteuid(), 0)
    return BY_OTHERS if is_theirs else ""


def _is_argument(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value
