"""A stand-in for the desktop's notification service, with the faults that real ones have.

It shows nothing: `screen` holds what would be seen.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

from support.bus import NOTIFICATIONS, TIMEOUT

PATH = "/org/freedesktop/Notifications"
REPLACE, ALLOW_REPLACEMENT = 2, 1  # flags of RequestName, D-Bus Specification
OWNER = 1  # RequestName's answer: the name is ours
ALL_CAPABILITIES = ("actions", "body", "body-markup")


@dataclass(frozen=True)
class Sent:
    """A notification as it came to the service."""

    sender: str  # the program's unique name on the bus
    replaces: int
    icon: str
    title: str
    body: str
    actions: list[str]
    hints: dict[str, Any]
    number: int  # what the service gave it


@dataclass
class NotificationService:
    """The service; a context manager."""

    address: str
    capabilities: Iterable[str] = ALL_CAPABILITIES
    refuses: Callable[[Sent], bool] = lambda sent: False  # answers with an error, shows nothing
    holds: tuple[str, ...] = ()  # the methods whose answers wait for `answer`
    ignores: tuple[str, ...] = ()  # the methods that are never answered
    first: int = 1  # number that it gives
    name: str = "Stand-in"  # as it calls itself
    sent: list[Sent] = field(default_factory=list)  # every notification, the refused ones too
    screen: dict[int, str] = field(default_factory=dict)  # titles by number
    called: list[str] = field(default_factory=list)  # methods

    def __enter__(self) -> NotificationService:
        self._held: list[tuple[Message, Sent | None]] = []
        self._ended = threading.Event()
        self._connection = open_dbus_connection(self.address)
        self._lock = threading.Lock()
        request = message_bus.RequestName(NOTIFICATIONS, REPLACE | ALLOW_REPLACEMENT)
        answer = self._connection.send_and_get_reply(request, timeout=TIMEOUT)
        assert answer.body == (OWNER,)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def unique_name(self) -> str:
        return str(self._connection.unique_name)

    def end(self) -> None:
        """Leave the bus at once, as a program that is killed."""
        self._ended.set()
        self._thread.join()
        self._connection.close()  # may be done twice

    def give_up_name(self) -> None:
        """Leave the name to others, and stay on the bus."""
        self._send(message_bus.ReleaseName(NOTIFICATIONS))

    def answer(self) -> None:
        """Answer what was held, and from now on at once."""
        self.holds = ()
        held, self._held = self._held, []
        for message, sent in held:
            self._answer(message, sent)

    def invoke(self, number: int, action: str) -> None:
        """Say that the user chose an action."""
        self.emit("ActionInvoked", "us", (number, action))

    def emit(
        self, member: str, signature: str | None = None, body: Any = (), to: str | None = None
    ) -> None:
        """Send a signal of any content; `to` one program alone."""
        address = DBusAddress(PATH, interface=NOTIFICATIONS)
        signal = new_signal(address, member, signature, body)
        if to is not None:
            signal.header.fields[HeaderFields.destination] = to
        self._send(signal)

    def _send(self, message: Message) -> None:
        with self._lock:
            self._connection.send(message)

    def _serve(self) -> None:
        while not self._ended.is_set():
            with suppress(TimeoutError):
                try:
                    message = self._connection.receive(timeout=0.02)
                except ConnectionError:  # the bus has ended
                    return
                if message.header.message_type is MessageType.method_call:
                    self._take(message)

    def _take(self, message: Message) -> None:
        member = message.header.fields[HeaderFields.member]
        self.called.append(member)
        sent = self._show(message) if member == "Notify" else None
        if member in self.holds:
            self._held.append((message, sent))
        elif member not in self.ignores:
            self._answer(message, sent)

    def _show(self, message: Message) -> Sent:
        _, replaces, icon, title, body, actions, hints, _ = message.body
        number = replaces or self.first + len(self.sent)
        sender = message.header.fields[HeaderFields.sender]
        sent = Sent(sender, replaces, icon, title, body, actions, hints, number)
        self.sent.append(sent)
        if not self.refuses(sent):
            self.screen[number] = title
        return sent

    def _answer(self, message: Message, sent: Sent | None) -> None:
        member = message.header.fields[HeaderFields.member]
        if member == "GetCapabilities":
            self._send(new_method_return(message, "as", (list(self.capabilities),)))
        elif member == "GetServerInformation":
            self._send(new_method_return(message, "ssss", (self.name, "tests", "1", "1.2")))
        elif member == "CloseNotification":
            self.screen.pop(message.body[0], None)
            self._send(new_method_return(message))
            self.emit("NotificationClosed", "uu", (message.body[0], 3))
        elif sent is not None and not self.refuses(sent):
            self._send(new_method_return(message, "u", (sent.number,)))
        elif sent is not None:
            self._send(new_error(message, f"{NOTIFICATIONS}.Refused", "s", ("not so",)))
        else:
            self._send(new_error(message, "org.freedesktop.DBus.Error.UnknownMethod"))
