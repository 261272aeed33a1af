"""A stand-in for a panel that shows StatusNotifierItems, with its watcher; it may be a bad one.

It draws nothing and has no thread: it does what is asked of it while a test waits for something,
and hangs meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from jeepney import (
    DBusAddress,
    HeaderFields,
    Message,
    MessageType,
    new_error,
    new_method_call,
    new_method_return,
    new_signal,
)
from jeepney.bus_messages import MatchRule, message_bus
from jeepney.io.blocking import open_dbus_connection

from support.bus import TIMEOUT

WATCHER, WATCHER_PATH = "org.kde.StatusNotifierWatcher", "/StatusNotifierWatcher"
ITEM, ITEM_PATH = "org.kde.StatusNotifierItem", "/StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
PROPERTIES = "org.freedesktop.DBus.Properties"

HAS_HOST = ("v", (("b", True),))  # the answer of a good one, as type and values


class Panel:
    """A panel and its watcher; a context manager. `answer` is what it says of having a panel."""

    def __init__(self, address: str, answer: tuple[str, Any] | None = HAS_HOST) -> None:
        self._address, self.answer = address, answer
        self.items: list[str] = []  # who has registered
        self.signals: list[tuple[str, Any]] = []  # of the items: name and values
        self._replies: dict[int, Message] = {}  # by the serial of the call

    def __enter__(self) -> Panel:
        self.connection = open_dbus_connection(self._address)
        for interface in (ITEM, MENU):
            self._send_and_wait(message_bus.AddMatch(MatchRule(type="signal", interface=interface)))
        self._send_and_wait(message_bus.RequestName(WATCHER))
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def wait_for(self, condition: Callable[[], Any], what: str) -> Any:
        """Serve until the condition is met; return its value."""
        deadline = time.monotonic() + TIMEOUT
        while not (value := condition()):
            assert time.monotonic() < deadline, f"waited {TIMEOUT:g} s for {what}"
            self._serve(0.05)
        return value

    def wait_for_item(self) -> str:
        """Serve until an item has registered; return its name on the bus."""
        return str(self.wait_for(lambda: self.items, "an item")[-1])

    def change(self, answer: tuple[str, Any]) -> None:
        """Say that the panel came or went, the watcher stays."""
        self.answer = answer
        address = DBusAddress(WATCHER_PATH, interface=WATCHER)
        self.connection.send(new_signal(address, "StatusNotifierHostRegistered"))

    def ask(
        self, path: str, method: str, types: str | None = None, *values: Any, to: str = ""
    ) -> Message:
        """Call a method of the item, given with its interface; return the answer or the error."""
        interface, _, member = method.rpartition(".")
        address = DBusAddress(path, bus_name=to or self.items[-1], interface=interface)
        return self._send_and_wait(new_method_call(address, member, types, values))

    def get(self, path: str, interface: str, name: str) -> Any:
        """Return the value of a property of the item."""
        ((_, value),) = self.ask(path, f"{PROPERTIES}.Get", "ss", interface, name).body
        return value

    def layout(self) -> Any:
        """Return the item's menu, as the protocol writes it."""
        path = self.get(ITEM_PATH, ITEM, "Menu")
        _, layout = self.ask(path, f"{MENU}.GetLayout", "iias", 0, -1, []).body
        return layout

    def labels(self) -> list[str]:
        """Return the texts of the menu's first level, without its lines."""
        _, _, children = self.layout()
        return [entry["label"][1] for _, (_, entry, _) in children if "label" in entry]

    def _send_and_wait(self, call: Message) -> Message:
        serial = next(self.connection.outgoing_serial)
        self.connection.send(call, serial=serial)
        what = f"the answer to {call.header.fields}"
        self.wait_for(lambda: serial in self._replies, what)
        return self._replies.pop(serial)

    def _serve(self, timeout: float) -> None:
        try:
            message = self.connection.receive(timeout=timeout)
        except TimeoutError:
            return
        fields, kind = message.header.fields, message.header.message_type
        member = fields.get(HeaderFields.member)
        if kind is MessageType.signal and fields.get(HeaderFields.interface) in (ITEM, MENU):
            self.signals.append((member, message.body))
        elif kind is MessageType.method_call and member == "RegisterStatusNotifierItem":
            self.items.append(message.body[0])
            self.connection.send(new_method_return(message))
        elif kind is MessageType.method_call and self.answer is not None:
            types, values = self.answer
            wrong = f"{WATCHER}.Wrong"
            self.connection.send(
                new_method_return(message, types, values) if types else new_error(message, wrong)
            )
        elif kind in (MessageType.method_return, MessageType.error):
            self._replies[fields[HeaderFields.reply_serial]] = message
