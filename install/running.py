"""Finds a traymon of this user that runs: its files must not be changed then.

Asks the operating system and never that traymon itself, whose page may be kept busy by others.
"""

import contextlib
import json
import os
import sys
import tempfile
from pathlib import Path

from subprocesses import InstallError, try_lock


def check_none_runs(environments: "list[Path]") -> None:
    """Raise InstallError if a traymon holds its lock, or any command runs from an environment."""
    found = [pid for folder in environments for pid in pids_of(folder)]
    held = [folder for folder in lock_folders() if is_held(folder / "traymon.lock")]
    found += [pid for pid in map(published_pid, held) if pid]
    if not (found or held):
        return
    kill = f", or: kill {found[0]}" if found and sys.platform != "win32" else ""
    raise InstallError(
        "traymon is running. Quit it first (traymon quit, Quit in the icon's menu, or Ctrl-C in its"
        f" terminal{kill}), then run this again."
    )


def lock_folders() -> "list[Path]":
    """Return the folders in which a running traymon may hold its lock; some may not exist.

    traymon/storage/single_instance.py chooses among them. traymon 0.1.0 preferred the runtime
    folder, and may still run.
    """
    temporary = Path(tempfile.gettempdir())
    if sys.platform == "win32":
        local = Path(os.environ["LOCALAPPDATA"])
        return [local / "traymon" / "traymon" / "run", temporary / "traymon"]
    user = os.getuid()
    folders = [temporary / f"traymon-{user}"]
    if sys.platform == "darwin":
        library = Path(os.path.expanduser("~/Library"))
        folders.append(library / "Application Support" / "traymon" / "run")
        folders.append(library / "Caches" / "TemporaryItems" / "traymon")
    else:
        state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
        folders.append(Path(state, "traymon", "run"))
        runtime = (f"/run/user/{user}", f"/tmp/runtime-{user}", os.environ.get("XDG_RUNTIME_DIR"))
        folders += [Path(folder, "traymon") for folder in runtime if folder]
    return [folder for folder in folders if is_own(folder)]


def is_own(folder: Path) -> bool:
    """Tell whether the folder exists and is this user's: anybody may create one in /tmp."""
    if sys.platform == "win32":
        return folder.is_dir()
    return folder.is_dir() and folder.stat().st_uid == os.getuid()


def is_held(lock: Path) -> bool:
    """Tell whether a process holds this lock. Raises InstallError if that cannot be found out."""
    if not lock.is_file():
        return False
    try:
        with open(str(lock)) as file:
            return not try_lock(file)
    except OSError as error:
        raise InstallError(
            f"Cannot tell whether traymon is running: {lock} cannot be opened ({error.strerror})."
            "\nIf it is not running, remove that file, then run this again."
        ) from error


def published_pid(folder: Path) -> int:
    """Return the process that traymon.json in this folder names; 0 if it names none."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return int(json.loads((folder / "traymon.json").read_text(encoding="utf-8"))["pid"])
    return 0


def pids_of(environment: Path) -> "list[int]":
    """Return the processes that run from a virtual environment; on Linux, else none is known.

    Also `traymon wait` and others that hold no lock, and a traymon whose lock was removed.
    """
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            program = os.fsdecode(file.read_bytes().partition(b"\0")[0])
            if Path(program).parent.parent == environment:
                found.append(int(file.parent.name))
    return found
