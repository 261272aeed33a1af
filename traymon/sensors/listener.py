"""Find out who listens on the target's port, from this machine's socket table.

Passive: opens no connection. What the platform or missing permissions hide is reported as unknown,
never guessed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import psutil

from traymon.core.facts import Fact
from traymon.core.model import Evidence, Reading
from traymon.core.target import USUAL_PORTS, Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sensors.base import FactDict, ListOwnPrograms
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.own_programs import OwnPrograms
from traymon.sensors.socket_table import SocketEntry, is_this_machine, listens_for, socket_table

log = logging.getLogger(__name__)

# TWS and Gateway are Java programs; only on some systems does the process carry their own name.
JAVA_NAMES = ("java", "javaw", "javaapplicationstub")
GATEWAY, TWS, EITHER = "IB Gateway", "TWS", "TWS / IB Gateway"
APP_NAMES = {"ibgateway": GATEWAY, "ib gateway": GATEWAY, "tws": TWS, "trader workstation": TWS}
# The main classes of IB's own launchers and of IBC's; the macOS launcher names only its app.
# Never a bare `ibgateway` or `jts`: traders' folders and a Java library have those names too.
COMMAND_MARKS = (
    ("ibgateway.gwclient", GATEWAY),
    ("ibc.ibcgateway", GATEWAY),
    ("jclient.loginframe", TWS),
    ("ibc.ibctws", TWS),
    ("/ib gateway", GATEWAY),
    ("/trader workstation", TWS),
    ("jts4launch", EITHER),  # a JAR that comes with both
    ("twslaunch", EITHER),
)


class Listener:
    """Reads the socket table for one target's port."""

    name = SensorName.LISTENER

    def __init__(
        self, connections: ConnectionRegistry, list_own_programs: ListOwnPrograms = tuple
    ) -> None:
        self._connections = connections
        self._own_programs = OwnPrograms(connections, list_own_programs)

    async def poll(self, evidence: Evidence) -> Reading:
        """Read the socket table once, in a thread: it can take tens of milliseconds."""
        started = time.monotonic()
        reading = await asyncio.to_thread(self.read_measured, evidence.target, started)
        return replace(reading, took=time.monotonic() - started)

    def read_measured(self, target: Target, asked: float) -> Reading:
        """Read the socket table in this thread and measure the CPU time it takes.

        `asked`: when, by time.monotonic(); an older table does not do. What a shared read took
        counts for each target, so that all of them stay in step. Reading a new program is no part
        of the cost: it happens once.
        """
        here = not target.forwarded and is_this_machine(target.host)
        table, cost = socket_table(asked) if here else (None, 0.0)
        began = time.thread_time()
        symptom, detail, facts = self._read(table, target)
        cost += time.thread_time() - began
        if table is not None and target.program_grace is not None:
            facts[Fact.OWN_PROGRAMS] = self._own_programs.find(table, target)
        return Reading(self.name, symptom, detail, facts, cost=cost)

    def _read(
        self, table: Sequence[SocketEntry] | None, target: Target
    ) -> tuple[Symptom, str, FactDict]:
        if target.forwarded:
            return Symptom.NOT_HERE, "the port is forwarded from elsewhere (TRAYMON_FORWARDED)", {}
        if not is_this_machine(target.host):
            return Symptom.NOT_HERE, f"{target.host} is not this computer", {}
        if table is None:
            facts = _find_ib_apps(None)
            return Symptom.UNKNOWN, "this computer's connections cannot be read", facts
        return self._read_table(table, target)

    def _read_table(
        self, table: Sequence[SocketEntry], target: Target
    ) -> tuple[Symptom, str, FactDict]:
        listening = [entry for entry in table if entry.status == psutil.CONN_LISTEN]
        here = [
            entry
            for entry in listening
            if entry.laddr.port == target.port and listens_for(entry.laddr.ip, target.host)
        ]
        if not here:
            facts = _find_ib_apps(listening)
            facts[Fact.CANDIDATE_PORTS] = _candidate_ports(listening, facts, target.port)
            return Symptom.NOBODY_LISTENS, f"nothing listens on port {target.port}", facts
        facts = _describe_owner(here[0].pid)
        if Fact.APP in facts and (ports := _ports_of({here[0].pid}, listening) - {target.port}):
            facts[Fact.APP_PORTS] = tuple(sorted(ports))
        half_closed = self._count_half_closed(table, target.port)
        facts[Fact.HALF_CLOSED] = half_closed
        facts[Fact.CLIENTS] = self._count_clients(table, target.port)
        facts[Fact.CANDIDATE_PORTS] = _candidate_ports(listening, facts, target.port)
        who = facts.get(Fact.PROGRAM, "a program that is not visible here")
        detail = f"{who} listens, pid {facts.get(Fact.PID, 'unknown')}"
        if half_closed:
            detail += f", {half_closed} half-closed connections"
        return Symptom.OK, detail, facts

    def _count_clients(self, table: Sequence[SocketEntry], port: int) -> int:
        """Count the connections that the listener serves, except traymon's own."""
        return sum(
            entry.status == psutil.CONN_ESTABLISHED
            and entry.laddr.port == port
            and entry.raddr.port not in self._connections
            for entry in table
        )

    def _count_half_closed(self, table: Sequence[SocketEntry], port: int) -> int:
        """Count the connections that the client has closed and the listener has not."""
        return sum(
            entry.status == psutil.CONN_CLOSE_WAIT
            and entry.laddr.port == port
            and bool(entry.raddr)
            and entry.raddr.port not in self._connections
            for entry in table
        )


def ib_program(name: str, command_line: str) -> str | None:
    """Return `TWS`, `IB Gateway` or `TWS / IB Gateway` for one of IB's processes, else None."""
    stem = name.lower().removesuffix(".exe")
    if stem in APP_NAMES:
        return APP_NAMES[stem]
    if not stem.startswith(JAVA_NAMES):
        return None
    line = command_line.lower()
    return next((program for mark, program in COMMAND_MARKS if mark in line), None)


def _candidate_ports(
    listening: Sequence[SocketEntry], facts: FactDict, port: int
) -> tuple[int, ...]:
    """Return the other listening ports that may be IB's: the usual ones first, then the app's."""
    open_ports = {entry.laddr.port for entry in listening} - {port}
    wanted = [*USUAL_PORTS, *(Fact.APP_PORTS.of(facts) or ())]
    return tuple(p for p in dict.fromkeys(wanted) if p in open_ports)


def _describe_owner(pid: int | None) -> FactDict:
    """Return what can be found out about the process that listens."""
    if not pid:  # another user's process, hidden by missing permissions; Windows reports 0
        return {}
    facts: FactDict = {Fact.PID: pid}
    try:
        process = psutil.Process(pid)
        facts[Fact.PROGRAM] = process.name()
        program = ib_process(process)
        if program is not None:
            facts[Fact.APP], facts[Fact.APP_PID] = program, pid
            # the port cannot be older than the process
            facts[Fact.PORT_OPENED] = max(0.0, time.time() - process.create_time())
    except (psutil.Error, OSError) as error:  # it has just ended, or we may not read it
        log.debug("owner of the port, pid %s: %s", pid, error)
    return facts


def _find_ib_apps(listening: Sequence[SocketEntry] | None) -> FactDict:
    """Return what can be found out about this machine's TWS and Gateway processes.

    `APPS` is missing if the process list, or a Java program in it, is hidden: seeing none does not
    prove that none runs.
    """
    try:
        found, hidden = _scan_processes()
    except (psutil.Error, OSError) as error:
        log.debug("process list: %s", error)
        return {}
    if not found:
        return {} if hidden else {Fact.APPS: 0}
    ports = _ports_of({pid for pid, _ in found}, listening or ())
    facts: FactDict = {
        Fact.APPS: len(found),
        Fact.APP: found[0][1],
        Fact.APP_PID: found[0][0],
    }
    if ports:
        facts[Fact.APP_PORTS] = tuple(sorted(ports))
    if others := [pid for pid, _ in found if _ports_of({pid}, listening or ()) & {*USUAL_PORTS}]:
        facts[Fact.OTHER_APP_PIDS] = tuple(others)
    return facts


def _scan_processes() -> tuple[list[tuple[int, str]], bool]:
    """Return this machine's IB processes, and whether some Java program that is hidden may be one.

    Raises psutil.Error or OSError if there is no process list.
    """
    found: list[tuple[int, str]] = []
    hidden = False
    for process in _all_processes():
        try:
            program = ib_process(process)
        except psutil.NoSuchProcess:
            continue
        except (psutil.Error, OSError):
            hidden = True
            continue
        if program is not None:
            found.append((process.pid, program))
    return found, hidden


def _all_processes() -> Iterator[psutil.Process]:
    """Yield this machine's processes. Raises psutil.Error or OSError if there is no list."""
    try:
        yield from psutil.process_iter()
    except IndexError:  # psutil takes the first of them, and without /proc there is none
        raise OSError("the list of processes is empty") from None


def find_ib_processes() -> list[tuple[int, str]]:
    """Return the TWS and Gateway processes that can be seen: process ID and which of the two."""
    try:
        return _scan_processes()[0]
    except (psutil.Error, OSError) as error:
        log.debug("process list: %s", error)
        return []


def _ports_of(pids: Collection[int | None], listening: Sequence[SocketEntry]) -> set[int]:
    """Return the ports on which some of the processes listen."""
    return {entry.laddr.port for entry in listening if entry.pid in pids}


def ib_process(process: psutil.Process) -> str | None:
    """Return which IB program a process is; reads the command line of Java processes only."""
    name = process.name()
    line = ""
    if name.lower().startswith(JAVA_NAMES):
        line = " ".join(process.cmdline())
    return ib_program(name, line)
