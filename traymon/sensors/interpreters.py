"""Find the Pythons whose client libraries are let in: the trading program's, else traymon's."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path

from traymon.sensors.library_process import Interpreter

ENVIRONMENTS = (".venv", "venv")
IN_ENVIRONMENT = Path("Scripts", "python.exe") if os.name == "nt" else Path("bin", "python")


def find_interpreters(env_file: str, python: str | None) -> tuple[Interpreter, ...]:
    """Return the interpreters to try, in order.

    `python`: the one that the user names, by a path, by a name in PATH, or by the folder of its
    environment; then it alone. Otherwise one that lies beside the `.env`, then traymon's own.
    Raises FileNotFoundError if `python` is none of these.
    """
    if python is not None:
        return (Interpreter(_named(python)),)
    own = own_interpreter()
    beside = _beside(env_file)
    if beside is None or _is_same(beside, own.path):
        return (own,)
    return Interpreter(str(beside), guessed=True), own


def own_interpreter() -> Interpreter:
    """Return traymon's own interpreter; one without a path where traymon was built as a program."""
    return Interpreter("" if getattr(sys, "frozen", False) else sys.executable or "", own=True)


def _named(python: str) -> str:
    path = Path(python)
    if path.is_dir():
        path = path / IN_ENVIRONMENT
    if path.is_file():
        return str(path.absolute())
    found = shutil.which(python) if path.name == python else None
    if found is None:
        raise FileNotFoundError(python)
    return found


def _beside(env_file: str) -> Path | None:
    """Return the interpreter of the environment beside the settings.

    Nobody but the user and root may be able to put it there: another user's is not run.
    """
    if not env_file:
        return None
    for name in ENVIRONMENTS:
        environment = Path(env_file).parent / name
        interpreter = environment / IN_ENVIRONMENT
        folders = (environment.parent, environment, interpreter.parent)
        if os.path.isfile(interpreter) and all(map(_is_the_users, folders)):
            return interpreter
    return None


def _is_the_users(folder: Path) -> bool:
    if sys.platform == "win32":
        return True  # a user's folders are theirs by the permissions they inherit
    try:
        found = folder.stat()
    except OSError:
        return False
    return found.st_uid in (0, os.geteuid()) and not found.st_mode & stat.S_IWOTH


def _is_same(interpreter: Path, own: str) -> bool:
    """Tell whether it is the environment that traymon runs in; its Python alone can be shared."""
    return os.path.realpath(interpreter.parent) == os.path.realpath(Path(own).parent)
