"""The handshake: can a new client connect? Opens one connection and exchanges versions on it.

Never more than one at a time per target, and nothing on the wire but the version hello.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from traymon.core.addresses import parse_address
from traymon.core.facts import Fact
from traymon.core.model import Evidence, Reading
from traymon.core.target import TWS_LINES, USUAL_PORTS, Limits, Target
from traymon.core.vocabulary import NOT_ACCEPTED, SensorName, Symptom
from traymon.sensors.base import FactDict
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.socket_table import is_this_machine
from traymon.sensors.version_exchange import Answer, exchange_versions

PORT_SEARCH_INTERVAL = 60.0  # seconds before the same other ports are tried again
MAX_SEARCH_TIMEOUT = 3.0  # seconds; Winsock needs 2 s to report a closed port
MAIN_ADDRESS = "127.0.0.1"  # where TWS listens and whom it trusts, as it comes
MAX_APP_PORTS = 8  # TWS listens on two or three
# The port is open, and what listens there does not speak IB's API.
NOT_SERVED = frozenset(
    {Symptom.SILENT, Symptom.CLOSED, Symptom.RESET, Symptom.UNFINISHED, Symptom.NOT_IB}
)


@dataclass(slots=True)
class _PortHistory:
    """What earlier handshakes with the target's port showed."""

    address: str
    last_refused: float | None = None  # monotonic
    opened_after: float | None = None  # monotonic; the last refusal before the port opened


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
        answer = await self._exchange(evidence)
        symptom = answer.symptom
        if symptom is Symptom.OK:
            symptom = _grade(answer, limits)
        facts: FactDict = {}
        candidates = _candidates(symptom, evidence)
        if candidates and (other_port := await self._find_other_port(candidates, target)):
            facts[Fact.OPEN_PORT] = other_port
            facts[Fact.OPEN_PORT_KIND] = USUAL_PORTS.get(other_port, "TWS / IB Gateway")
        if answer.version is not None:
            facts[Fact.SERVER_VERSION] = answer.version
            if (line := TWS_LINES.get(answer.version)) is not None:
                facts[Fact.TWS_LINE] = line
            facts[Fact.TOOK] = answer.took
        if answer.address not in ("", MAIN_ADDRESS) and _is_own_name(target.host):
            facts[Fact.LED_TO] = answer.address
        if (age := _port_age(port, symptom, loop_time())) is not None:
            facts[Fact.PORT_OPENED] = age
        return Reading(self.name, symptom, answer.detail, facts, answer.took)

    async def _exchange(self, evidence: Evidence) -> Answer:
        """Exchange versions with the target's port.

        Where the owner's other ports are to be tried if this one stays silent, they are tried while
        it is slow to answer: the first red light must not wait for them.
        """
        target, limits = evidence.target, evidence.target.limits
        async with self._connections.exchange_lock:
            exchange = asyncio.ensure_future(
                exchange_versions(target.host, target.port, limits.timeout, self._connections)
            )
            try:
                candidates = _candidates(Symptom.SILENT, evidence)
                if candidates and not (await asyncio.wait({exchange}, timeout=limits.slow))[0]:
                    await self._find_other_port(candidates, target)
                return await exchange
            finally:
                if not exchange.done():
                    exchange.cancel()
                    await asyncio.wait({exchange})

    async def _find_other_port(self, candidates: tuple[int, ...], target: Target) -> int | None:
        """Return another port of this machine that answers as IB, if there is one.

        Searches again only if different ports listen or a minute has passed, since the hello goes
        to other Gateways.
        """
        last = self._last_search
        if (
            last is not None
            and last.ports == candidates
            and loop_time() < last.at + PORT_SEARCH_INTERVAL
        ):
            return last.found
        timeout = min(target.limits.timeout, MAX_SEARCH_TIMEOUT)
        answers = await asyncio.gather(
            *(
                exchange_versions(target.host, port, timeout, self._connections)
                for port in candidates
            )
        )
        served = (
            port
            for port, answer in zip(candidates, answers, strict=True)
            if answer.symptom is Symptom.OK
        )
        self._last_search = _PortSearch(candidates, loop_time(), next(served, None))
        return self._last_search.found


def loop_time() -> float:
    """Return the event loop's clock, in seconds."""
    return asyncio.get_running_loop().time()


def _is_own_name(host: str) -> bool:
    """Tell whether a host is this machine by a name, which may lead to several addresses."""
    return parse_address(host) is None and is_this_machine(host)


def _candidates(symptom: Symptom, evidence: Evidence) -> tuple[int, ...]:
    """Return the other ports of this machine that may be the API's, if the target's is not.

    If TWS or the Gateway itself owns the port, only its own other ports: one of another TWS would
    be another account.
    """
    owner = evidence.symptom(SensorName.LISTENER)
    if owner is Symptom.NOT_HERE:
        return ()
    is_app = owner is Symptom.OK and evidence.fact(SensorName.LISTENER, Fact.APP) is not None
    if is_app and symptom in NOT_SERVED:
        return (evidence.fact(SensorName.LISTENER, Fact.APP_PORTS) or ())[:MAX_APP_PORTS]
    if symptom not in (Symptom.REFUSED, Symptom.NOT_IB):
        return ()
    known = evidence.fact(SensorName.LISTENER, Fact.CANDIDATE_PORTS)
    ports = tuple(USUAL_PORTS) if known is None else known
    return tuple(port for port in ports if port != evidence.target.port)


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
