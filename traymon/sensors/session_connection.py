"""One connection of ib_insync's low-level client, and what arrived over it.

The only importer of ib_insync. Uses its low-level client alone, because `IB.connect()` would
request positions, orders and executions. Sends startApi (71), reqCurrentTime (49) and, if asked to,
reqContractDetails (9); nothing else. Only whole frames reach the library, and of the messages only
those that concern the session.
"""

from __future__ import annotations

import asyncio
import logging
import re
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from traymon.core.target import Target
from traymon.core.vocabulary import Symptom
from traymon.sensors import wire
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.frame_reader import FrameReader
from traymon.sensors.system_messages import CLIENT_ID_IN_USE, MAX_DETAIL_LENGTH
from traymon.sensors.tws_words import TwsWords, plain
from traymon.sensors.version_exchange import CLOSE_TIMEOUT

if TYPE_CHECKING:
    from ib_insync.contract import ContractDetails

START_TIMEOUT = 10.0  # seconds from the hello to the account list and the next order ID
HOURS_REQUEST_ID = 1  # no other request has an ID
MAX_UNANSWERED = 100  # heartbeats
MAX_TEXT_BYTES = 6_000  # of one message, before it is decoded
MAX_MESSAGES = 1000  # that nobody has taken yet; more are dropped, the oldest first
CONTRACT_DETAILS, CURRENT_TIME = b"10", b"49"
FOR_THE_LIBRARY = frozenset(
    {wire.NEXT_VALID_ID, wire.MANAGED_ACCOUNTS, CONTRACT_DETAILS, CURRENT_TIME}
)


@dataclass(frozen=True, slots=True)
class StartFailure:
    """Why a session did not begin."""

    symptom: Symptom
    detail: str


@dataclass(frozen=True, slots=True)
class TimeAnswer:
    """The answer to a heartbeat."""

    round_trip: float  # seconds
    server_time: int  # epoch seconds


@dataclass(frozen=True, slots=True)
class TradingHours:
    """The trading hours of a contract, as IB sends them."""

    days: tuple[str, ...]  # `20261123:0930-20261123:1600`, `20261126:CLOSED`
    zone: str


@dataclass(frozen=True, slots=True)
class SystemMessage:
    """A code with its text, as TWS sends it."""

    code: int
    text: str


@dataclass(slots=True)
class Inbox:
    """What arrived over one connection."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: str | None = None  # why the connection ended
    heard: bool = False  # a whole message since the last heartbeat
    version: int | None = None
    accounts: tuple[str, ...] | None = None  # can be empty, even in a working session
    has_order_id: bool = False
    id_taken: bool = False
    beats_sent_at: deque[float] = field(default_factory=lambda: deque(maxlen=MAX_UNANSWERED))
    time_answer: TimeAnswer | None = None
    hours: TradingHours | None = None
    hours_error: str | None = None  # why IB sent none
    messages: deque[SystemMessage] = field(default_factory=lambda: deque(maxlen=MAX_MESSAGES))
    words: TwsWords = field(default_factory=TwsWords)

    @property
    def started(self) -> bool:
        """Whether both the account list and the next order ID arrived."""
        return self.accounts is not None and self.has_order_id

    def take_time_answer(self) -> TimeAnswer | None:
        """Return the newest answer to a heartbeat, once."""
        answer, self.time_answer = self.time_answer, None
        return answer

    def take_hours(self) -> TradingHours | str | None:
        """Return the trading hours, or why there are none, once."""
        hours: TradingHours | str | None = self.hours
        if hours is None:
            hours = self.hours_error
        self.hours = self.hours_error = None
        return hours

    def take_messages(self) -> list[SystemMessage]:
        """Return the system messages that arrived since the last call."""
        messages = list(self.messages)
        self.messages.clear()
        return messages

    def take_error(self, frame: bytes) -> None:
        """Record an error or a system message, whatever the encoding of its text."""
        fields = frame.split(b"\0", 5)  # message 4, its version, request ID, code, text, the rest
        try:
            request_id, code = int(fields[2]), int(fields[3])
        except (IndexError, ValueError):
            return
        text = plain(wire.decode(fields[4][:MAX_TEXT_BYTES])) if len(fields) > 4 else ""
        if code == CLIENT_ID_IN_USE:
            self.id_taken = True
        if request_id == HOURS_REQUEST_ID:
            self.hours_error = f"{code}: {text[:MAX_DETAIL_LENGTH]}"
        self.words.add(code, text)
        self.messages.append(SystemMessage(code, text))


class SessionConnection:
    """A connection to the API under one client ID."""

    def __init__(self, connections: ConnectionRegistry) -> None:
        self._connections = connections
        self._client: Any = None  # ib_insync's Client, whose methods are untyped
        self._frames = FrameReader()
        self._closing = False
        self.inbox = Inbox()

    async def open(self, target: Target, client_id: int) -> StartFailure | None:
        """Connect and start the API; return None once it is served, else why it is not."""
        client = self._client = _create_client(self.inbox)
        client.host, client.port, client.clientId = target.host, target.port, client_id
        client.conn.disconnected += self._on_dropped
        client.conn.hasData -= client._onSocketHasData
        client.conn.hasData += self._on_data
        client.connState = client.CONNECTING
        try:
            async with asyncio.timeout(target.limits.timeout):
                await client.conn.connectAsync(target.host, target.port)
        except OSError as error:  # includes TimeoutError; the handshake sensor says which it is
            return StartFailure(Symptom.UNKNOWN, str(error) or type(error).__name__)
        self._connections.add(client.conn.transport.get_extra_info("sockname")[1])
        client.conn.sendMsg(wire.hello())  # the client itself follows up with startApi
        inbox = self.inbox
        with suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT):
                while not (inbox.dropped is not None or inbox.id_taken or inbox.started):
                    await self.wait_for_traffic(None)
        return _start_failure(inbox, client_id)

    async def wait_for_traffic(self, timeout: float | None) -> None:
        """Wait until something arrives, the connection ends, or `timeout` seconds have passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self.inbox.arrived.wait()
        self.inbox.arrived.clear()

    def send_heartbeat(self) -> None:
        """Ask for the current time, the cheapest request of the API."""
        self.inbox.heard = False
        self.inbox.beats_sent_at.append(loop_time())
        self._client.send(49, 1)

    def request_hours(self, contract: str) -> None:
        """Request a contract for its trading hours: `SPY` or `ES FUT CME USD`."""
        from ib_insync.contract import Contract

        symbol, kind, exchange, currency = [*contract.split(), "STK", "SMART", "USD"][:4]
        self._client.reqContractDetails(
            HOURS_REQUEST_ID,
            Contract(symbol=symbol, secType=kind, exchange=exchange, currency=currency),
        )

    async def close(self) -> None:
        """End the connection and wait for the Gateway to end it too, which frees the client ID."""
        client = self._client
        if client is None or client.conn.transport is None:
            return
        self._closing = True
        client.disconnect()
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                while self.inbox.dropped is None:
                    await self.inbox.arrived.wait()
                    self.inbox.arrived.clear()

    def _on_data(self, data: bytes) -> None:
        if self._closing:
            return
        for frame in self._frames.feed(data):
            self.inbox.heard = True
            self.inbox.arrived.set()
            kind = frame[:8].partition(b"\0")[0]
            if kind == wire.ERROR:
                self.inbox.take_error(frame)
            elif kind in FOR_THE_LIBRARY or self.inbox.version is None:
                with suppress(ValueError, IndexError):  # a message that is none of TWS's
                    self._client._onSocketHasData(struct.pack(">I", len(frame)) + frame)

    def _on_dropped(self, message: str) -> None:
        self.inbox.dropped = message or "closed by the Gateway"
        self.inbox.arrived.set()


def loop_time() -> float:
    """Return the event loop's clock, in seconds."""
    return asyncio.get_running_loop().time()


def _start_failure(inbox: Inbox, client_id: int) -> StartFailure | None:
    """Return why the session did not begin; None if it did."""
    if inbox.id_taken:
        return StartFailure(Symptom.CLIENT_ID_TAKEN, f"client ID {client_id} is in use")
    if inbox.started:
        return None
    said = f"TWS said: {inbox.words.text}" if inbox.words.text else "TWS said nothing"
    if inbox.dropped is not None:
        when = "before the version reply" if inbox.version is None else "after startApi"
        detail = f"closed {when}, without error 326; {said}"
        return StartFailure(Symptom.START_REJECTED, detail)
    if inbox.version is None:
        return StartFailure(Symptom.START_SILENT, f"no version reply; {said}")
    detail = f"version received, but no account list or next order ID; {said}"
    return StartFailure(Symptom.START_SILENT, detail)


def _create_client(inbox: Inbox) -> Any:
    """Return ib_insync's low-level client, which fills the inbox.

    Imported here, in the monitor's thread and with its loop set: on import, eventkit asks for the
    thread's event loop, and fails if there is none.
    """
    from ib_insync.client import Client

    logging.getLogger("ib_insync").setLevel(logging.CRITICAL)  # it guesses "already in use?"
    callbacks = _Callbacks(inbox)
    client = Client(callbacks)  # type: ignore[no-untyped-call]
    callbacks.server_version = client.serverVersion
    return client


class _Callbacks:
    """The methods that ib_insync calls, in its own spelling.

    Keeps no state of its own, because a misspelt attribute would not be an error here.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self.server_version: Callable[[], int] | None = None

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Ignore every other callback: other programs' orders are none of our business."""
        if name.startswith("_"):
            raise AttributeError(name)
        return _ignore

    def connectAck(self) -> None:
        """Record the server's version."""
        assert self.server_version is not None
        self._inbox.version = self.server_version()

    def managedAccounts(self, accounts: str) -> None:
        """Record the accounts; ib_insync itself would wait for a list that is not empty."""
        self._inbox.accounts = tuple(account for account in accounts.split(",") if account)

    def nextValidId(self, order_id: int) -> None:
        """Record that the next order ID arrived."""
        self._inbox.has_order_id = True

    def currentTime(self, server_time: int) -> None:
        """Record the answer to a heartbeat; answers arrive in the order of the requests."""
        if self._inbox.beats_sent_at:
            round_trip = loop_time() - self._inbox.beats_sent_at.popleft()
            self._inbox.time_answer = TimeAnswer(round_trip, server_time)

    def contractDetails(self, request_id: int, details: ContractDetails) -> None:
        """Record the trading hours; if several contracts match, those of the first."""
        if self._inbox.hours is None:
            days = tuple(part for part in re.split("[;,]", details.liquidHours) if part)
            self._inbox.hours = TradingHours(days, details.timeZoneId)


def _ignore(*arguments: object) -> None:
    """Accept a callback and do nothing."""
