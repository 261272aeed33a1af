"""One connection to the API under one client ID, which fills an inbox.

Sends the hello, startApi (71), reqCurrentTime (49) and, if asked to, reqContractDetails (9);
nothing else. Whatever a server sends, reading it takes a bounded share of one core and of memory.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from traymon.core.allowance import Allowance
from traymon.core.target import Target
from traymon.core.vocabulary import Symptom
from traymon.sensors import wire
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.frame_reader import MAX_LENGTH, FrameReader, NotIB
from traymon.sensors.inbox import HOURS_REQUEST_ID, Inbox
from traymon.sensors.socket_errors import os_error_text
from traymon.sensors.version_exchange import Outcome, close_gracefully, connect

START_TIMEOUT = 10.0  # seconds from the hello to the account list and the next order ID
FRAME_TIMEOUT = 20.0  # seconds from the first byte of a frame to its last
SLICE = 16_384  # bytes read at once; the loop serves others before the next
SLICE_OVERHEAD = 1e-4  # seconds of CPU that the system and the loop take for each, by estimate
MAX_SHARE = 0.2  # of one core, for reading
READING_BURST = 0.3  # seconds of CPU for which reading is not slowed down


@dataclass(frozen=True, slots=True)
class StartFailure:
    """Why a session did not begin."""

    symptom: Symptom
    detail: str


class SessionConnection:
    """A connection to the API under one client ID."""

    def __init__(self, connections: ConnectionRegistry, clock: Callable[[], float]) -> None:
        """`clock` returns the time in epoch seconds."""
        self._connections, self._clock = connections, clock
        self._socket: socket.socket | None = None
        self._reader: asyncio.Task[None] | None = None
        self._frames = FrameReader()
        self._arrived = asyncio.Event()
        self.inbox = Inbox()

    async def open(self, target: Target, client_id: int) -> StartFailure | None:
        """Connect and start the API; return None once it is served, else why it is not."""
        deadline = loop_time() + target.limits.timeout
        connection = await connect(target.host, target.port, deadline, self._connections)
        if isinstance(connection, Outcome):  # the handshake sensor says what it means
            return StartFailure(Symptom.UNKNOWN, connection.detail)
        self._socket = connection
        self._reader = asyncio.create_task(self._read(connection))
        inbox = self.inbox
        self._send(wire.hello())
        with suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT):
                while inbox.dropped is None and inbox.version is None:
                    await self.wait_for_traffic(None)
                if inbox.dropped is None:
                    self._send(wire.start_api(client_id))
                while not (inbox.dropped is not None or inbox.id_taken or inbox.started):
                    await self.wait_for_traffic(None)
        return _start_failure(inbox, client_id)

    async def wait_for_traffic(self, timeout: float | None) -> None:
        """Wait until something arrives, the connection ends, or `timeout` seconds have passed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._arrived.wait()
        self._arrived.clear()
        if self._reader is not None and self._reader.done():
            self._reader.result()  # raises what is a bug of ours

    def send_heartbeat(self) -> None:
        """Ask for the current time."""
        self.inbox.heard = False
        self.inbox.beats_sent_at.append(loop_time())
        self._send(wire.ask_for_the_time())

    def request_hours(self, contract: str) -> None:
        """Request a contract for its trading hours: `SPY` or `ES FUT CME USD`."""
        self.inbox.wants_hours = True
        version = self.inbox.version or 0
        self._send(wire.ask_for_contract(HOURS_REQUEST_ID, contract, version))

    async def close(self) -> None:
        """End the connection and wait for the Gateway to end it too, which frees the client ID."""
        connection, self._socket = self._socket, None
        if connection is None or self._reader is None:
            return
        self._reader.cancel()
        try:
            await asyncio.wait({self._reader})
        finally:
            await close_gracefully(connection)

    def _send(self, data: bytes) -> None:
        """Send a few bytes, which always fit unless TWS has read nothing for days."""
        try:
            if self._socket is not None and self._socket.send(data) < len(data):
                self._end("takes no more bytes")
        except OSError as error:
            self._end(os_error_text(error))

    def _end(self, why: str) -> None:
        if self.inbox.dropped is None:
            self.inbox.dropped = why
        self._arrived.set()

    async def _read(self, connection: socket.socket) -> None:
        """Read until the connection ends, or what arrives cannot come from TWS."""
        try:
            async with asyncio.timeout(None) as limit:
                await self._read_slices(connection, limit)
            self._end("closed by the Gateway")
        except NotIB as error:
            self._end_garbled(str(error))
        except OSError as error:  # includes TimeoutError
            if limit.expired():
                self._end_garbled(f"a message that did not end within {FRAME_TIMEOUT:.0f} s")
            else:
                self._end(os_error_text(error))

    def _end_garbled(self, why: str) -> None:
        self.inbox.garbled = True
        self._end(f"no message of TWS: {why}")

    async def _read_slices(self, connection: socket.socket, limit: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        reading = Allowance(rate=MAX_SHARE, burst=READING_BURST)
        while data := await loop.sock_recv(connection, SLICE):
            began = time.thread_time()  # of this thread alone: a busy machine does not count
            completed = self._take_frames(data)
            if not self._frames.is_unfinished:
                limit.reschedule(None)
            elif completed or limit.when() is None:
                limit.reschedule(loop.time() + FRAME_TIMEOUT)
            reading.spend(SLICE_OVERHEAD + time.thread_time() - began, loop.time())
            await asyncio.sleep(max(0.0, reading.free_at - loop.time()))

    def _take_frames(self, data: bytes) -> bool:
        """Take the messages that the bytes complete; return whether there were any."""
        frames, inbox, now = self._frames, self.inbox, loop_time()
        clock = self._clock()
        frames.feed(data)
        completed = False
        while (frame := frames.take_frame()) is not None:
            completed = True
            inbox.add(frame, now, clock)
            if inbox.version is not None:
                frames.longest = MAX_LENGTH
        if inbox.version is None and frames.received > wire.MAX_ANSWER:
            raise NotIB(f"{frames.received} bytes without a version reply")
        if completed:
            self._arrived.set()
        return completed


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
    if inbox.garbled:
        return StartFailure(Symptom.GARBLED, f"{inbox.dropped}; {said}")
    if inbox.dropped is not None:
        when = "before the version reply" if inbox.version is None else "after startApi"
        detail = f"closed {when}, without error 326; {said}"
        return StartFailure(Symptom.START_REJECTED, detail)
    if inbox.version is None:
        return StartFailure(Symptom.START_SILENT, f"no version reply; {said}")
    detail = f"version received, but no account list or next order ID; {said}"
    return StartFailure(Symptom.START_SILENT, detail)
