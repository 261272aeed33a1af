"""How a terminal starts this traymon: the command that pages and messages print.

Looks at files and at PATH; starts nothing.
"""

from __future__ import annotations

import filecmp
import os
import re
import shlex
import shutil
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from traymon.autostart.entry import launcher_folders
from traymon.core.target import Commands

LAUNCHER = "traymon.exe" if sys.platform == "win32" else "traymon"
# PowerShell takes these as they are; it has meanings for many others, such as `,` and `@`.
_PLAIN = re.compile(r"[\w.:\\/][\w.:\\/+-]*")
_PLAIN_OPTION = re.compile(r"--?[\w-]+")
# PowerShell replaces names after $ and takes typographic quotes for quotes.
_SPECIAL_IN_DOUBLE_QUOTES = re.compile('[$`"\u201c\u201d\u201e]')
_SINGLE_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")


def own_commands(options: Sequence[str] = (), timeout: str | None = None) -> Commands:
    """Return the commands of this traymon as they are typed in this platform's shell.

    `options` name the settings and belong to `check` and `wait`; `timeout` belongs to `check`
    alone, since the `--timeout` of `wait` is another one.
    """
    program = list(_program())
    more = [] if timeout is None else ["--timeout", timeout]
    return Commands(
        traymon=typed(program),
        check=typed([*program, "check", *options, *more]),
        wait=typed([*program, "wait", *options]),
    )


def own_command(*words: str) -> str:
    """Return a command line of this traymon as it is typed in this platform's shell."""
    return typed([*_program(), *words])


def typed(words: Sequence[str], *, for_powershell: bool = sys.platform == "win32") -> str:
    """Return a command as it is typed in PowerShell, or else in a POSIX shell."""
    if not for_powershell:
        return shlex.join(words)
    program, *arguments = map(_quote_for_powershell, words)
    # PowerShell takes a quoted word for a text, unless it is called
    called = program if program == words[0] else f"& {program}"
    return " ".join([called, *arguments])


def _quote_for_powershell(word: str) -> str:
    if _PLAIN.fullmatch(word) or _PLAIN_OPTION.fullmatch(word):
        return word
    if _SPECIAL_IN_DOUBLE_QUOTES.search(word):
        return "'" + _SINGLE_QUOTES.sub(r"\1\1", word) + "'"
    return f'"{word}"'


@cache
def _program() -> tuple[str, ...]:
    """Return the words that start this traymon in any terminal and any folder of this user."""
    launchers = [folder / LAUNCHER for folder in launcher_folders()]
    launcher = next(filter(Path.is_file, launchers), None)
    if launcher is not None and _is_on_path(launcher):
        return ("traymon",)
    if script := _script_of_checkout():
        return (*_python_of_user(), script)
    if launcher is not None:
        return (str(launcher),)
    if getattr(sys, "frozen", False):  # traymon-tray.exe has traymon.exe beside it
        beside = Path(sys.executable).with_name(LAUNCHER)
        return (str(beside if beside.is_file() else sys.executable),)
    return (_python_with_console(sys.executable), "-P", "-m", "traymon")


def _is_on_path(launcher: Path) -> bool:
    """Tell whether every new terminal finds this launcher as `traymon`."""
    found = shutil.which("traymon")
    if found is None:
        return False
    in_environment = sys.prefix != sys.base_prefix
    if in_environment and Path(found).parent == launcher.parent:
        return False  # the environment is activated in this terminal alone
    # uv and pipx link to it, or on Windows copy it
    return filecmp.cmp(found, launcher, shallow=False)


def _script_of_checkout() -> str:
    """Return the path of install/run.py if this is the environment that it has set up, or ""."""
    root = Path(__file__).resolve().parents[2]
    script = root / "install" / "run.py"
    ours = os.path.realpath(sys.prefix) == os.path.realpath(root / ".venv")
    return str(script) if ours and script.is_file() else ""


def _python_of_user() -> tuple[str, ...]:
    """Return how the user starts the Python that this environment was made from."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    if sys.platform == "win32":
        return ("py",) if shutil.which("py") else (_python_with_console(base),)
    usual = shutil.which("python3", path=_path_without_environment())
    if usual and os.path.realpath(usual) == os.path.realpath(base):
        return ("python3",)
    return (base,)


def _path_without_environment() -> str:
    folders = os.get_exec_path()
    own = os.path.dirname(sys.executable)
    return os.pathsep.join(folder for folder in folders if folder != own)


def _python_with_console(python: str) -> str:
    path = Path(python)
    console = path.with_name(path.name.replace("pythonw", "python"))
    return str(console if console.is_file() else path)
