"""Find the folder in which a TWS or IB Gateway keeps its settings and its launcher log.

Passive: reads the process list. A process says it itself (`-DjtsConfigDir=`), else it is one of the
usual places of the user that it belongs to.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from traymon.sensors.listener import find_ib_processes
from traymon.sensors.process_reader import shares_our_files, shares_our_network
from traymon.sensors.tws_files import INI, LOG

CONFIG_DIR = ("-DjtsConfigDir=", "-VjtsConfigDir=")  # of Java, and of its launcher
JTS = "Jts"


@dataclass(frozen=True, slots=True)
class TwsProcess:
    """A running TWS or IB Gateway."""

    pid: int
    app: str  # `TWS`, `IB Gateway` or `TWS / IB Gateway`
    started: float  # epoch seconds
    ports: frozenset[int]  # on which it listens, as far as that can be seen


def find_tws_processes() -> list[TwsProcess]:
    """Return the TWS and IB Gateway processes that can listen on this computer's ports."""
    found = []
    for pid, app in find_ib_processes():
        try:
            if shares_our_network(pid):
                process = psutil.Process(pid)
                found.append(TwsProcess(pid, app, process.create_time(), _ports(process)))
        except (psutil.Error, OSError):  # it has ended meanwhile
            continue
    return found


def _ports(process: psutil.Process) -> frozenset[int]:
    try:
        connections = process.net_connections("tcp")
    except (psutil.Error, OSError):  # another user's
        return frozenset()
    return frozenset(c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN)


def settings_folder(pid: int) -> Path | None:
    """Return the folder of a process's launcher log or jts.ini; None if it is not to be found."""
    if not shares_our_files(pid):
        return None
    try:
        process = psutil.Process(pid)
        line = process.cmdline()
    except (psutil.Error, OSError):
        return None
    cwd = _cwd(process)
    if (named := _named(line)) is not None:
        places: Iterator[Path] = iter([cwd / named if cwd else Path(named)])
    else:
        places = _usual_places(cwd, _exe(process), _home(process))
    return next(filter(_is_settings_folder, places), None)


def settings_folders(port: int) -> list[Path]:
    """Return the settings folders of the TWS and IB Gateway that run on this computer.

    Of one that listens on the port only its own; without any running one, the user's usual folder.
    """
    processes = find_tws_processes()
    owners = [process for process in processes if port in process.ports]
    folders = [settings_folder(process.pid) for process in owners or processes]
    found = list(dict.fromkeys(folder for folder in folders if folder is not None))
    usual = None if processes else usual_settings_folder()
    return found if usual is None else [usual]


def usual_settings_folder() -> Path | None:
    """Return the settings folder in this user's usual places, for a TWS that is not running."""
    return next(filter(_is_settings_folder, _usual_places(None, None, Path.home())), None)


def _named(line: Sequence[str]) -> str | None:
    """Return the folder that a command line names; as in Java, the last one counts.

    Install4j hands on a placeholder that nobody filled in, `${installer:jtsConfigDir}`.
    """
    named = [word.partition("=")[2].strip("\"'") for word in line if word.startswith(CONFIG_DIR)]
    return next((folder for folder in reversed(named) if folder and "${" not in folder), None)


def _usual_places(cwd: Path | None, exe: Path | None, home: Path | None) -> Iterator[Path]:
    """Yield where the folder may be, the likeliest first."""
    if cwd is not None:
        yield cwd
    if exe is not None:
        yield from exe.parents[:4]  # C:\Jts\ibgateway\1050\ibgateway.exe
    if home is not None:
        yield home / JTS
    if sys.platform == "win32":
        yield Path(os.environ.get("SYSTEMDRIVE", "C:") + "\\", JTS)
        yield Path(os.environ.get("PROGRAMFILES", "C:\\Program Files"), JTS)


def _is_settings_folder(folder: Path) -> bool:
    """Tell whether a folder holds what TWS writes into its settings folder."""
    try:
        return any(os.path.lexists(folder / name) for name in (LOG, INI))
    except ValueError:  # no path at all
        return False


def _cwd(process: psutil.Process) -> Path | None:
    try:
        return Path(process.cwd())
    except (psutil.Error, OSError):  # another user's
        return None


def _exe(process: psutil.Process) -> Path | None:
    try:
        exe = process.exe()
    except (psutil.Error, OSError):
        return None
    return Path(exe) if exe else None


def _home(process: psutil.Process) -> Path | None:
    """Return the home folder of the user that a process belongs to."""
    if sys.platform == "win32":
        return Path.home()
    import pwd

    try:
        return Path(pwd.getpwuid(process.uids().real).pw_dir)
    except (psutil.Error, OSError, KeyError):
        return None
