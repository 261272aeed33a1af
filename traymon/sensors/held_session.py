"""A session that TWS has let in: its heartbeat, its questions, and what TWS reports over it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from traymon.core.allowance import Allowance
from traymon.core.facts import NO_FACTS, Fact
from traymon.core.model import Reading
from traymon.core.vocabulary import SERVED, SensorName, Symptom
from traymon.sensors.base import FactDict, SensorContext
from traymon.sensors.clock_skew import ClockSkew
from traymon.sensors.heartbeat import (
    BEAT_INTERVAL,
    BEAT_TIMEOUT,
    MAX_UNANSWERED,
    Heartbeat,
)
from traymon.sensors.inbox import TimeAnswer
from traymon.sensors.session_connection import SessionConnection, loop_time
from traymon.sensors.session_messages import TradingHours
from traymon.sensors.session_pace import SessionPace

log = logging.getLogger(__name__)

HEARTBEAT_TTL = 2 * (BEAT_INTERVAL + BEAT_TIMEOUT)  # seconds for which its reading counts
HOURS_INTERVAL = 86_400.0  # seconds between two requests for the trading hours
HOURS_TIMEOUT = 30.0  # seconds to wait for the trading hours
HOURS_RETRY_INTERVAL = 600.0  # seconds until they are asked for again, once two requests failed
COMPARISON_INTERVAL = 60.0  # seconds between two comparisons with a new session
NEWS_A_SECOND, NEWS_BURST = 2.0, 10.0  # times that what TWS says is judged
DEAD_BEFORE_TTL = 600.0  # seconds for which it is told that older connections are dead


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that was begun beside a mute one."""

    connection: SessionConnection
    client_id: int

    async def is_answered(self) -> bool:
        """Tell whether it is told the time."""
        inbox, deadline = self.connection.inbox, loop_time() + BEAT_TIMEOUT
        self.connection.send_heartbeat()
        while inbox.dropped is None and (left := deadline - loop_time()) > 0:
            await self.connection.wait_for_traffic(left)
            if inbox.time_answer is not None:
                return True
        return False


# Begins a session under another ID, or says why it did not begin.
Compare = Callable[[], Awaitable[NewSession | Symptom]]


class HeldSession:
    """One session, from its start to its end."""

    def __init__(
        self,
        connection: SessionConnection,
        context: SensorContext,
        client_id: int,
        pace: SessionPace,
        dead_before: float | None = None,
    ) -> None:
        self._connection, self._context, self._client_id = connection, context, client_id
        self._inbox, self._pace = connection.inbox, pace
        self._began = loop_time()
        self._began_at = context.evidence.now
        self._heartbeat = Heartbeat(self._began)
        self._questions = _HoursRequests(self._began)
        self._news = Allowance(NEWS_A_SECOND, NEWS_BURST)
        self._round_trip: float | None = None
        self._skew = ClockSkew()
        self._was_answered = False
        self._said_support = False
        self._is_hung = False  # a new session was not answered either
        self._next_comparison = self._began
        self.dead_before = dead_before
        self.replacement: NewSession | None = None  # is served where this one is mute

    async def run(self, compare: Compare) -> None:
        """Keep the heartbeat going until the connection drops or has a replacement."""
        while self._inbox.dropped is None:
            pause = max(0.0, self._next_wake() - loop_time())
            await self._connection.wait_for_traffic(pause)
            if loop_time() >= self._news.free_at:
                self._post_news()
            self._post_hours()
            if self._inbox.dropped is None:
                waited = self._keep_up(loop_time())
                if waited >= MAX_UNANSWERED and self._may_compare(waited):
                    await self._compare(compare)
                    if self.replacement is not None:
                        return
        self._post_news()

    def _next_wake(self) -> float:
        """Return the time at which there is something to do, if no traffic comes before."""
        wake = self._heartbeat.next_wake()
        return min(wake, self._news.free_at) if self._inbox.system.has_news else wake

    def _keep_up(self, now: float) -> float:
        """Report the answer to a heartbeat or its absence, and send what is due.

        Return for how many seconds the heartbeat has been mute, if that is known now.
        """
        waited = 0.0
        if (answer := self._inbox.take_time_answer()) is not None:
            self._take_answer(answer)
        elif (overdue := self._heartbeat.check_overdue(now, self._inbox.heard)) is not None:
            if overdue.alive:
                self._post_served("alive, the heartbeat not answered yet", overdue.waited)
            else:
                waited = overdue.waited
                self._post_mute(waited)
        if self._heartbeat.is_due(now):
            self._connection.send_heartbeat()
            self._heartbeat.record_sent(now)
        return waited

    def _take_answer(self, answer: TimeAnswer) -> None:
        self._heartbeat.record_answer()
        self._was_answered, self._is_hung = True, False
        self._round_trip = answer.round_trip
        self._skew.add(answer.server_time, answer.round_trip)
        is_slow = answer.round_trip > self._context.evidence.target.limits.slow
        how = "heartbeat answered slowly" if is_slow else "heartbeat answered"
        self._post_served(how, answer.round_trip)
        if not self._said_support and loop_time() - self._began >= BEAT_INTERVAL:
            self._withdraw_support()

    def _withdraw_support(self) -> None:
        """Take back what an earlier TWS has said: a newer one says nothing of it."""
        self._said_support = True
        if self._context.evidence.symptom(SensorName.SUPPORT) is Symptom.VERSION_ENDS:
            detail = "not reported to this session"
            self._context.post(Reading(SensorName.SUPPORT, Symptom.UNKNOWN, detail))

    def _may_compare(self, waited: float) -> bool:
        """Tell whether it is time for another session, and new clients are served meanwhile."""
        evidence = self._context.evidence
        handshake = evidence.fresh(SensorName.HANDSHAKE)
        return (
            loop_time() >= self._next_comparison
            and handshake is not None
            and handshake.symptom in SERVED
            and handshake.at >= evidence.now - waited
        )

    async def _compare(self, compare: Compare) -> None:
        """Find out whether TWS is mute, or only the connections that were open before."""
        self._next_comparison = loop_time() + COMPARISON_INTERVAL
        other = await compare()
        if isinstance(other, Symptom):
            log.info("a new session beside the mute one: %s", other)
            # none of these says that TWS does not answer
            self._is_hung = other not in (Symptom.UNKNOWN, Symptom.CLIENT_ID_TAKEN)
            return
        try:
            is_answered = await other.is_answered()
        except BaseException:
            await other.connection.close()
            raise
        log.info("a new session beside the mute one: %s", "served" if is_answered else "mute too")
        self._is_hung = not is_answered
        if not is_answered:
            await other.connection.close()
            return
        self.replacement = other
        if self._was_answered:
            self.dead_before = self._context.evidence.now

    def _post_news(self) -> None:
        """Post what the messages since the last time amount to, however many came."""
        readings = self._inbox.system.take_readings()
        if readings:
            self._news.spend(1, loop_time())
        self._said_support |= any(reading.sensor is SensorName.SUPPORT for reading in readings)
        for reading in readings:
            self._context.post(reading)

    def _post_hours(self) -> None:
        """Ask for the trading hours when it is time, and post what came of it."""
        contract, now = self._context.evidence.target.hours_contract, loop_time()
        hours = self._inbox.take_hours()
        if isinstance(hours, TradingHours):
            facts: FactDict = {Fact.HOURS: hours.days, Fact.HOURS_ZONE: hours.zone}
            detail = "; ".join(hours.days[:3])
            self._context.post(Reading(SensorName.HOURS, Symptom.OK, detail, facts))
        elif hours is not None:
            log.warning("no trading hours of %s: %s", contract, hours)
            detail = f"none of {contract}: {hours}"
            self._context.post(Reading(SensorName.HOURS, Symptom.UNKNOWN, detail))
        if hours is not None:
            self._questions.record_answer(now)
        if not contract or self._inbox.dropped is not None:
            return
        unanswered = self._questions.unanswered
        if self._questions.check(now):
            self._connection.request_hours(contract)
        elif self._questions.unanswered > max(unanswered, 1):
            self._post_unanswered(contract)

    def _post_unanswered(self, contract: str) -> None:
        """Post that questions stay unanswered; the hours that IB gave before stay true."""
        detail = f"two requests for {contract} unanswered, {HOURS_TIMEOUT:.0f} s each"
        before = self._context.evidence.readings.get(SensorName.HOURS)
        known = NO_FACTS if before is None else before.facts
        self._context.post(Reading(SensorName.HOURS, Symptom.UNANSWERED, detail, known))

    def _post_served(self, how: str, took: float) -> None:
        accounts = self._inbox.accounts
        symptom = Symptom.OK if accounts and accounts.names else Symptom.NO_ACCOUNTS
        self._post(symptom, f"server version {self._inbox.version}, {how}", took)

    def _post_mute(self, waited: float) -> None:
        proven = self._is_hung or not self._was_answered
        detail = f"no answer to the heartbeat for {waited:.0f} s"
        if self._is_hung:
            detail = f"{detail}, in a new session either"
        self._post(Symptom.HUNG if proven else Symptom.MUTE, detail, waited)

    def _post(self, symptom: Symptom, detail: str, took: float) -> None:
        facts: FactDict = {
            Fact.OWN_CLIENT_ID: self._client_id,
            Fact.SESSION_BEGAN: self._began_at,
        }
        if accounts := self._accounts():
            facts[Fact.ACCOUNTS] = accounts
        if self._inbox.version is not None:
            facts[Fact.SESSION_VERSION] = self._inbox.version
        if self._round_trip is not None:
            facts[Fact.ROUND_TRIP] = self._round_trip
        if (skew := self._skew.seconds) is not None:
            facts[Fact.CLOCK_SKEW] = skew
        if words := self._inbox.words.notable:
            facts[Fact.TWS_WORDS] = words
        held = loop_time() - self._began
        if self._pace.is_on_probation(held):
            facts[Fact.SHORT_SESSIONS] = self._pace.short_in_a_row
        if self.dead_before is not None and held < DEAD_BEFORE_TTL:
            facts[Fact.DEAD_BEFORE] = self.dead_before
        reading = Reading(SensorName.SESSION, symptom, detail, facts, took, ttl=HEARTBEAT_TTL)
        self._context.post(reading)

    def _accounts(self) -> tuple[str, ...]:
        """Return the accounts, unless a list that is too long may hide the one that is wanted."""
        accounts, wanted = self._inbox.accounts, self._context.evidence.target.account
        if accounts is None or (not accounts.complete and wanted not in ("", *accounts.names)):
            return ()
        return accounts.names


class _HoursRequests:
    """When to ask for the trading hours. Pure: the time is an argument."""

    def __init__(self, now: float) -> None:
        self._next = now
        self._waiting = False
        self.unanswered = 0  # requests in a row

    def record_answer(self, now: float) -> None:
        """Record that the hours came, or the reason why there are none."""
        self._waiting, self.unanswered, self._next = False, 0, now + HOURS_INTERVAL

    def check(self, now: float) -> bool:
        """Note a request that was not answered in time; return whether to ask (again)."""
        if now < self._next:
            return False
        if self._waiting:
            self._waiting, self.unanswered = False, self.unanswered + 1
            if self.unanswered >= 2:
                self._next = now + HOURS_RETRY_INTERVAL
                return False
        self._waiting, self._next = True, now + HOURS_TIMEOUT
        return True
