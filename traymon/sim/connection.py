"""One client's connection to the simulated Gateway: what arrives, and what is sent.

Decides nothing on its own: it follows the Gateway's behaviour of the moment.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain, repeat
from typing import Any, Protocol, cast

from traymon.sim import messages, protobuf_messages
from traymon.sim.behaviour import (
    MAX_MESSAGES,
    MAX_RECORD,
    Behaviour,
    Conversation,
    Ending,
    Hello,
    Start,
)
from traymon.sim.receive_buffer import ReceiveBuffer
from traymon.sim.script import Script

MAX_UNREAD = 256 * 1024  # bytes of answers that a client may leave unread
DRIP_INTERVAL = 0.2  # seconds
BYTE_INTERVAL = 0.001  # seconds; enough for each byte to travel in its own segment
CLOSE_TIMEOUT = 2.0  # seconds that a peer has to close after we did

# What listeners other than IB's answer to the first bytes, whatever these are.
_FOREIGN = {
    Hello.HTTP: messages.HTTP_400,
    Hello.GARBAGE: messages.GARBAGE,
    Hello.HUGE_LENGTH: messages.HUGE_LENGTH,
}


class Owner(Protocol):
    """The Gateway, as its connections see it."""

    behaviour: Behaviour
    script: Script

    @property
    def is_full(self) -> bool:
        """Whether no further client gets a session."""

    def take_client_id(self, client_id: int, connection: Connection) -> bool:
        """Give the client ID to the connection; False when it is taken."""

    def forget(self, connection: Connection) -> None:
        """Drop a connection that is gone."""


class Connection(asyncio.Protocol):
    """Talks to one client and records the conversation."""

    def __init__(self, gateway: Owner) -> None:
        self.conversation = Conversation(opened_at=time.time())
        loop = asyncio.get_running_loop()
        self.made = loop.create_future()  # done once the transport can be used
        self.lost = loop.create_future()  # done once the socket is gone
        self.client_id: int | None = None  # asked for, whatever the answer
        self._gateway = gateway
        self._received = ReceiveBuffer()
        self._version = 0  # agreed with this client
        self._first_bytes = True

    @property
    def _behaviour(self) -> Behaviour:
        return self._gateway.behaviour

    def _note(self, **changes: Any) -> None:
        self.conversation = replace(self.conversation, **changes)

    def _note_ending(self, ending: Ending) -> None:
        if self.conversation.ending is Ending.OPEN:
            self._note(ending=ending, ended_at=time.time())

    # --- called by asyncio ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the script begin."""
        self._transport = cast(asyncio.Transport, transport)
        self.made.set_result(None)
        self._gateway.script.opened(self)

    def greet(self) -> None:
        """Act on behaviours that do not wait for the hello."""
        if self._behaviour.hello is Hello.SSH:
            self.send(messages.SSH_BANNER)
        elif self._behaviour.hello is Hello.CLOSE:
            self.hang_up()

    def data_received(self, data: bytes) -> None:
        """Record the bytes, then let the script read them."""
        room = MAX_RECORD - len(self.conversation.received)
        if room > 0:
            self._note(received=self.conversation.received + data[:room])
        self._gateway.script.received(self, data)

    def take(self, data: bytes) -> None:
        """Answer the requests that the bytes complete."""
        first, self._first_bytes = self._first_bytes, False
        self._received.feed(data)
        self._read()
        hello = self._behaviour.hello
        if first and hello is Hello.RESET:
            _reset_on_close(self._transport.get_extra_info("socket"))
            self.abort()
        elif first and hello in _FOREIGN:
            self._answer(_FOREIGN[hello])
            if hello is Hello.HTTP:
                self.later(self._behaviour.delay, self.hang_up)

    def eof_received(self) -> bool:
        """Keep the connection half-closed if the Gateway is silent, as a wedged TWS does."""
        self._note_ending(Ending.PEER_CLOSED)
        return self._behaviour.hello is Hello.SILENT or self._behaviour.keeps_half_closed

    def connection_lost(self, exc: Exception | None) -> None:
        """Complete the record and release the client ID; `exc` is set when the peer reset."""
        self._note_ending(Ending.RESET if exc else Ending.CLOSED_BY_US)
        self._note(closed_at=time.time())
        self._received.close()
        self._gateway.forget(self)
        self._gateway.script.closed(self)
        self.lost.set_result(None)

    # --- incoming ---

    def _read(self) -> None:
        if not self.conversation.hello:
            self._read_hello()
        while self.conversation.hello and (body := self._received.take_frame()) is not None:
            self._read_message(body)

    def _read_hello(self) -> None:
        start = self._received.peek(4)
        if start == b"API\0":
            body = self._received.take_frame(offset=4)
            if body is None:
                return
            offered = messages.client_versions(body)
            if offered is None:
                self._received.close()
                return
            lowest, highest = offered
            self._note(hello=body.decode("ascii", errors="replace"))
            if lowest > self._behaviour.server_version:
                # A real Gateway leaves a client that is too new for it without an answer.
                self._received.close()
                return
            self._version = min(highest, self._behaviour.server_version)
            self._gateway.script.hello(self)
        elif self._behaviour.hello is Hello.TLS and start[:2] == b"\x16\x03"[: len(start)]:
            if self._received.has_tls_record():
                self._answer(messages.TLS_SERVER_HELLO)
                self._received.close()
        elif not b"API\0".startswith(start):
            # TWS does not answer bytes that are no hello, and leaves the connection open.
            self._received.close()

    def _read_message(self, body: bytes) -> None:
        if self._version >= protobuf_messages.FIRST_VERSION:
            self._read_protobuf(int.from_bytes(body[:4], "big"), body[4:])
            return
        fields = body.decode("utf-8", errors="replace").split("\0")
        if not (fields[0].isascii() and fields[0].isdigit() and len(fields[0]) < 10):
            return
        number = int(fields[0])
        if not self._serves(number) or self._version > messages.MAX_TEXT:
            return
        started = self.conversation.client_id is not None
        if number == messages.START_API and not started:
            try:
                self.client_id = int(fields[2])
            except (IndexError, ValueError):
                return
            self._gateway.script.start(self, self.client_id)
        elif started:
            self._gateway.script.request(self, number, fields)

    def _read_protobuf(self, number: int, body: bytes) -> None:
        """Read a message of the newest wire.

        Scripts know it by its number in IB's lists, with the body as one field of Latin-1.
        """
        if not self._serves(number):
            return
        number -= protobuf_messages.OFFSET
        started = self.conversation.client_id is not None
        if number == protobuf_messages.START_API and not started:
            try:
                self.client_id = protobuf_messages.first_integer(body)
            except ValueError:
                return
            self._gateway.script.start(self, self.client_id)
        elif started:
            self._gateway.script.request(self, number, [str(number), body.decode("latin-1")])

    def _serves(self, number: int) -> bool:
        """Record a message; tell whether any is answered now."""
        if len(self.conversation.messages) < MAX_MESSAGES:
            self._note(messages=(*self.conversation.messages, number))
        started = self.conversation.client_id is not None
        serves = self._behaviour.hello.serves or (started and self._behaviour.keeps_sessions)
        return serves and self.conversation.version_sent is not None

    # --- what a script may do ---

    def start_session(self, client_id: int) -> None:
        """Start a session, or refuse it, as the Gateway's behaviour says."""
        for code, text in self._behaviour.says_first:
            self._answer(messages.error(self._version, code, text))
        if self._behaviour.start is Start.SILENT:
            return
        if self._behaviour.start is Start.CLOSE or self._gateway.is_full:
            self.later(self._behaviour.delay, self.hang_up)
            return
        if self._gateway.take_client_id(client_id, self):
            self._note(client_id=client_id)
            self._answer(messages.session_start(self._behaviour, self._version))
        else:
            self._answer(messages.error(self._version, *messages.CLIENT_ID_IN_USE))
            self.later(self._behaviour.delay, self.hang_up)

    def reply(self, number: int, fields: Sequence[str]) -> None:
        """Answer a request of a session, if it is one that the Gateway knows."""
        if self._version >= protobuf_messages.FIRST_VERSION:
            port = self._transport.get_extra_info("sockname")[1]
            body = fields[1].encode("latin-1")
            self._answer(
                protobuf_messages.reply(self._behaviour, self._version, port, number, body)
            )
        elif number in messages.REPLIES:
            self._answer(messages.REPLIES[number](self._behaviour, self._version, fields))

    def say(self, code: int, text: str, request_id: int = -1) -> None:
        """Send an error or system message, at any moment after the version."""
        self.send(messages.error(self._version, code, text, request_id))

    def send_message(self, *fields: object) -> None:
        """Send one frame of text fields."""
        self.send(messages.message(*fields))

    # --- outgoing ---

    def answer_hello(self) -> None:
        """Answer the version hello as the Gateway's behaviour says."""
        hello, delay = self._behaviour.hello, self._behaviour.delay
        reply = messages.version_reply(self._version, foreign_time=hello is Hello.FOREIGN_TIME)
        if hello in (Hello.ANSWER, Hello.FOREIGN_TIME):
            self.later(delay, lambda: self._send_version(reply))
        elif hello is Hello.NEWS_FIRST:
            self.later(delay, lambda: self._send_version(messages.news_bulletin() + reply))
        elif hello is Hello.BYTE_BY_BYTE:
            self.later(delay, lambda: self._trickle(reply))
        elif hello is Hello.DRIP:
            drip = chain(messages.DRIP_LENGTH, repeat(ord("1")))
            self.later(delay, lambda: self._drip(drip))
        elif hello is Hello.HALF_FRAME:
            self._answer(reply[: len(reply) // 2])
        elif hello is Hello.VERSION_ABC:
            self._answer(messages.version_abc())

    def _send_version(self, last_bytes: bytes) -> None:
        # Noted before sending: the client may read the record at once, from another thread.
        if self.conversation.ending is Ending.OPEN:
            self._note(version_sent=self._version)
        self.send(last_bytes)

    def _trickle(self, rest: bytes) -> None:
        if len(rest) == 1:
            self._send_version(rest)
        else:
            self.send(rest[:1])
            self.later(BYTE_INTERVAL, lambda: self._trickle(rest[1:]))

    def _drip(self, rest: Iterator[int]) -> None:
        self.send(bytes([next(rest)]))
        self.later(DRIP_INTERVAL, lambda: self._drip(rest))

    def _answer(self, data: bytes) -> None:
        self.later(self._behaviour.delay, lambda: self.send(data))

    def later(self, delay: float, act: Callable[[], None]) -> None:
        """Call `act` after the delay, unless the connection has ended by then."""
        if delay <= 0:
            act()
        else:
            loop = asyncio.get_running_loop()
            loop.call_later(delay, lambda: None if self._transport.is_closing() else act())

    def send(self, data: bytes) -> None:
        """Send bytes, unless the connection has ended. Who reads none of them is cut off."""
        if self.conversation.ending is Ending.OPEN:
            self._transport.write(data)
            if self._transport.get_write_buffer_size() > MAX_UNREAD:
                self.abort()

    def hang_up(self) -> None:
        """End the stream, and close the connection once the peer has ended its own.

        After a plain close, further bytes from the peer would trigger a reset, which the peer
        could see in place of the end of the stream.
        """
        if self._transport.is_closing():
            return
        self._note_ending(Ending.CLOSED_BY_US)
        self._transport.write_eof()
        self.later(CLOSE_TIMEOUT, self._transport.close)

    def abort(self) -> None:
        """Close at once, dropping unsent answers."""
        self._note_ending(Ending.CLOSED_BY_US)
        self._transport.abort()


def _reset_on_close(sock: socket.socket) -> None:
    # A linger time of zero makes closing send a reset. Windows' struct has two shorts.
    linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
