"""Hold one API session: is an existing client still served, and what does TWS report?

Requests the trading hours once a day if the user wants them, and otherwise sends heartbeats alone.
Sessions that fail, or that end soon after they began, begin again less and less often.
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
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.held_session import HeldSession, NewSession
from traymon.sensors.session_connection import SessionConnection, loop_time
from traymon.sensors.session_pace import MAX_RETRY_DELAY, SessionPace

log = logging.getLogger(__name__)

FAILURE_TTL = 3 * MAX_RETRY_DELAY  # seconds for which a failed or lost session counts
LOGGED_OUT_WITHIN = 60.0  # seconds from 1100 until TWS, logged out by another login, drops all
MAX_OWN_IDS = 32  # IDs of traymon's own; a Gateway serves no more clients than that
IDS_IN_A_ROW = 4  # IDs tried one after the other before TWS is left alone for a while
MAX_COMPARISON_IDS = 4  # IDs tried for one comparison


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
        pace = SessionPace()
        delay = 0.0
        last_handshake: float | None = None  # when the newest handshake of the last session was
        ids = own_ids(first_id, context.evidence.target)
        while True:
            await asyncio.sleep(delay * random.uniform(1.0, 1.3))  # stay out of step with others
            await _wait_until_served(context, last_handshake)
            outcome = await self._hold_any(context, ids, pace)
            handshake = context.evidence.readings.get(SensorName.HANDSHAKE)
            last_handshake = None if handshake is None else handshake.at
            if outcome is Symptom.CLIENT_ID_TAKEN:
                pace.record_refused_ids()
            delay = pace.delay
            if outcome is not Symptom.CLIENT_ID_TAKEN:  # else go on with the IDs that follow
                ids = own_ids(first_id, context.evidence.target)

    async def _hold_any(
        self, context: SensorContext, ids: Iterator[int], pace: SessionPace
    ) -> Symptom:
        """Hold a session under the first of the next IDs that TWS does not refuse."""
        refused: list[int] = []
        for client_id in islice(ids, IDS_IN_A_ROW):
            outcome = await self._hold(context, client_id, ids, pace)
            if outcome is not Symptom.CLIENT_ID_TAKEN:
                return outcome
            refused.append(client_id)
        detail = f"error 326 for every client ID tried: {', '.join(map(str, refused))}"
        facts: FactDict = {Fact.OWN_IDS: tuple(refused)}
        context.post(Reading(self.name, outcome, detail, facts, ttl=FAILURE_TTL))
        return outcome

    async def _hold(
        self, context: SensorContext, client_id: int, ids: Iterator[int], pace: SessionPace
    ) -> Symptom:
        """Open a session, keep it until it ends, and return how it ended."""
        connection, target = self._new_connection(context), context.evidence.target
        facts: FactDict = {Fact.OWN_CLIENT_ID: client_id}
        try:
            failure = await connection.open(target, client_id)
            if failure is not None:
                symptom, detail = failure.symptom, failure.detail
                if symptom is not Symptom.CLIENT_ID_TAKEN:
                    pace.record_failure()
                _post_what_was_said(context, connection)
            else:
                _withdraw(context, SensorName.CALLS, SensorName.LINK)  # left by the last one
                connection = await self._keep(connection, client_id, context, ids, pace, facts)
                symptom = Symptom.GARBLED if connection.inbox.garbled else Symptom.LOST
                detail = connection.inbox.dropped or "the connection ended"
        finally:
            await connection.close()
        log.info("session of %s, ID %s: %s %s", target.name, client_id, symptom, detail)
        if connection.inbox.version is not None:
            facts[Fact.SESSION_VERSION] = connection.inbox.version
        if connection.inbox.words.text:
            facts[Fact.TWS_WORDS] = connection.inbox.words.text
        if symptom is not Symptom.CLIENT_ID_TAKEN:
            context.post(Reading(self.name, symptom, detail, facts, ttl=FAILURE_TTL))
        if failure is None:  # only now, so that good news is never all that is left
            _withdraw(context, SensorName.LINK, SensorName.FARMS, SensorName.HOURS)
        return symptom

    async def _keep(
        self,
        connection: SessionConnection,
        client_id: int,
        context: SensorContext,
        ids: Iterator[int],
        pace: SessionPace,
        facts: FactDict,
    ) -> SessionConnection:
        """Keep a session until it ends, and note in `facts` how; return its connection.

        Where it goes mute while a new one is served, the new one is kept in its place.
        """
        dead_before: float | None = None
        while True:
            began = loop_time()
            held = HeldSession(connection, context, client_id, pace, dead_before)
            try:
                await held.run(lambda: self._compare(context, ids))
            except BaseException:
                await connection.close()
                raise
            if held.replacement is None:
                break
            dead_before = held.dead_before
            await connection.close()
            connection, client_id = held.replacement.connection, held.replacement.client_id
            facts[Fact.OWN_CLIENT_ID] = client_id
            _withdraw(context, SensorName.LINK, SensorName.FARMS)
        lasted = loop_time() - began
        pace.record_end(0.0 if connection.inbox.garbled else lasted)  # as bad as no session
        facts[Fact.HELD] = lasted
        if pace.short_in_a_row:
            facts[Fact.SHORT_SESSIONS] = pace.short_in_a_row
        return connection

    def _new_connection(self, context: SensorContext) -> SessionConnection:
        return SessionConnection(self._connections, lambda: context.evidence.now)

    async def _compare(self, context: SensorContext, ids: Iterator[int]) -> NewSession | Symptom:
        """Begin another session beside one that is mute; return why not if it does not begin."""
        failed = Symptom.CLIENT_ID_TAKEN
        for _ in range(MAX_COMPARISON_IDS):
            connection, client_id = self._new_connection(context), next(ids)
            try:
                failure = await connection.open(context.evidence.target, client_id)
            except BaseException:
                await connection.close()
                raise
            if failure is None:
                return NewSession(connection, client_id)
            await connection.close()
            failed = failure.symptom
            if failed is not Symptom.CLIENT_ID_TAKEN:
                break
        return failed


def own_ids(first: int, target: Target) -> Iterator[int]:
    """Yield the IDs that traymon may use, over and over: never 0, 1 or a configured one."""
    taken = target.others_ids.union(target.client_ids)
    wanted = (first + offset for offset in range(MAX_OWN_IDS + len(taken)))
    ids = [i for i in wanted if i > 1 and i not in taken][:MAX_OWN_IDS]
    while True:
        yield from ids


def _link_just_lost(context: SensorContext) -> FactDict:
    """Return when TWS reported that it lost IB's servers, if that was a moment ago."""
    evidence = context.evidence
    reading = evidence.fresh(SensorName.LINK)
    if reading is None or reading.symptom is not Symptom.LINK_DOWN:
        return {}
    return {Fact.LINK_LOST: reading.at} if evidence.now - reading.at <= LOGGED_OUT_WITHIN else {}


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


def _withdraw(context: SensorContext, *names: SensorName) -> None:
    """Take back what the session that ended has reported; trading hours stay true."""
    for name in names:
        reading = context.evidence.readings.get(name)
        if reading is None or (reading.symptom is Symptom.UNKNOWN and not reading.facts):
            continue
        if name is SensorName.HOURS and reading.symptom is not Symptom.UNANSWERED:
            continue
        facts = reading.facts
        if name is SensorName.LINK:
            facts = _link_just_lost(context)
        context.post(Reading(name, Symptom.UNKNOWN, "that session has ended", facts))


def _post_what_was_said(context: SensorContext, connection: SessionConnection) -> None:
    """Post what TWS said to a session that did not begin, in place of what it said before."""
    messages = connection.inbox.system
    said = {reading.sensor: reading for reading in messages.take_readings()}
    for name in (SensorName.LINK, SensorName.CALLS, SensorName.SUPPORT):
        reading, before = said.get(name), context.evidence.readings.get(name)
        if reading is None or (name is SensorName.LINK and not messages.link_lost):
            if name is not SensorName.SUPPORT:
                _withdraw(context, name)
        elif name is not SensorName.LINK or before is None or before.symptom is not reading.symptom:
            context.post(reading)
