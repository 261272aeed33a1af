"""A connection to the session bus, and the thread that reads from it.

Knows nothing about notifications or the tray.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from jeepney import HeaderFields, Message, MessageFlag, MessageType, new_error
from jeepney.bus import get_connectable_addresses
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import prep_socket
from jeepney.io.threading import DBusConnection, ReceiveStopped

from traymon.core.allowance import Allowance

log = logging.getLogger(__name__)

AUTHENTICATION_TIMEOUT = 1.0  # seconds; takes a millisecond on a bus that is well
HELLO_TIMEOUT = 5.0  # seconds
MAX_SHARE = 0.2  # of one core, for what other programs send
BURST = 1.0  # seconds of CPU that they may take at once
SEND_TIMEOUT = 5  # seconds until a bus that reads nothing any more counts as gone
BUS = "org.freedesktop.DBus"  # the bus itself, as the sender of a message

Reply = Future[Message]  # fails with CallError, or with ConnectionError if the bus is gone


class NoBus(Exception):
    """This session has no bus that can be reached; the message says why."""


class CallError(Exception):
    """A method call was answered with an error."""

    def __init__(self, message: Message) -> None:
        fields = message.header.fields
        self.name: str = fields.get(HeaderFields.error_name, "")
        self.is_of_the_bus = fields.get(HeaderFields.sender) == BUS  # nobody has taken the call
        super().__init__(": ".join(str(part) for part in (self.name, *(message.body or ()))))


def refuse_call(call: Message) -> Message:
    """Return the answer of a program that offers no methods."""
    return new_error(call, f"{BUS}.Error.UnknownMethod")


@dataclass(frozen=True, slots=True)
class Handlers:
    """Who is called for what comes over the bus, in the reading thread."""

    on_signal: Callable[[Message], None] = lambda message: None
    on_call: Callable[[Message], Message] = refuse_call  # returns the answer
    on_end: Callable[[], None] = lambda: None  # the connection has ended, by whichever side


class SessionBus:
    """A connection. What it receives is handled in a thread of its own, in the order it came."""

    def __init__(self, address: str, handlers: Handlers) -> None:
        """Connect to the bus at a D-Bus address. Raises OSError, or ValueError for a bad address.

        Raises CallError if the bus refuses.
        """
        self._handlers = handlers
        self._lock = threading.Lock()  # nothing is sent on, or waits for, a closed connection
        self._waiting: dict[int, Reply] = {}
        self._closed = False
        self._closing = threading.Event()
        try:
            path = next(get_connectable_addresses(address))
        except (KeyError, RuntimeError) as error:  # what jeepney raises for other transports
            raise ValueError(str(error)) from error
        connected = prep_socket(path, timeout=AUTHENTICATION_TIMEOUT)
        connected.setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_TIMEOUT, 0)
        )
        self._connection = DBusConnection(connected)
        threading.Thread(target=self._read, name="dbus", daemon=True).start()
        try:
            hello = self.send(message_bus.Hello()).result(HELLO_TIMEOUT)
            self.unique_name: str = hello.body[0]
        except BaseException:
            self.close()
            raise

    @property
    def closed(self) -> bool:
        """Whether the connection has ended, by whichever side."""
        return self._closed

    def send(self, message: Message, then: Callable[[Reply], None] | None = None) -> Reply:
        """Call a method; returns at once, with the reply that may come. Raises OSError.

        `then` gets the reply in the reading thread, before any message that comes after it.
        """
        reply: Reply = Future()
        if then is not None:
            reply.add_done_callback(then)
        self._send(message, reply)
        return reply

    def emit(self, signal: Message) -> None:
        """Send a signal. Raises OSError."""
        self._send(signal)

    def _send(self, message: Message, reply: Reply | None = None) -> None:
        with self._lock:
            if self._closed:
                raise ConnectionResetError("the session bus is gone")
            serial = next(self._connection.outgoing_serial)
            if reply is not None:
                self._waiting[serial] = reply
            try:
                self._connection.send(message, serial=serial)
            except BaseException as error:
                self._waiting.pop(serial, None)
                if isinstance(error, OSError):  # a message that was cut off ends the connection
                    self._connection.interrupt()
                raise

    def close(self) -> None:
        """End the reading thread, which closes the connection. What is waited for fails."""
        with self._lock:
            if not self._closed:
                self._connection.interrupt()
        self._closing.set()

    def _read(self) -> None:
        why = "the session bus is gone"
        reading = Allowance(MAX_SHARE, BURST)
        try:
            while True:
                began = time.thread_time()  # of this thread alone: a busy machine does not count
                self._handle(self._connection.receive())
                reading.spend(time.thread_time() - began, now := time.monotonic())
                if reading.free_at > now:
                    self._closing.wait(reading.free_at - now)
        except ReceiveStopped:
            why = "the connection to the session bus was closed"
        except Exception as error:  # jeepney raises whatever it stumbles over in a message
            log.warning("the connection to the session bus is lost: %s", error)
        finally:
            self._end(why)

    def _handle(self, message: Message) -> None:
        kind = message.header.message_type
        if kind is MessageType.signal:
            try:
                self._handlers.on_signal(message)
            except Exception:  # any program on the bus can send a signal
                log.exception("a signal could not be handled; the next one will be")
            return
        if kind is MessageType.method_call:
            answer_to_it = self._answer_to(message)
            if not message.header.flags & MessageFlag.no_reply_expected:
                self._send(answer_to_it)
            return
        serial = message.header.fields.get(HeaderFields.reply_serial, 0)
        with self._lock:
            reply = self._waiting.pop(serial, None)
        if reply is None:
            return
        if kind is MessageType.error:
            answer(reply, CallError(message))
        else:
            answer(reply, message)

    def _answer_to(self, call: Message) -> Message:
        try:
            return self._handlers.on_call(call)
        except Exception as error:  # any program on the bus can call
            log.exception("a call could not be answered; the next one will be")
            return new_error(call, f"{BUS}.Error.Failed", "s", (str(error),))

    def _end(self, why: str) -> None:
        with self._lock:
            self._closed = True
            waiting = list(self._waiting.values())
            self._waiting.clear()
            self._connection.close()
            for descriptor in (self._connection._stop_r, self._connection._stop_w):
                os.close(descriptor)  # jeepney leaves this pipe open
        for reply in waiting:
            answer(reply, ConnectionResetError(why))
        self._handlers.on_end()


def answer(future: Future[Any], outcome: object) -> None:
    """Give a future its result, or its exception; do nothing if it has one."""
    with suppress(InvalidStateError):
        if isinstance(outcome, BaseException):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


def connect(handlers: Handlers) -> SessionBus:
    """Connect to this session's bus; see `SessionBus`.

    Raises NoBus, which names every address that was tried and why it failed.
    """
    addresses = _addresses()
    if not addresses:
        raise NoBus("this session has no D-Bus (DBUS_SESSION_BUS_ADDRESS is not set)")
    faults = []
    for address in addresses:
        try:
            return SessionBus(address, handlers)
        except (OSError, ValueError, CallError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            faults.append(f"{address.partition(',')[0]} ({reason})")
    raise NoBus(f"no session bus at {' or '.join(faults)}")


def _addresses() -> Sequence[str]:
    """Return where the session's bus may be, the likeliest first.

    The address that the session sets is inherited, and outlives its bus in a terminal multiplexer;
    the usual socket is then the living one. It also serves where the session sets no address.
    """
    if sys.platform == "win32":
        return []
    addresses = [part for part in os.environ.get("DBUS_SESSION_BUS_ADDRESS", "").split(";") if part]
    folder = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    usual = f"unix:path={folder}/bus"
    known = {address.partition(",")[0] for address in addresses}
    if usual not in known and os.path.exists(f"{folder}/bus"):
        addresses.append(usual)
    return addresses
