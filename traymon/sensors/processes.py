"""Find the programs of this machine that matter to a port: who is connected, and who may be soon.

Passive: reads the socket table and the process list. What the platform or missing permissions hide
is missing here, never guessed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from traymon.core.target import OwnProgram, Program, Target
from traymon.sensors.base import ListOwnPrograms
from traymon.sensors.client_id_ledger import Link, Links
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.process_reader import Process, ProcessReader
from traymon.sensors.socket_table import SocketEntry, is_this_machine, socket_table
from traymon.sensors.turned_away import (
    FIRST_MINUTES,
    RejectionSeries,
    Unconnected,
    may_be_turned_away,
)

# Programs that only read what another one prints, as in `traymon ... | tee`.
READERS = frozenset({"cat", "grep", "head", "less", "more", "sort", "tail", "tee"})
EXEC_WINDOW = 6.0  # seconds within which a new process may still become another program
YOUNG = 60.0  # seconds within which a program that merely runs in the folder may connect
YOUNG_CHILD = 10.0  # seconds within which a child of a connected program may connect


@dataclass(frozen=True, slots=True)
class Connected:
    """What the socket table shows of a target's port."""

    links: Links
    rejected_ports: frozenset[int]  # of other programs whose connection the Gateway ended first
    cost: float  # seconds of CPU that reading it took


@dataclass(frozen=True, slots=True)
class _Seen:
    """A process ID, and what was behind it."""

    first_at: float  # monotonic
    process: Process | None  # None: it has ended, or is a traymon


@dataclass(frozen=True, slots=True)
class _Ownership:
    """What decides which programs are the user's own."""

    env_file: str
    own_programs: tuple[OwnProgram, ...]


class Processes:
    """Reads the processes that matter to one target. All methods may block for milliseconds."""

    def __init__(self, connections: ConnectionRegistry, list_own_programs: ListOwnPrograms) -> None:
        self._connections, self._list_own_programs = connections, list_own_programs
        self._reader = ProcessReader(list_own_programs)
        self._seen: dict[int, _Seen] = {}  # by process ID
        self._ownership: _Ownership | None = None  # what `_seen` was judged by
        self._once_connected: set[tuple[int, float | None]] = set()  # (process ID, start time)
        self._once_connected_scripts: set[str] = set()  # of the user's own programs
        self._command_ports: frozenset[int] = frozenset()  # whose connections were that one's

    def read_connections(self, target: Target) -> Connected | None:
        """Return who is connected to the port; None if the socket table cannot be read."""
        table, cost = socket_table()
        if table is None:
            return None
        began = time.thread_time()
        here = is_this_machine(target.host)
        links = self._client_links(table, target, here)
        rejected: set[int] = set()
        for entry in table if here else ():
            if not entry.raddr or entry.laddr.port != target.port:
                continue
            peer, port = entry.raddr.ip.removeprefix("::ffff:"), entry.raddr.port
            if port in self._connections:
                continue
            if entry.status == psutil.CONN_CLOSE_WAIT:
                links.add(Link(Program(), port, half_closed=True))
            elif entry.status == psutil.CONN_TIME_WAIT:
                rejected.add(port)
            elif entry.status == psutil.CONN_ESTABLISHED and not is_this_machine(peer):
                links.add(Link(Program(address=peer), port))
        self._remember_connected(links)
        others = self._without_commands(frozenset(rejected))
        return Connected(frozenset(links), others, cost + time.thread_time() - began)

    def _remember_connected(self, links: set[Link]) -> None:
        programs = {link.program for link in links}
        self._once_connected |= {(program.pid or 0, program.since) for program in programs}
        own = {program.script for program in programs if program.own and program.script}
        self._once_connected_scripts |= own

    def _without_commands(self, rejected: frozenset[int]) -> frozenset[int]:
        """Leave out what appeared while a `traymon check` ran, which is turned away by design."""
        running = self._reader.saw_command(time.monotonic())
        self._command_ports = (rejected if running else self._command_ports) & rejected
        return rejected - self._command_ports

    def _client_links(self, table: Sequence[SocketEntry], target: Target, here: bool) -> set[Link]:
        """Return the connections of this machine's programs to the target."""
        clients = [e for e in table if e.raddr and self._leads_to(e, target, here)]
        programs = {pid: self._program(pid, target) for pid in {e.pid for e in clients}}
        return {
            Link(program, entry.laddr.port)
            for entry in clients
            if (program := programs[entry.pid]) is not None
        }

    def _leads_to(self, entry: SocketEntry, target: Target, here: bool) -> bool:
        """Return whether a client's connection leads to the target and is not traymon's."""
        address = entry.raddr.ip.removeprefix("::ffff:")
        return (
            entry.status == psutil.CONN_ESTABLISHED
            and entry.raddr.port == target.port
            and entry.laddr.port not in self._connections
            and (is_this_machine(address) if here else address == target.host)
        )

    def _program(self, pid: int | None, target: Target) -> Program | None:
        """Return the program behind a process ID; None for a traymon."""
        if pid is None:  # another user's process, hidden by missing permissions
            return Program()
        process = self._reader.read(pid, target)
        return None if process is None else process.program

    def scan_new(self, target: Target) -> bool:
        """Read the processes that are new; return whether any of them is the user's own."""
        ownership = _Ownership(target.env_file, tuple(self._list_own_programs()))
        if ownership != self._ownership:
            self._ownership, self._seen = ownership, {}
        now = time.monotonic()
        pids = set(psutil.pids())
        for gone in self._seen.keys() - pids:
            del self._seen[gone]
        self._once_connected = {known for known in self._once_connected if known[0] in pids}
        found = False
        for pid in pids:
            seen = self._seen.get(pid)
            if seen is None:
                seen = _Seen(now, None)
            if now - seen.first_at <= EXEC_WINDOW:
                process = self._reader.read(pid, target)
                self._seen[pid] = _Seen(seen.first_at, process)
                found = found or (_is_own(process) and not _is_own(seen.process))
        return found

    def scan_all(self, target: Target) -> None:
        """Read every process that may have become another program since it was last read."""
        self.scan_new(target)
        for process in psutil.process_iter():
            seen = self._seen.get(process.pid, _Seen(time.monotonic(), None))
            known = seen.process
            try:
                same = known is not None and process.name() == known.name
            except (psutil.Error, OSError):
                same = False
            if not same or _is_own(known):
                current = self._reader.read(process.pid, target)
                self._seen[process.pid] = _Seen(seen.first_at, current)

    def find_about_to_connect(
        self, links: Links, series: RejectionSeries | None = None
    ) -> Program | None:
        """Return a program of the user's own that may be about to connect, if there is one.

        `series`: connections that the Gateway ended lately; they may have been its attempts.
        """
        now = time.time()
        connected, connected_runs = self._connected_runs(links)
        for process in self._own_processes():
            program = process.program
            age = now - (program.since or 0.0)
            if program.pid is None or program.pid in connected:
                continue
            if self._run_of(program.pid) in connected_runs:
                soon = age < YOUNG_CHILD
            elif process.in_project:
                soon = not self._is_bystander(program, series, now)
            else:
                only_reads = Path(process.name).stem.lower() in READERS
                soon = self._was_connected(program) or (age < YOUNG and not only_reads)
            if soon:
                return program
        return None

    def find_unconnected(self, links: Links) -> list[Unconnected]:
        """Return the user's programs that run without a connection, and no part of which has one.

        A program counts if its script or executable is the user's.
        """
        connected, connected_runs = self._connected_runs(links)
        return [
            Unconnected(process.program, self._was_connected(process.program))
            for process in self._own_processes()
            if process.in_project
            and process.program.pid is not None
            and process.program.pid not in connected
            and self._run_of(process.program.pid) not in connected_runs
        ]

    def find_bystanders(self, links: Links, series: RejectionSeries | None) -> list[Program]:
        """Return the user's programs that count as no trading programs, for all that is known."""
        now = time.time()
        unconnected = [one.program for one in self.find_unconnected(links)]
        return [one for one in unconnected if self._is_bystander(one, series, now)]

    def _is_bystander(self, program: Program, series: RejectionSeries | None, now: float) -> bool:
        """Return whether a program of the user's has had its time to connect, and never tried."""
        one = Unconnected(program, self._was_connected(program))
        old = now > (program.since or 0.0) + FIRST_MINUTES
        return old and not one.connected_before and not may_be_turned_away(one, series)

    def _was_connected(self, program: Program) -> bool:
        """Return whether it was connected, or an earlier run of the same script."""
        if (program.pid, program.since) in self._once_connected:
            return True
        return program.script in self._once_connected_scripts

    def _connected_runs(self, links: Links) -> tuple[set[int | None], set[int]]:
        connected = {link.program.pid for link in links}
        return connected, {self._run_of(pid) for pid in connected if pid is not None}

    def find_later_runs(self, of: Program, links: Links) -> Sequence[Program]:
        """Return the user's unconnected programs that were started after a connected one.

        Leaves out what belongs to the same run.
        """
        connected = {link.program.pid for link in links}
        return [
            process.program
            for process in self._own_processes()
            if process.in_project
            and process.program.pid is not None
            and of.pid is not None
            and process.program.pid not in connected
            and (process.program.since or 0.0) > (of.since or 0.0)
            and self._run_of(process.program.pid) != self._run_of(of.pid)
        ]

    def _own_processes(self) -> list[Process]:
        processes = (seen.process for seen in self._seen.values())
        return [p for p in processes if p is not None and p.program.own]

    def _run_of(self, pid: int) -> int:
        """Return the topmost process in the same project that a process descends from."""
        top, walked = pid, set[int]()
        while pid not in walked:
            walked.add(pid)
            seen = self._seen.get(pid)
            if seen is None or seen.process is None:
                break
            if seen.process.in_project and seen.process.program.own:
                top = pid
            pid = seen.process.parent
        return top


def _is_own(process: Process | None) -> bool:
    return process is not None and process.program.own
