"""What the entries of all platforms share: the command line, and judging an entry."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = "traymon-tray.exe" if sys.platform == "win32" else "traymon-tray"


@dataclass(frozen=True, slots=True)
class State:
    """Whether traymon starts at login, and a line that tells the user so."""

    on: bool
    says: str


OFF = State(False, "Start at login is off.")


def command(options: Sequence[str]) -> list[str]:
    """Return the command line for an entry. Raises ValueError if no entry could hold it."""
    line = [*_program(), "run", "--at-login", *options]
    for part in line:
        if any(ord(char) < 32 for char in part):
            raise ValueError(f"{part!r} has a control character in its name")
    return line


def _program() -> list[str]:
    """Return how to start this traymon without a terminal."""
    for folder in _launcher_folders():
        if (program := folder / LAUNCHER).is_file():
            return [str(program)]
    if getattr(sys, "frozen", False):
        return [sys.executable]
    # A copy that was unpacked by hand has no launchers. pythonw.exe comes last, because uv's
    # opens a console window.
    windowless = Path(sys.executable).with_name("pythonw.exe")
    return [str(windowless) if windowless.is_file() else sys.executable, "-P", "-m", "traymon"]


def _launcher_folders() -> Iterator[Path]:
    """Yield the folders in which this installation may have its launchers."""
    yield Path(sys.executable).parent
    yield Path(sysconfig.get_path("scripts"))
    yield Path(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")))


def judge(entry: object, line: Sequence[str]) -> State:
    """Return the state of an entry that runs this command line."""
    program = line[0] if line else "no program"
    settings = line[line.index("--env") + 1] if "--env" in line[:-1] else ""
    if shutil.which(program) is None:
        return _broken(entry, program)
    if settings and not Path(settings).is_file():
        return _broken(entry, settings)
    with_settings = f", with the settings in {settings}" if settings else ""
    return State(True, f"Start at login is on{with_settings} ({entry}).")


def _broken(entry: object, missing: str) -> State:
    problem = f"{entry} names {missing}, which is not there"
    return State(False, f"Start at login does not work: {problem}. Switch it on again.")
