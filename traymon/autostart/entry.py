"""What the entries of all platforms share: the command line, and judging an entry."""

from __future__ import annotations

import os
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
    options: tuple[str, ...] = ()  # those of `run` that name the settings

    def has(self, options: Sequence[str]) -> bool:
        """Tell whether it starts with the settings that these options name."""
        return self.on and _comparable(self.options) == _comparable(options)


AT_LOGIN = "--at-login"
BEFORE_FILES = ("--env", "--targets")  # the options that a path follows
OFF = State(False, "Start at login is off.")


def _comparable(options: Sequence[str]) -> list[str]:
    """Return options with the one spelling of every file's path."""
    return [os.path.realpath(word) if is_file else word for word, is_file in _marked(options)]


def _marked(words: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yield each word of a command line, and whether it is the path of a file of settings."""
    for before, word in zip(("", *words), words, strict=False):
        yield word, before in BEFORE_FILES


def command(options: Sequence[str]) -> list[str]:
    """Return the command line for an entry. Raises ValueError if no entry could hold it."""
    line = [*_program(), "run", AT_LOGIN, *options]
    for part in line:
        if any(ord(char) < 32 for char in part):
            raise ValueError(f"{part!r} has a control character in its name")
    return line


def _program() -> list[str]:
    """Return how to start this traymon without a terminal."""
    for folder in launcher_folders():
        if (program := folder / LAUNCHER).is_file():
            return [str(program)]
    if getattr(sys, "frozen", False):
        return [sys.executable]
    # A copy that was unpacked by hand has no launchers. pythonw.exe comes last, because uv's
    # opens a console window.
    windowless = Path(sys.executable).with_name("pythonw.exe")
    return [str(windowless) if windowless.is_file() else sys.executable, "-P", "-m", "traymon"]


def launcher_folders() -> Iterator[Path]:
    """Yield the folders in which this installation may have its launchers."""
    yield Path(sys.executable).parent
    yield Path(sysconfig.get_path("scripts"))
    yield Path(sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user")))


def judge(entry: object, line: Sequence[str]) -> State:
    """Return the state of an entry that runs this command line."""
    program = line[0] if line else "no program"
    files = [word for word, is_file in _marked(line) if is_file]
    if shutil.which(program) is None:
        return _broken(entry, program)
    for file in files:
        if not Path(file).is_file():
            return _broken(entry, file)
    options = tuple(line[line.index(AT_LOGIN) + 1 :]) if AT_LOGIN in line else ()
    project = f"with the settings in {' and '.join(files)}" if files else "without a project's .env"
    return State(True, f"Start at login is on, {project} ({entry}).", options)


def _broken(entry: object, missing: str) -> State:
    problem = f"{entry} names {missing}, which does not exist"
    return State(False, f"Start at login does not work: {problem}. Turn it on again.")
