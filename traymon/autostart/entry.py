"""What every entry has, whatever the platform: its command line, and what a look at it says."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

TRAY = "traymon-tray.exe" if sys.platform == "win32" else "traymon-tray"


@dataclass(frozen=True, slots=True)
class State:
    """Whether traymon starts at login, and one line for the user that says so."""

    on: bool
    says: str


OFF = State(False, "Start at login is off.")


def command(options: Sequence[str]) -> list[str]:
    """Return the command line that an entry runs. Raises ValueError for one that none can hold."""
    line = [*_program(), "run", "--at-login", *options]
    for part in line:
        if any(ord(char) < 32 for char in part):
            raise ValueError(f"{part!r} has a control character in its name")
    return line


def _program() -> list[str]:
    """Return how to start this traymon without a terminal."""
    for folder in _folders():
        if (program := folder / TRAY).is_file():
            return [str(program)]
    if getattr(sys, "frozen", False):
        return [sys.executable]
    # Unpacked by hand there are no launchers. pythonw.exe comes last: uv's opens a console window.
    windowless = Path(sys.executable).with_name("pythonw.exe")
    return [str(windowless) if windowless.is_file() else sys.executable, "-P", "-m", "traymon"]


def _folders() -> Iterator[Path]:
    """Yield where the launchers of this very installation may lie."""
    yield Path(sys.executable).parent
    yield Path(sysconfig.get_path("scripts"))
    yield Path(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")))


def judge(where: object, line: Sequence[str]) -> State:
    """Return the state that an entry stands for which runs this command line."""
    program = line[0] if line else "no program"
    settings = line[line.index("--env") + 1] if "--env" in line[:-1] else ""
    if shutil.which(program) is None:
        return _dead(where, program)
    if settings and not Path(settings).is_file():
        return _dead(where, settings)
    with_settings = f", with the settings in {settings}" if settings else ""
    return State(True, f"Start at login is on{with_settings} ({where}).")


def _dead(where: object, missing: str) -> State:
    problem = f"{where} names {missing}, which is not there"
    return State(False, f"Start at login does not work: {problem}. Switch it on anew.")
