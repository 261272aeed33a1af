"""The handshake: can a new client get in? One fresh connection with the version exchange.

Never more than one at a time per target, and nothing on the wire but the hello.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from traymon.core.facts import Fact, FactKey
from traymon.core.model import Evidence, Reading
from traymon.core.target import USUAL_PORTS, Limits
from traymon.core.vocabulary import NOT_ACCEPTED, SensorName, Symptom
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.version_exchange import Answer, answers_tls, exchange_versions

ELSEWHERE_AGAIN = 60.0  # seconds until the other ports of this machine are tried once more


class Handshake:
    """Says hello on the target's port; where IB is not there, on this machine's other IB ports."""

    name = SensorName.HANDSHAKE

    def __init__(self, connections: ConnectionRegistry) -> None:
        self._connections = connections
        self._address = ""  # where it looked last: what follows is of that port
        self._last_refused: float | None = None  # monotonic
        self._not_open_before: float | None = None  # the port opened later than this
        self._tls: bool | None = None  # the verdict of this run of silence
        self._elsewhere_tried: tuple[tuple[int, ...], float] = ((), 0.0)
        self._elsewhere: int | None = None

    async def poll(self, evidence: Evidence) -> Reading:
        """Say hello once and report what came of it."""
        target, limits = evidence.target, evidence.target.limits
        if target.address != self._address:  # a discovered target moves from port to port
            self._address = target.address
            self._last_refused = self._not_open_before = self._tls = None
        async with self._connections.exchange:
            answer = await exchange_versions(
                target.host, target.port, limits.timeout, self._connections
            )
        symptom, detail = answer.symptom, answer.detail
        facts: dict[FactKey[Any], Any] = {}
        if symptom is Symptom.OK:
            symptom = _grade(answer, limits)
        if symptom is Symptom.SILENT:
            if self._tls is None:  # once per run of silence: each try costs the Gateway a socket
                self._tls = await answers_tls(
                    target.host, target.port, limits.timeout, self._connections
                )
            if self._tls:
                symptom, detail = Symptom.TLS, f"{detail}; a TLS hello was answered"
        else:
            self._tls = None
        if symptom in (Symptom.REFUSED, Symptom.NOT_IB) and (
            evidence.symptom(SensorName.LISTENER) is not Symptom.NOT_HERE
        ):
            elsewhere = await self._find_elsewhere(evidence)
            if elsewhere is not None:
                facts[Fact.OPEN_PORT] = elsewhere
                facts[Fact.OPEN_PORT_KIND] = USUAL_PORTS.get(elsewhere, "TWS / IB Gateway")
        if answer.version is not None:
            facts[Fact.SERVER_VERSION] = answer.version
            facts[Fact.TOOK] = answer.took
        if (opened := self._port_opened(symptom)) is not None:
            facts[Fact.PORT_OPENED] = opened
        return Reading(self.name, symptom, detail, facts, answer.took)

    def _port_opened(self, symptom: Symptom) -> float | None:
        """Return how long ago at most the port opened, in seconds; None where it was not seen."""
        now = time.monotonic()
        if symptom is Symptom.REFUSED:
            self._last_refused = now
        elif symptom not in NOT_ACCEPTED and self._last_refused is not None:
            self._not_open_before, self._last_refused = self._last_refused, None
        if symptom in NOT_ACCEPTED or self._not_open_before is None:
            return None
        return now - self._not_open_before

    async def _find_elsewhere(self, evidence: Evidence) -> int | None:
        """Return another port of this machine that answers as IB, if there is one.

        Tried again only when other ports listen or a minute has passed: it is another Gateway
        that gets the hello.
        """
        known = evidence.fact(SensorName.LISTENER, Fact.CANDIDATE_PORTS)
        ports = tuple(USUAL_PORTS) if known is None else known
        candidates = tuple(port for port in ports if port != evidence.target.port)
        tried, at = self._elsewhere_tried
        if tried == candidates and time.monotonic() < at + ELSEWHERE_AGAIN:
            return self._elsewhere
        timeout = min(evidence.target.limits.timeout, 3.0)  # Winsock needs 2 s for a closed port
        answers = await asyncio.gather(
            *(
                exchange_versions(evidence.target.host, p, timeout, self._connections)
                for p in candidates
            )
        )
        served = (
            port
            for port, answer in zip(candidates, answers, strict=True)
            if answer.symptom is Symptom.OK
        )
        self._elsewhere_tried = candidates, time.monotonic()
        self._elsewhere = next(served, None)
        return self._elsewhere


def _grade(answer: Answer, limits: Limits) -> Symptom:
    """Tell a good answer from one of too old a server and from one that took too long."""
    if answer.version is not None and answer.version < limits.min_version:
        return Symptom.TOO_OLD
    return Symptom.SLOW if answer.took > limits.slow else Symptom.OK
