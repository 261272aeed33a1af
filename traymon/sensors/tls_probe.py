"""Does a port that answers the plain hello with nothing want TLS? Asked once per outage.

A sensor of its own, so that the first red light does not wait for the answer: it asks once the
handshake's reading is known.
"""

from __future__ import annotations

from traymon.core.model import Reading
from traymon.core.target import Target
from traymon.core.vocabulary import WITHOUT_A_BYTE, SensorName, Symptom
from traymon.sensors.base import SensorContext
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.version_exchange import answers_tls

# Served handshakes in a row that end an outage; one alone may be a lucky one of many.
SERVED_ENOUGH = 2
SERVED = frozenset({Symptom.OK, Symptom.SLOW, Symptom.TOO_OLD})


class TlsProbe:
    """Sends one TLS hello in an outage in which the port sends no byte."""

    name = SensorName.TLS

    def __init__(self, connections: ConnectionRegistry) -> None:
        self._connections = connections
        self._address = ""
        self._answered: bool | None = None  # None: not asked in this outage
        self._served = 0  # handshakes in a row

    async def run(self, context: SensorContext) -> None:
        """Follow the handshake's readings until cancelled."""
        seen: float | None = None  # when the reading that was dealt with was taken
        while True:
            reading = context.evidence.readings.get(SensorName.HANDSHAKE)
            if reading is not None and reading.at != seen:
                seen = reading.at
                await self._follow(context, reading.symptom)
            else:
                await context.wait_for_update()

    async def _follow(self, context: SensorContext, symptom: Symptom) -> None:
        target = context.evidence.target
        if target.address != self._address:  # a discovered target can change ports
            self._address, self._answered, self._served = target.address, None, 0
        self._served = self._served + 1 if symptom in SERVED else 0
        known = SensorName.TLS in context.evidence.readings
        if self._served >= SERVED_ENOUGH:
            self._answered = None
            if known and context.evidence.symptom(SensorName.TLS) is not Symptom.UNKNOWN:
                context.post(Reading(self.name, Symptom.UNKNOWN, "the port answers again"))
        elif symptom in WITHOUT_A_BYTE and (self._answered is None or not known):
            context.post(await self._ask(target))

    async def _ask(self, target: Target) -> Reading:
        """Return whether the port answers a TLS hello; sends one unless that is known."""
        if self._answered is None:
            self._answered = False  # also if we are stopped meanwhile: once is once
            async with self._connections.exchange_lock:
                self._answered = await answers_tls(
                    target.host, target.port, target.limits.timeout, self._connections
                )
        if self._answered:
            return Reading(
                self.name, Symptom.TLS, "no reply to an unencrypted message, but one to a TLS hello"
            )
        return Reading(self.name, Symptom.OK, "no reply to a TLS hello either")
