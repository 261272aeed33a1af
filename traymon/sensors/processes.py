"""The programs of this machine that matter to a port: who is connected, and who may be soon.

Reads the socket table and the process list, passively. What the rights or the platform hide is
missing here, never guessed.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import psutil

from traymon.core.target import OwnProgram, Program, Target
from traymon.sensors.base import ListOwnPrograms
from traymon.sensors.client_id_ledger import Link, Links
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.socket_table import is_this_machine, socket_table

_T = TypeVar("_T")

INTERPRETERS = re.compile(
    r"(python|pypy|java|node|ruby|perl|julia|rscript|dotnet|bun|deno|bash|sh|zsh|powershell|pwsh)"
    r"w?[\d.]*(\.exe)?",
    re.IGNORECASE,
)
TRAYMON = ("traymon", "traymon-tray")
READERS = ("cat", "grep", "head", "less", "more", "sort", "tail", "tee")  # of `traymon ... | tee`
SETTLING = 6.0  # seconds in which a new process may still become another program
YOUNG = 60.0  # seconds within which a program that only runs in the folder may begin to connect
BORN_OF_A_RUN = 10.0  # seconds within which a child of a connected program may begin to connect


@dataclass(frozen=True, slots=True)
class Connected:
    """What the socket table shows of a target's port."""

    links: Links
    turned_away: frozenset[int]  # ports of clients whose connection the Gateway ended first
    cost: float  # seconds of CPU that reading it took


@dataclass(frozen=True, slots=True)
class Seen:
    """A process as it was looked at."""

    program: Program
    parent: int
    placed: bool  # its script or executable is the user's own, not only its working directory
    name: str


class Programs:
    """Reads programs for one target. All methods may block for milliseconds."""

    def __init__(self, connections: ConnectionRegistry, list_own_programs: ListOwnPrograms) -> None:
        self._connections, self._list_own_programs = connections, list_own_programs
        self._seen: dict[int, tuple[float, Seen | None]] = {}  # pid -> first seen, what it is
        self._known: object = None  # what the verdicts of `_seen` rest on
        self._once_connected: set[tuple[int, float | None]] = set()

    def connected(self, target: Target) -> Connected | None:
        """Return who is connected to the port; None where the socket table cannot be read."""
        began = time.thread_time()
        table = socket_table()
        if table is None:
            return None
        here = is_this_machine(target.host)
        links: set[Link] = set()
        turned_away: set[int] = set()
        clients = [e for e in table if e.raddr and self._leads_to(e, target, here)]
        programs = {pid: self._program(pid, target) for pid in {e.pid for e in clients}}
        for entry in clients:
            program = programs[entry.pid]
            if program is not None:
                links.add(Link(program, entry.laddr.port))
        for entry in table:
            if not (here and entry.raddr and entry.laddr.port == target.port):
                continue
            peer, port = entry.raddr.ip.removeprefix("::ffff:"), entry.raddr.port
            if port in self._connections:
                continue
            if entry.status == psutil.CONN_CLOSE_WAIT:
                links.add(Link(Program(), port, left=True))
            elif entry.status == psutil.CONN_TIME_WAIT:
                turned_away.add(port)
            elif entry.status == psutil.CONN_ESTABLISHED and not is_this_machine(peer):
                links.add(Link(Program(address=peer), port))
        self._once_connected |= {(link.program.pid or 0, link.program.since) for link in links}
        return Connected(frozenset(links), frozenset(turned_away), time.thread_time() - began)

    def _leads_to(self, entry: Any, target: Target, here: bool) -> bool:
        """Tell whether a connection is a client's to the target, and not traymon's."""
        address = entry.raddr.ip.removeprefix("::ffff:")
        return (
            entry.status == psutil.CONN_ESTABLISHED
            and entry.raddr.port == target.port
            and entry.laddr.port not in self._connections
            and (is_this_machine(address) if here else address == target.host)
        )

    def _program(self, pid: int | None, target: Target) -> Program | None:
        """Return the program behind a process ID; None where it is a traymon."""
        if pid is None:  # another user's, without the rights to see it
            return Program()
        seen = self._look_at(pid, target)
        return None if seen is None else seen.program

    def changed(self, target: Target) -> bool:
        """Look at the processes that are new; return whether one of them is the user's own."""
        known = (target.env_file, tuple(self._list_own_programs()))
        if known != self._known:
            self._known, self._seen = known, {}
        now = time.monotonic()
        pids = set(psutil.pids())
        for gone in self._seen.keys() - pids:
            del self._seen[gone]
        changed = False
        for pid in pids:
            first, before = self._seen.get(pid, (now, None))
            if now - first <= SETTLING:
                seen = self._look_at(pid, target)
                self._seen[pid] = first, seen
                own = seen is not None and seen.program.own
                changed = changed or (own and (before is None or not before.program.own))
        return changed

    def look_at_all(self, target: Target) -> None:
        """Look at every process whose program may have changed: a process can become another."""
        self.changed(target)
        for process in psutil.process_iter():
            first, before = self._seen.get(process.pid, (time.monotonic(), None))
            try:
                same = before is not None and process.name() == before.name
            except (psutil.Error, OSError):
                same = False
            if not same or (before is not None and before.program.own):
                self._seen[process.pid] = first, self._look_at(process.pid, target)

    def may_connect(self, links: Links) -> Program | None:
        """Return a program of the user's own that may be about to connect, if there is one."""
        now = time.time()
        pids = {link.program.pid for link in links}
        runs = {self._run(pid) for pid in pids if pid is not None}
        for seen in self._own():
            program = seen.program
            age = now - (program.since or 0.0)
            if program.pid is None or program.pid in pids:
                continue
            if self._run(program.pid) in runs:
                soon = age < BORN_OF_A_RUN
            else:
                met = (program.pid, program.since) in self._once_connected
                only_reads = Path(seen.name).stem.lower() in READERS
                soon = seen.placed or met or (age < YOUNG and not only_reads)
            if soon:
                return program
        return None

    def later_runs(self, of: Program, links: Links) -> Sequence[Program]:
        """Return the user's own programs that were started after one that is connected, apart
        from what belongs to the same run, and that are not connected."""
        pids = {link.program.pid for link in links}
        return [
            seen.program
            for seen in self._own()
            if seen.placed
            and seen.program.pid is not None
            and of.pid is not None
            and seen.program.pid not in pids
            and (seen.program.since or 0.0) > (of.since or 0.0)
            and self._run(seen.program.pid) != self._run(of.pid)
        ]

    def runs(self, program: Program) -> bool:
        """Tell whether the program still runs, as far as it was last looked."""
        found = self._seen.get(program.pid or 0)
        return found is not None and found[1] is not None and found[1].program == program

    def _own(self) -> list[Seen]:
        return [seen for _, seen in self._seen.values() if seen is not None and seen.program.own]

    def _run(self, pid: int) -> int:
        """Return the topmost of a process's ancestors that is placed in the same project."""
        top, walked = pid, set[int]()
        while pid not in walked:
            walked.add(pid)
            _, seen = self._seen.get(pid, (0.0, None))
            if seen is None:
                break
            if seen.placed and seen.program.own:
                top = pid
            pid = seen.parent
        return top

    def _look_at(self, pid: int, target: Target) -> Seen | None:
        """Return what a process is; None where it has ended, or is a traymon or carries one."""
        try:
            process = psutil.Process(pid)
            name, since, parent = process.name(), process.create_time(), process.ppid()
        except (psutil.Error, OSError):
            return None
        line = _told(process.cmdline, list[str]())
        exe, cwd = _told(process.exe, ""), _told(process.cwd, "")
        script = script_of(line, cwd)
        if pid in _OWN_FAMILY or is_traymon(name, line, script):
            return None
        folder = project_folder(target)
        said = bool(exe or script) and OwnProgram(exe, script) in self._list_own_programs()
        placed = said or _lies_in(script, folder) or _lies_in(exe, folder)
        own = placed or _lies_in(cwd, folder)
        return Seen(Program(name, pid, script, exe, since, own), parent, placed, name)


def project_folder(target: Target) -> Path | None:
    """Return the folder of the target's `.env`; None where it is no project's: a home folder."""
    if not target.env_file:
        return None
    folder = Path(os.path.realpath(target.env_file)).parent
    home = Path.home().resolve()
    return None if folder == home or folder in home.parents else folder


def script_of(line: Sequence[str], cwd: str) -> str:
    """Return the file that an interpreter was told to run, with its folder; "" where none shows.

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
    """Tell whether a process is a traymon, which connects to the port for its own looks."""
    stems = {Path(re.split(r"[\\/]", part)[-1]).stem.lower() for part in (name, script) if part}
    return bool(stems & set(TRAYMON)) or list(line[1:3]) == ["-m", "traymon"]


def _lies_in(path: str, folder: Path | None) -> bool:
    if not path or folder is None:
        return False
    return Path(os.path.realpath(path)).is_relative_to(folder)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no right to look, or no path at all
        return False


def _told(ask: Callable[[], _T], instead: _T) -> _T:
    """Return what a process tells of itself, where the rights allow it."""
    try:
        return ask()
    except (psutil.Error, OSError):
        return instead


def _family() -> frozenset[int]:
    """Return this process and what started it: the shell and the launcher are no programs."""
    try:
        return frozenset({os.getpid(), *(parent.pid for parent in psutil.Process().parents())})
    except (psutil.Error, OSError):
        return frozenset({os.getpid()})


_OWN_FAMILY = _family()
