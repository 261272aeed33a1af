"""Hold one API session: is an existing client still served, and what does TWS report?

Requests the trading hours once a day if the user wants them, and otherwise sends heartbeats alone.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from itertools import islice

from traymon.core.facts import Fact
from traymon.core.model import Reading
from traymon.core.target import Target
from traymon.core.vocabulary import SERVED, SensorName, Symptom
from traymon.sensors.base import FactDict, SensorContext
from traymon.sensors.clock_skew import ClockSkew
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.heartbeat import BEAT_INTERVAL, BEAT_TIMEOUT, Heartbeat
from traymon.sensors.session_connection import (
    SessionConnection,
    TimeAnswer,
    TradingHours,
    loop_time,
)
from traymon.sensors.system_messages import SystemMessages

log = logging.getLogger(__name__)

HEARTBEAT_TTL = 2 * (BEAT_INTERVAL + BEAT_TIMEOUT)  # seconds for which its reading counts
MIN_RETRY_DELAY, MAX_RETRY_DELAY = 2.0, 60.0  # seconds before a session after a failed one
HOURS_INTERVAL = 86_400.0  # seconds between two requests for the trading hours
MAX_OWN_IDS = 32  # IDs of traymon's own; a Gateway serves no more clients than that
IDS_IN_A_ROW = 4  # IDs tried one after the other before TWS is left alone for a while
MIN_REFUSED_DELAY = 10.0  # seconds before the next IDs are tried


class Session:
    """Holds one API session under a client ID of traymon's own."""

    name = SensorName.SESSION

    def __init__(self, connections: ConnectionRegistry) -> None:
        self._connections = connections

    async def run(self, context: SensorContext) -> None:
        """Hold a session until cancelled and post what it shows.

        Begins a new one only after a successful handshake that is newer than the last session.
        """
        first_id = context.evidence.target.own_client_id
        if first_id is None:
            context.post(Reading(self.name, Symptom.UNKNOWN, "not held (TRAYMON_SESSION=off)"))
            return
        delay = 0.0
        last_handshake: float | None = None  # when the newest handshake of the last session was
        ids = own_ids(first_id, context.evidence.target)
        while True:
            await _wait_until_served(context, last_handshake)
            await asyncio.sleep(delay * random.uniform(1.0, 1.3))  # stay out of step with others
            outcome = await self._hold_any(context, ids)
            handshake = context.evidence.readings.get(SensorName.HANDSHAKE)
            last_handshake = None if handshake is None else handshake.at
            if outcome is Symptom.LOST:  # it had been served
                delay = 0.0
            else:
                least = MIN_REFUSED_DELAY if outcome is Symptom.CLIENT_ID_TAKEN else MIN_RETRY_DELAY
                delay = min(max(least, delay * 2), MAX_RETRY_DELAY)
            if outcome is not Symptom.CLIENT_ID_TAKEN:  # else go on with the IDs that follow
                ids = own_ids(first_id, context.evidence.target)

    async def _hold_any(self, context: SensorContext, ids: Iterator[int]) -> Symptom:
        """Hold a session under the first of the next IDs that TWS does not refuse."""
        refused: list[int] = []
        for client_id in islice(ids, IDS_IN_A_ROW):
            outcome = await self._hold(context, client_id)
            if outcome is not Symptom.CLIENT_ID_TAKEN:
                return outcome
            refused.append(client_id)
        detail = f"error 326 for every client ID tried: {', '.join(map(str, refused))}"
        facts: FactDict = {Fact.OWN_IDS: tuple(refused)}
        reading = Reading(self.name, outcome, detail, facts, ttl=MAX_RETRY_DELAY * 3)
        context.post(reading)
        return outcome

    async def _hold(self, context: SensorContext, client_id: int) -> Symptom:
        """Open a session, keep it until it ends, and return how it ended."""
        connection = SessionConnection(self._connections)
        target = context.evidence.target
        try:
            failure = await connection.open(target, client_id)
            if failure is not None:
                symptom, detail = failure.symptom, failure.detail
            else:
                if SensorName.CALLS in context.evidence.readings:  # left by the last session
                    context.post(Reading(SensorName.CALLS, Symptom.UNKNOWN, "a new session began"))
                await _OpenSession(connection, context, client_id).run()
                symptom = Symptom.LOST
                detail = connection.inbox.dropped or "the connection ended"
        finally:
            await connection.close()
            for name in (SensorName.LINK, SensorName.FARMS):
                if name in context.evidence.readings:
                    context.post(Reading(name, Symptom.UNKNOWN, "the session ended"))
        log.info("session of %s, ID %s: %s %s", target.name, client_id, symptom, detail)
        if symptom is not Symptom.CLIENT_ID_TAKEN:
            context.post(Reading(self.name, symptom, detail, ttl=MAX_RETRY_DELAY * 3))
        return symptom


def own_ids(first: int, target: Target) -> Iterator[int]:
    """Yield the IDs that traymon may use, over and over: never 0, 1 or a configured one."""
    wanted = (first + offset for offset in range(MAX_OWN_IDS + len(target.client_ids)))
    ids = [i for i in wanted if i > 1 and i not in target.client_ids][:MAX_OWN_IDS]
    while True:
        yield from ids


async def _wait_until_served(context: SensorContext, after: float | None) -> None:
    """Wait for a successful handshake; one later than `after`, unless that is None."""
    while True:
        reading = context.evidence.fresh(SensorName.HANDSHAKE)
        if (
            reading is not None
            and reading.symptom in SERVED
            and (after is None or reading.at > after)
        ):
            return
        await context.wait_for_update()


class _OpenSession:
    """A session that TWS has let in: its heartbeat, and what TWS reports over it."""

    def __init__(
        self, connection: SessionConnection, context: SensorContext, client_id: int
    ) -> None:
        self._connection, self._context, self._client_id = connection, context, client_id
        self._inbox = connection.inbox
        self._heartbeat = Heartbeat(loop_time())
        self._next_hours = loop_time()
        self._messages = SystemMessages()
        self._round_trip: float | None = None
        self._skew = ClockSkew()

    async def run(self) -> None:
        """Keep the heartbeat going until the connection drops."""
        while self._inbox.dropped is None:
            pause = max(0.0, self._heartbeat.next_wake() - loop_time())
            await self._connection.wait_for_traffic(pause)
            self._post_messages()
            self._post_hours()
            if self._inbox.dropped is None:
                self._keep_up(loop_time())
        self._post_messages()

    def _keep_up(self, now: float) -> None:
        """Report the answer to a heartbeat or its absence, and send what is due."""
        contract = self._context.evidence.target.hours_contract
        if contract and now >= self._next_hours:
            self._connection.request_hours(contract)
            self._next_hours = now + HOURS_INTERVAL
        if (answer := self._inbox.take_time_answer()) is not None:
            self._take_answer(answer)
        elif (overdue := self._heartbeat.check_overdue(now, self._inbox.heard)) is not None:
            if overdue.alive:
                self._post_served("alive, the heartbeat not answered yet", overdue.waited)
            else:
                self._post_hung(overdue.waited)
        if self._heartbeat.is_due(now):
            self._connection.send_heartbeat()
            self._heartbeat.record_sent(now)

    def _take_answer(self, answer: TimeAnswer) -> None:
        self._heartbeat.record_answer()
        self._round_trip = answer.round_trip
        self._skew.add(answer.server_time, answer.round_trip)
        self._post_served("heartbeat answered", answer.round_trip)

    def _post_messages(self) -> None:
        for message in self._inbox.take_messages():
            for reading in self._messages.interpret(message.code, message.text):
                self._context.post(reading)

    def _post_hours(self) -> None:
        hours = self._inbox.take_hours()
        if isinstance(hours, TradingHours):
            facts: FactDict = {Fact.HOURS: hours.days, Fact.HOURS_ZONE: hours.zone}
            detail = "; ".join(hours.days[:3])
            self._context.post(Reading(SensorName.HOURS, Symptom.OK, detail, facts))
        elif hours is not None:
            contract = self._context.evidence.target.hours_contract
            log.warning("no trading hours of %s: %s", contract, hours)
            detail = f"none of {contract}: {hours}"
            self._context.post(Reading(SensorName.HOURS, Symptom.UNKNOWN, detail))

    def _post_served(self, how: str, took: float) -> None:
        symptom = Symptom.OK if self._inbox.accounts else Symptom.NO_ACCOUNTS
        self._post(symptom, f"server version {self._inbox.version}, {how}", took)

    def _post_hung(self, waited: float) -> None:
        self._post(Symptom.HUNG, f"no answer to the heartbeat for {waited:.0f} s", waited)

    def _post(self, symptom: Symptom, detail: str, took: float) -> None:
        facts: FactDict = {Fact.OWN_CLIENT_ID: self._client_id}
        if self._inbox.accounts:
            facts[Fact.ACCOUNTS] = self._inbox.accounts
        if self._inbox.version is not None:
            facts[Fact.SERVER_VERSION] = self._inbox.version
        if self._round_trip is not None:
            facts[Fact.ROUND_TRIP] = self._round_trip
        if (skew := self._skew.seconds) is not None:
            facts[Fact.CLOCK_SKEW] = skew
        reading = Reading(SensorName.SESSION, symptom, detail, facts, took, ttl=HEARTBEAT_TTL)
        self._context.post(reading)
