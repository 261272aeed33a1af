"""The held session: is an old client served, and what does TWS say of itself?

The only importer of ib_insync, of which only the low-level client is used: `IB.connect()` would
ask for positions, orders and executions. Sends startApi (71), reqCurrentTime (49) and, where the
user wants IB's trading hours, reqContractDetails (9) once a day; nothing else. Knows no diagnosis.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from traymon.core.facts import Fact, FactKey
from traymon.core.model import Reading
from traymon.core.target import Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sensors import wire
from traymon.sensors.base import SensorContext
from traymon.sensors.clock_skew import ClockSkew
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.system_messages import CLIENT_ID_IN_USE, LONGEST_TEXT, Messages, unescape

log = logging.getLogger(__name__)

BEAT = 5.0  # seconds between two heartbeats
BEAT_TIMEOUT = 5.0  # seconds for an answer
SECOND_LOOK = 2.0  # seconds after which a missing answer is looked for once more
START_TIMEOUT = 10.0  # seconds from the hello to the account list and the next order ID
CLOSE_TIMEOUT = 1.0  # seconds for the Gateway's own close after ours
GOOD_FOR = 2 * (BEAT + BEAT_TIMEOUT)  # seconds for which a heartbeat's reading counts
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0  # seconds before a new session after one that failed
SERVED = frozenset({Symptom.OK, Symptom.SLOW})  # handshakes after which a session may be tried
HOURS_EVERY = 86_400.0  # seconds between two questions for the trading hours
HOURS_REQUEST = 1  # the number of that question; no other has one
OWN_IDS = 32  # how many IDs are tried in a row; a Gateway serves no more clients than that


class Session:
    """Holds one API session with a client ID of traymon's own."""

    name = SensorName.SESSION

    def __init__(self, connections: ConnectionRegistry) -> None:
        self._connections = connections

    async def run(self, context: SensorContext) -> None:
        """Hold a session for as long as it is not cancelled; post what it shows.

        A new one is begun only after a handshake that was served, made since the last one ended.
        """
        first = context.evidence.target.own_client_id
        if first is None:
            context.post(Reading(self.name, Symptom.UNKNOWN, "not held (TRAYMON_SESSION=off)"))
            return
        pause, looked_at, taken = 0.0, -1.0, 0
        ids = own_ids(first, context.evidence.target)
        while True:
            await _until_served(context, looked_at)
            await asyncio.sleep(pause * random.uniform(1.0, 1.3))  # never in step with others
            outcome = await self._hold(context, next(ids))
            if outcome is Symptom.CLIENT_ID_TAKEN and taken < OWN_IDS:
                pause, taken = 0.0, taken + 1
                continue  # the next ID at once: it was served, and nobody is told
            handshake = context.evidence.readings.get(SensorName.HANDSHAKE)
            looked_at = -1.0 if handshake is None else handshake.at
            lasted = outcome is Symptom.LOST
            pause = 0.0 if lasted else min(max(FIRST_PAUSE, pause * 2), LONGEST_PAUSE)
            ids, taken = own_ids(first, context.evidence.target), 0

    async def _hold(self, context: SensorContext, client_id: int) -> Symptom:
        """Open a session, serve it to its end, and return how it ended."""
        line = _Line(self._connections)
        target = context.evidence.target
        try:
            symptom, detail = await line.open(target, client_id)
            if symptom is None:
                if SensorName.CALLS in context.evidence.readings:  # they were of the session before
                    context.post(Reading(SensorName.CALLS, Symptom.UNKNOWN, "a new session began"))
                await _Beats(line, context, client_id).run()
                symptom, detail = Symptom.LOST, line.dropped or "the connection ended"
        finally:
            await line.close()
            for name in (SensorName.LINK, SensorName.FARMS):
                if name in context.evidence.readings:
                    context.post(Reading(name, Symptom.UNKNOWN, "the session ended"))
        log.info("session of %s, ID %s: %s %s", target.name, client_id, symptom, detail)
        if symptom is not Symptom.CLIENT_ID_TAKEN:
            context.post(Reading(self.name, symptom, detail, ttl=LONGEST_PAUSE * 3))
        return symptom


def own_ids(first: int, target: Target) -> Iterator[int]:
    """Yield the IDs that traymon may use, again and again: never 0, 1 or one of the target's."""
    wanted = (first + offset for offset in range(OWN_IDS + len(target.client_ids)))
    ids = [i for i in wanted if i > 1 and i not in target.client_ids][:OWN_IDS]
    while True:
        yield from ids


def _now() -> float:
    """The loop's own clock, seconds."""
    return asyncio.get_running_loop().time()


async def _until_served(context: SensorContext, since: float) -> None:
    """Wait for a handshake after `since` that was served."""
    while True:
        reading = context.evidence.fresh(SensorName.HANDSHAKE)
        if reading is not None and reading.at > since and reading.symptom in SERVED:
            return
        await context.wait_for_update()


class _Line:
    """One connection of ib_insync's low-level client, and what came over it."""

    def __init__(self, connections: ConnectionRegistry) -> None:
        self._connections = connections
        self._client: Any = None
        self._woken = asyncio.Event()
        self.version: int | None = None
        self.accounts: tuple[str, ...] | None = None
        self.has_order_id = False
        self.id_taken = False
        self.dropped: str | None = None
        self.heard = False  # anything since the last heartbeat
        self.answer: tuple[float, int] | None = None  # seconds it took, and what time it told
        self._asked_at: deque[float] = deque(maxlen=100)  # loop time; answers come in order
        self.hours: tuple[tuple[str, ...], str] | None = None  # as IB gave them, and their zone
        self.no_hours = ""  # why IB gave none
        self.said: list[tuple[int, str]] = []  # system messages not yet taken

    async def open(self, target: Target, client_id: int) -> tuple[Symptom | None, str]:
        """Connect and start the API; return None once it is served, else the symptom and words."""
        client = self._client = _new_client(self)
        client.host, client.port, client.clientId = target.host, target.port, client_id
        client.conn.disconnected += self._on_dropped
        client.connState = client.CONNECTING
        try:
            async with asyncio.timeout(target.limits.timeout):
                await client.conn.connectAsync(target.host, target.port)
        except OSError as error:  # the handshake sensor tells which; a TimeoutError is one too
            return Symptom.UNKNOWN, str(error) or type(error).__name__
        self._connections.add(client.conn.transport.get_extra_info("sockname")[1])
        client.conn.sendMsg(wire.hello())  # the client itself answers the version with startApi
        with suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT):
                while not (self.dropped is not None or self.id_taken or self.started):
                    await self.wait(None)
        if self.id_taken:
            return Symptom.CLIENT_ID_TAKEN, f"client ID {client_id} is in use"
        if self.started:
            return None, ""
        if self.version is None:
            return Symptom.UNKNOWN, self.dropped or "no version reply"
        if self.dropped is not None:
            return Symptom.START_REJECTED, "closed after startApi, without error 326"
        return Symptom.START_SILENT, "version answered, but no account list and next order ID"

    @property
    def started(self) -> bool:
        """Whether account list and next order ID came; the list may be empty."""
        return self.accounts is not None and self.has_order_id

    async def wait(self, timeout: float | None) -> None:
        """Wait until something comes, or the connection ends, or `timeout` seconds passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._woken.wait()
        self._woken.clear()

    def beat(self) -> None:
        """Ask for the current time, the cheapest question of the API."""
        self.heard = False
        self._asked_at.append(_now())
        self._client.send(49, 1)

    def ask_for_hours(self, contract: str) -> None:
        """Ask for a contract, for the sake of its trading hours: `SPY` or `ES FUT CME USD`."""
        from ib_insync.contract import Contract

        symbol, kind, exchange, currency = [*contract.split(), "STK", "SMART", "USD"][:4]
        self._client.reqContractDetails(
            HOURS_REQUEST,
            Contract(symbol=symbol, secType=kind, exchange=exchange, currency=currency),
        )

    async def close(self) -> None:
        """End the connection so that the ID is free at once."""
        client = self._client
        if client is None or client.conn.transport is None:
            return
        client.disconnect()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                while self.dropped is None:
                    await self._woken.wait()
                    self._woken.clear()

    def _on_dropped(self, message: str) -> None:
        self.dropped = message or "closed by the Gateway"
        self._woken.set()

    # --- what ib_insync calls, in its own spelling; all else is ignored

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Ignore whatever else the Gateway sends: orders of others are not for us to see."""
        if name.startswith("__"):
            raise AttributeError(name)
        return _ignore

    def tcpDataArrived(self) -> None:
        """Note that something came."""
        self.heard = True
        self._woken.set()

    def connectAck(self) -> None:
        """Note the server's version."""
        self.version = self._client.serverVersion()

    def managedAccounts(self, accounts: str) -> None:
        """Note the accounts; the list can be empty, for which ib_insync itself would wait."""
        self.accounts = tuple(account for account in accounts.split(",") if account)

    def nextValidId(self, order_id: int) -> None:
        """Note that the next order ID came."""
        self.has_order_id = True

    def currentTime(self, server_time: int) -> None:
        """Note the answer to a heartbeat."""
        if self._asked_at:
            self.answer = _now() - self._asked_at.popleft(), server_time

    def contractDetails(self, request_id: int, details: Any) -> None:
        """Note the trading hours; of several contracts, the first one's."""
        if self.hours is None:
            days = tuple(part for part in re.split("[;,]", details.liquidHours) if part)
            self.hours = days, details.timeZoneId

    def error(self, request_id: int, code: int, text: str, advanced: str) -> None:
        """Note an error or a system message."""
        if code == CLIENT_ID_IN_USE:
            self.id_taken = True
        if request_id == HOURS_REQUEST:
            self.no_hours = f"{code}: {unescape(text)[:LONGEST_TEXT]}"
        self.said.append((code, text))


def _ignore(*arguments: object) -> None:
    """Take a callback that means nothing to us."""


def _new_client(wrapper: _Line) -> Any:
    """Return ib_insync's low-level client.

    Imported here, in the monitor's thread with its loop set: eventkit asks for the thread's loop
    at import, and fails in a thread that has none.
    """
    from ib_insync.client import Client

    logging.getLogger("ib_insync").setLevel(logging.CRITICAL)  # it guesses "already in use?"
    return Client(wrapper)  # type: ignore[no-untyped-call]


class _Beats:
    """The heartbeat of a session that was let in, and what comes meanwhile."""

    def __init__(self, line: _Line, context: SensorContext, client_id: int) -> None:
        self._line, self._context, self._client_id = line, context, client_id
        self._messages = Messages()
        self._round_trip: float | None = None
        self._skew = ClockSkew()

    async def run(self) -> None:
        """Beat until the connection drops."""
        line = self._line
        sent: float | None = None  # since when an answer is waited for
        next_beat = _now()
        look_again = 0.0
        contract, next_hours = self._context.evidence.target.hours_contract, _now()
        while line.dropped is None:
            now = _now()
            due = next_beat if sent is None else min(next_beat, look_again)
            await line.wait(max(0.0, due - now))
            now = _now()
            self._take_messages()
            self._take_hours()
            if line.dropped is not None:
                break
            if contract and now >= next_hours:
                line.ask_for_hours(contract)
                next_hours = now + HOURS_EVERY
            if line.answer is not None:
                self._round_trip, server_time = line.answer
                line.answer = None
                self._skew.add(server_time, self._round_trip)
                self._post_served("heartbeat answered", self._round_trip)
                sent = None
            elif sent is not None and now >= sent + BEAT_TIMEOUT:
                if line.heard:  # any traffic is life, if not as good as an answer
                    self._post_served("alive, the heartbeat not answered yet", now - sent)
                    sent = None
                elif now >= look_again:
                    self._post_hung(now - sent)
                    look_again = now + SECOND_LOOK
            if now >= next_beat:
                line.beat()
                next_beat = now + BEAT
                if sent is None:
                    sent, look_again = now, now + BEAT_TIMEOUT
        self._take_messages()

    def _take_messages(self) -> None:
        said, self._line.said = self._line.said, []
        for code, text in said:
            for reading in self._messages.take(code, text):
                self._context.post(reading)

    def _take_hours(self) -> None:
        hours, why_not = self._line.hours, self._line.no_hours
        self._line.hours, self._line.no_hours = None, ""
        if hours is not None:
            facts: dict[FactKey[Any], Any] = {Fact.HOURS: hours[0], Fact.HOURS_ZONE: hours[1]}
            self._context.post(
                Reading(SensorName.HOURS, Symptom.OK, "; ".join(hours[0][:3]), facts)
            )
        elif why_not:
            contract = self._context.evidence.target.hours_contract
            log.warning("no trading hours of %s: %s", contract, why_not)
            self._context.post(
                Reading(SensorName.HOURS, Symptom.UNKNOWN, f"none of {contract}: {why_not}")
            )

    def _post_served(self, how: str, took: float) -> None:
        symptom = Symptom.OK if self._line.accounts else Symptom.NO_ACCOUNTS
        detail = f"server version {self._line.version}, {how}"
        self._context.post(
            Reading(SensorName.SESSION, symptom, detail, self._facts(), took, ttl=GOOD_FOR)
        )

    def _post_hung(self, waited: float) -> None:
        detail = f"no answer to the heartbeat for {waited:.0f} s"
        reading = Reading(
            SensorName.SESSION, Symptom.HUNG, detail, self._facts(), waited, ttl=GOOD_FOR
        )
        self._context.post(reading)

    def _facts(self) -> dict[FactKey[Any], Any]:
        facts: dict[FactKey[Any], Any] = {Fact.OWN_CLIENT_ID: self._client_id}
        if self._line.accounts:
            facts[Fact.ACCOUNTS] = self._line.accounts
        if self._line.version is not None:
            facts[Fact.SERVER_VERSION] = self._line.version
        if self._round_trip is not None:
            facts[Fact.ROUND_TRIP] = self._round_trip
        if (skew := self._skew.seconds) is not None:
            facts[Fact.CLOCK_SKEW] = skew
        return facts
