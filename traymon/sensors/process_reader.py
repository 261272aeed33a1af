"""Read one process of this machine: what it is, and whether it is the user's own."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import psutil

from traymon.core.target import OwnProgram, Program, Target
from traymon.sensors.base import ListOwnPrograms
from traymon.sensors.program_identity import is_traymon, lies_in, project_folder, script_of

T = TypeVar("T")

COMMANDS = frozenset({"check", "wait"})  # the ones that hold a session and try client IDs
COMMAND_WINDOW = 10.0  # seconds after which one that has started has made most of its tries


@dataclass(frozen=True, slots=True)
class Process:
    """A process as it was last seen."""

    program: Program
    parent: int
    in_project: bool  # its script or executable is the user's own, not just its working directory
    name: str


class ProcessReader:
    """Reads processes, and notes when it meets a `traymon check`."""

    def __init__(self, list_own_programs: ListOwnPrograms) -> None:
        self._list_own_programs = list_own_programs
        self._command_seen_at: float | None = None  # monotonic

    def saw_command(self, now: float) -> bool:
        """Return whether a `traymon check` has begun lately."""
        return self._command_seen_at is not None and now < self._command_seen_at + COMMAND_WINDOW

    def read(self, pid: int, target: Target) -> Process | None:
        """Return what a process is; None if it has ended, is a traymon or started this one."""
        try:
            process = psutil.Process(pid)
            name, since, parent = process.name(), process.create_time(), process.ppid()
        except (psutil.Error, OSError):
            return None
        line = _safe_call(process.cmdline, list[str]())
        exe, cwd = _safe_call(process.exe, ""), _safe_call(process.cwd, "")
        script = script_of(line, cwd)
        if pid in _OWN_FAMILY:
            return None
        if is_traymon(name, line, script):
            young = time.time() < since + COMMAND_WINDOW
            if young and COMMANDS.intersection(line) and shares_our_network(pid):
                self._command_seen_at = time.monotonic()
            return None
        folder = project_folder(target)
        marked = bool(exe or script) and OwnProgram(exe, script) in self._list_own_programs()
        in_project = marked or lies_in(script, folder) or lies_in(exe, folder)
        own = in_project or lies_in(cwd, folder)
        return Process(Program(name, pid, script, exe, since, own), parent, in_project, name)


def _safe_call(read: Callable[[], T], default: T) -> T:
    """Return what `read` reads of a process, or the default if permissions forbid it."""
    try:
        return read()
    except (psutil.Error, OSError):
        return default


def shares_our_network(pid: int) -> bool:
    """Return whether a process can reach the same ports; a container has its own."""
    return _shares_namespace(pid, "net")


def shares_our_files(pid: int) -> bool:
    """Return whether a path of a process leads to the same file here; a container has its own."""
    return _shares_namespace(pid, "mnt")


def _shares_namespace(pid: int, kind: str) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/ns/{kind}") == os.readlink(f"/proc/self/ns/{kind}")
    except OSError:  # not Linux, or not permitted
        return True


def _own_family() -> frozenset[int]:
    """Return this process and its ancestors: its shell and launcher are not trading programs."""
    try:
        return frozenset({os.getpid(), *(parent.pid for parent in psutil.Process().parents())})
    except (psutil.Error, OSError):
        return frozenset({os.getpid()})


_OWN_FAMILY = _own_family()
