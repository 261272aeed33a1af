"""Recognise a program: its script, whether it is the user's own, whether it is a traymon.

Works on paths and command lines; reads no process itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from traymon.core.target import Target

INTERPRETERS = re.compile(
    r"(python|pypy|java|node|ruby|perl|julia|rscript|dotnet|bun|deno|bash|sh|zsh|powershell|pwsh)"
    r"w?[\d.]*(\.exe)?",
    re.IGNORECASE,
)
TRAYMON_NAMES = frozenset({"traymon", "traymon-tray", "traymon_library_check"})


def project_folder(target: Target) -> Path | None:
    """Return the folder of the target's `.env`; None for a home folder, which is no project's."""
    if not target.env_file:
        return None
    folder = Path(os.path.realpath(target.env_file)).parent
    home = Path.home().resolve()
    return None if folder == home or folder in home.parents else folder


def script_of(line: Sequence[str], cwd: str) -> str:
    """Return the full path of the script that an interpreter runs; "" if it shows none.

    `line` is the command line, `cwd` the working directory of the process.
    """
    if not line or not INTERPRETERS.fullmatch(re.split(r"[\\/]", line[0])[-1]):
        return ""
    arguments = iter(line[1:])
    for argument in arguments:
        if argument == "-c":
            return ""
        if argument == "-m":
            module = Path(cwd, *next(arguments, "").split("."))
            found = (module.with_suffix(".py"), module / "__main__.py")
            return next((str(path) for path in found if _is_file(path)), "")
        if not argument.startswith("-") and _is_file(path := Path(cwd, argument)):
            return os.path.realpath(path)
    return ""


def is_traymon(name: str, line: Sequence[str], script: str) -> bool:
    """Return whether a process is a traymon, which connects to the port to check it."""
    stems = {Path(re.split(r"[\\/]", part)[-1]).stem.lower() for part in (name, script) if part}
    return bool(stems & TRAYMON_NAMES) or list(line[1:3]) == ["-m", "traymon"]


def lies_in(path: str, folder: Path | None) -> bool:
    """Return whether a path leads into the folder; False if either is unknown."""
    if not path or folder is None:
        return False
    return Path(os.path.realpath(path)).is_relative_to(folder)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # not permitted, or not a path at all
        return False
