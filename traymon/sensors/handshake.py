"""The handshake: can a new client connect? Opens one connection and exchanges versions on it.

Never more than one at a time per target, and nothing on the wire but the version hello.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from traymon.core.facts import Fact
from traymon.core.model import Evidence, Reading
from traymon.core.target import TWS_LINES, USUAL_PORTS, Limits, Target
from traymon.core.vocabulary import NOT_ACCEPTED, SensorName, Symptom
from traymon.sensors.base import FactDict
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.version_exchange import Answer, answers_tls, exchange_versions

PORT_SEARCH_INTERVAL = 60.0  # seconds before the same other ports are tried again
MAX_SEARCH_TIMEOUT = 3.0  # seconds; Winsock needs 2 s to report a closed port


@dataclass(slots=True)
class _PortHistory:
    """What earlier handshakes with the target's port showed."""

    address: str
    last_refused: float | None = None  # monotonic
    opened_after: float | None = None  # monotonic; the last refusal before the port opened
    speaks_tls: bool | None = None  # None: not asked in the current run of silence


@dataclass(frozen=True, slots=True)
class _PortSearch:
    """A finished search for another IB port on this machine."""

    ports: tuple[int, ...]
    at: float  # monotonic
    found: int | None


class Handshake:
    """Exchanges versions on the target's port, or on other IB ports if IB is not there."""

    name = SensorName.HANDSHAKE

    def __init__(self, connections: ConnectionRegistry) -> None:
        self._connections = connections
        self._port: _PortHistory | None = None
        self._last_search: _PortSearch | None = None

    async def poll(self, evidence: Evidence) -> Reading:
        """Make one handshake and report its outcome."""
        target, limits = evidence.target, evidence.target.limits
        port = self._port
        if port is None or port.address != target.address:  # a discovered target can change ports
            port = self._port = _PortHistory(target.address)
        async with self._connections.exchange_lock:
            answer = await exchange_versions(
                target.host, target.port, limits.timeout, self._connections
            )
        symptom, detail = answer.symptom, answer.detail
        if symptom is Symptom.OK:
            symptom = _grade(answer, limits)
        if symptom is not Symptom.SILENT:
            port.speaks_tls = None
        elif await self._speaks_tls(port, target):
            symptom, detail = Symptom.TLS, f"{detail}; a TLS hello was answered"
        facts: FactDict = {}
        if symptom in (Symptom.REFUSED, Symptom.NOT_IB) and (
            evidence.symptom(SensorName.LISTENER) is not Symptom.NOT_HERE
        ):
            other_port = await self._find_other_port(evidence)
            if other_port is not None:
                facts[Fact.OPEN_PORT] = other_port
                facts[Fact.OPEN_PORT_KIND] = USUAL_PORTS.get(other_port, "TWS / IB Gateway")
        if answer.version is not None:
            facts[Fact.SERVER_VERSION] = answer.version
            if (line := TWS_LINES.get(answer.version)) is not None:
                facts[Fact.TWS_LINE] = line
            facts[Fact.TOOK] = answer.took
        if (age := _port_age(port, symptom, time.monotonic())) is not None:
            facts[Fact.PORT_OPENED] = age
        return Reading(self.name, symptom, detail, facts, answer.took)

    async def _speaks_tls(self, port: _PortHistory, target: Target) -> bool:
        """Return whether a silent port speaks TLS; asks once per run of silence.

        Each attempt costs the Gateway a socket.
        """
        if port.speaks_tls is None:
            port.speaks_tls = await answers_tls(
                target.host, target.port, target.limits.timeout, self._connections
            )
        return port.speaks_tls

    async def _find_other_port(self, evidence: Evidence) -> int | None:
        """Return another port of this machine that answers as IB, if there is one.

        Searches again only if different ports listen or a minute has passed, since the hello goes
        to other Gateways.
        """
        known = evidence.fact(SensorName.LISTENER, Fact.CANDIDATE_PORTS)
        ports = tuple(USUAL_PORTS) if known is None else known
        candidates = tuple(port for port in ports if port != evidence.target.port)
        last = self._last_search
        if (
            last is not None
            and last.ports == candidates
            and time.monotonic() < last.at + PORT_SEARCH_INTERVAL
        ):
            return last.found
        timeout = min(evidence.target.limits.timeout, MAX_SEARCH_TIMEOUT)
        answers = await asyncio.gather(
            *(
                exchange_versions(evidence.target.host, port, timeout, self._connections)
                for port in candidates
            )
        )
        served = (
            port
            for port, answer in zip(candidates, answers, strict=True)
            if answer.symptom is Symptom.OK
        )
        self._last_search = _PortSearch(candidates, time.monotonic(), next(served, None))
        return self._last_search.found


def _port_age(port: _PortHistory, symptom: Symptom, now: float) -> float | None:
    """Return the most seconds ago that the port can have opened; None if that was not seen."""
    if symptom is Symptom.REFUSED:
        port.last_refused = now
    elif symptom not in NOT_ACCEPTED and port.last_refused is not None:
        port.opened_after, port.last_refused = port.last_refused, None
    if symptom in NOT_ACCEPTED or port.opened_after is None:
        return None
    return now - port.opened_after


def _grade(answer: Answer, limits: Limits) -> Symptom:
    """Return OK, or why a valid answer is not good enough: the server is too old or too slow."""
    if answer.version is not None and answer.version < limits.min_version:
        return Symptom.TOO_OLD
    return Symptom.SLOW if answer.took > limits.slow else Symptom.OK
