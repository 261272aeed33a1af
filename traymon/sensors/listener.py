"""The listener: who listens on the target's port, as this machine's socket table tells it.

Passive: touches no socket. What the rights or the platform hide is unknown, never guessed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import time
from dataclasses import replace
from typing import Any

import psutil

from traymon.core.facts import Fact, FactKey
from traymon.core.model import Evidence, Reading
from traymon.core.target import USUAL_PORTS, Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sensors.connection_registry import ConnectionRegistry

log = logging.getLogger(__name__)

ANY_ADDRESS = frozenset({"0.0.0.0", "::", "*"})
# TWS and Gateway are Java programs; the launcher's name is theirs only on some systems.
JAVA_NAMES = ("java", "javaw", "javaapplicationstub")
GATEWAY, TWS, EITHER = "IB Gateway", "TWS", "TWS / IB Gateway"
APP_NAMES = {"ibgateway": GATEWAY, "ib gateway": GATEWAY, "tws": TWS, "trader workstation": TWS}
# The main classes of IB's own launchers and of IBC's; macOS' launcher names only its application.
# Never a bare `ibgateway` or `jts`: those are also folders of traders' programs and a Java library.
COMMAND_MARKS = (
    ("ibgateway.gwclient", GATEWAY),
    ("ibc.ibcgateway", GATEWAY),
    ("jclient.loginframe", TWS),
    ("ibc.ibctws", TWS),
    ("/ib gateway", GATEWAY),
    ("/trader workstation", TWS),
    ("jts4launch", EITHER),  # a JAR that both bring along
    ("twslaunch", EITHER),
)


class Listener:
    """Reads the socket table of this machine for one target's port."""

    name = SensorName.LISTENER

    def __init__(self, connections: ConnectionRegistry) -> None:
        self._connections = connections

    async def poll(self, evidence: Evidence) -> Reading:
        """Read the socket table once, in a thread: it takes milliseconds to tens of them."""
        started = time.monotonic()
        reading = await asyncio.to_thread(self.measured, evidence.target)
        return replace(reading, took=time.monotonic() - started)

    def measured(self, target: Target) -> Reading:
        """Look in this thread, and note what it costs."""
        began = time.thread_time()
        symptom, detail, facts = self._read(target)
        return Reading(self.name, symptom, detail, facts, cost=time.thread_time() - began)

    def _read(self, target: Target) -> tuple[Symptom, str, dict[FactKey[Any], Any]]:
        if target.forwarded:
            return Symptom.NOT_HERE, "the port is forwarded from elsewhere (TRAYMON_FORWARDED)", {}
        if not is_this_machine(target.host):
            return Symptom.NOT_HERE, f"{target.host} is not this machine", {}
        table = socket_table()
        if table is None:
            facts = _apps(None)
            return Symptom.UNKNOWN, "this machine's socket table cannot be read", facts
        listening = [entry for entry in table if entry.status == psutil.CONN_LISTEN]
        here = [
            entry
            for entry in listening
            if entry.laddr.port == target.port and covers(entry.laddr.ip, target.host)
        ]
        if not here:
            facts = _apps(listening)
            facts[Fact.CANDIDATE_PORTS] = _candidates(listening, facts, target.port)
            return Symptom.NOBODY_LISTENS, f"nothing listens on port {target.port}", facts
        facts = _owner(here[0].pid)
        half_closed = self._half_closed(table, target.port)
        facts[Fact.HALF_CLOSED] = half_closed
        facts[Fact.CLIENTS] = self._clients(table, target.port)
        facts[Fact.CANDIDATE_PORTS] = _candidates(listening, facts, target.port)
        who = facts.get(Fact.PROGRAM, "a program that cannot be seen")
        detail = f"{who} listens, pid {facts.get(Fact.PID, 'unknown')}"
        if half_closed:
            detail += f", {half_closed} half-closed connections"
        return Symptom.OK, detail, facts

    def _clients(self, table: list[Any], port: int) -> int:
        """Count the connections that the listener serves, traymon's own apart."""
        return sum(
            entry.status == psutil.CONN_ESTABLISHED
            and entry.laddr.port == port
            and entry.raddr.port not in self._connections
            for entry in table
        )

    def _half_closed(self, table: list[Any], port: int) -> int:
        """Count the connections whose program went away and that the listener did not close."""
        return sum(
            entry.status == psutil.CONN_CLOSE_WAIT
            and entry.laddr.port == port
            and bool(entry.raddr)
            and entry.raddr.port not in self._connections
            for entry in table
        )


def listening_ports() -> frozenset[int] | None:
    """Return the ports on which some program of this machine listens; None where unreadable."""
    table = socket_table()
    if table is None:
        return None
    return frozenset(entry.laddr.port for entry in table if entry.status == psutil.CONN_LISTEN)


def is_this_machine(host: str) -> bool:
    """Tell whether the host is this machine, without asking a name server."""
    if host.lower() in ("localhost", socket.gethostname().lower()):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified:
        return True
    own = (entry.address for entries in psutil.net_if_addrs().values() for entry in entries)
    return host in own


def ib_program(name: str, command_line: str) -> str | None:
    """Return `TWS`, `IB Gateway` or `TWS / IB Gateway` for a process of theirs, else None."""
    stem = name.lower().removesuffix(".exe")
    if stem in APP_NAMES:
        return APP_NAMES[stem]
    if not stem.startswith(JAVA_NAMES):
        return None
    line = command_line.lower()
    return next((program for mark, program in COMMAND_MARKS if mark in line), None)


def socket_table() -> list[Any] | None:
    """Return the machine's TCP sockets; None where the rights or the platform do not allow it."""
    try:
        return list(psutil.net_connections(kind="tcp"))
    except (psutil.Error, OSError, NotImplementedError) as error:
        log.debug("socket table: %s", error)
        return None


def covers(listened: str, host: str) -> bool:
    """Tell whether a listener bound to one address serves a client that connects to the host."""
    listened = listened.removeprefix("::ffff:")
    if listened in ANY_ADDRESS or listened == host:
        return True
    return host.lower() == "localhost" and listened in ("127.0.0.1", "::1")


def _candidates(listening: list[Any], facts: dict[FactKey[Any], Any], port: int) -> tuple[int, ...]:
    """Return the other ports here that may be IB's: usual ones first, then the app's."""
    open_ports = {entry.laddr.port for entry in listening} - {port}
    of_app = facts.get(Fact.APP_PORTS, ())
    wanted = [*USUAL_PORTS, *(of_app if isinstance(of_app, tuple) else ())]
    return tuple(p for p in dict.fromkeys(wanted) if p in open_ports)


def _owner(pid: int | None) -> dict[FactKey[Any], Any]:
    """Return what can be told of the process that listens."""
    if not pid:  # another user's process, without the rights to see it; Windows then says 0
        return {}
    facts: dict[FactKey[Any], Any] = {Fact.PID: pid}
    try:
        process = psutil.Process(pid)
        facts[Fact.PROGRAM] = process.name()
        program = _ib_process(process)
        if program is not None:
            facts[Fact.APP], facts[Fact.APP_PID] = program, pid
            # its port cannot be older than the process
            facts[Fact.PORT_OPENED] = max(0.0, time.time() - process.create_time())
    except (psutil.Error, OSError) as error:  # it ended just now, or is none of ours to see
        log.debug("owner of the port, pid %s: %s", pid, error)
    return facts


def _apps(listening: list[Any] | None) -> dict[FactKey[Any], Any]:
    """Return what can be told of the TWS and Gateway processes of this machine.

    `APPS` is left out where the list or a Java program in it is hidden: none seen is not none.
    """
    found: list[tuple[int, str]] = []
    hidden = False  # a Java program that may or may not be IB's
    try:
        for process in psutil.process_iter():
            try:
                program = _ib_process(process)
            except psutil.NoSuchProcess:
                continue
            except (psutil.Error, OSError):
                hidden = True
                continue
            if program is not None:
                found.append((process.pid, program))
    except (psutil.Error, OSError) as error:
        log.debug("process list: %s", error)
        return {}
    if not found:
        return {} if hidden else {Fact.APPS: 0}
    pids = {pid for pid, _ in found}
    ports = sorted({e.laddr.port for e in listening or () if e.pid in pids})
    facts: dict[FactKey[Any], Any] = {
        Fact.APPS: len(found),
        Fact.APP: found[0][1],
        Fact.APP_PID: found[0][0],
    }
    if ports:
        facts[Fact.APP_PORTS] = tuple(ports)
    return facts


def _ib_process(process: psutil.Process) -> str | None:
    """Return the IB program that the process is; reads a command line only where it may matter."""
    name = process.name()
    line = ""
    if name.lower().startswith(JAVA_NAMES):
        line = " ".join(process.cmdline())
    return ib_program(name, line)
