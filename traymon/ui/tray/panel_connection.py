"""The way to a panel that shows StatusNotifierItems, and whether there is one now.

Panels register with a watcher, which programs tell of their items. Either may start late, end, or
be replaced at any time; often both are one program.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageFlag, new_method_call
from jeepney.bus_messages import message_bus

from traymon.ui.bus_object import PROPERTIES, BusObject, answer_call
from traymon.ui.session_bus import BUS, CallError, Handlers, Reply, connect

NAME = INTERFACE = "org.kde.StatusNotifierWatcher"
PATH = "/StatusNotifierWatcher"
HAS_HOST = "IsStatusNotifierHostRegistered"
HOST_SIGNALS = {"StatusNotifierHostRegistered", "StatusNotifierHostUnregistered"}


class PanelConnection:
    """A connection to the session bus on which panels find this program's icon."""

    def __init__(
        self,
        objects: Sequence[BusObject],
        on_change: Callable[[], None],
        on_end: Callable[[PanelConnection], None],
    ) -> None:
        """Connect, and offer the objects. Raises NoBus.

        `on_change` is called when `has_panel` changes, `on_end` when the bus is gone; both in the
        connection's reading thread.
        """
        self.has_panel = False
        self._on_change = on_change
        self._watcher = ""  # its unique name; "" while there is none
        self._is_offered = False  # every watcher is told of the item
        self._heard = threading.Event()  # set once it is known whether there is a panel
        self._bus = connect(
            Handlers(self._take_signal, partial(answer_call, objects), lambda: on_end(self))
        )

    @property
    def has_watcher(self) -> bool:
        """Whether panels have somebody to register with: then this is a desktop."""
        return bool(self._watcher)

    @property
    def is_closed(self) -> bool:
        """Whether it has ended, by whichever side."""
        return self._bus.closed

    def begin(self, timeout: float) -> None:
        """Follow the panels from now on; wait for the first answer, at most `timeout` seconds.

        Raises OSError.
        """
        changes = MatchRule(type="signal", sender=BUS, member="NameOwnerChanged")
        changes.add_arg_condition(0, NAME)
        hosts = MatchRule(type="signal", sender=NAME, interface=INTERFACE, path=PATH)
        for rule in (changes, hosts):
            self._bus.send(message_bus.AddMatch(rule))
        self._bus.send(message_bus.GetNameOwner(NAME), self._take_owner)
        self._heard.wait(timeout)

    def offer(self) -> None:
        """Tell the watcher of this program's item, and every watcher that comes later."""
        self._is_offered = True
        self._register()

    def emit(self, signal: Message) -> None:
        """Send a signal of one of the objects. Does nothing once the bus is gone."""
        with suppress(OSError):  # as in `_send`
            self._bus.emit(signal)

    def close(self) -> None:
        """Leave the bus; the icon goes from the panel."""
        self._bus.close()

    def _take_signal(self, message: Message) -> None:
        """Take a signal of the bus or of the watcher."""
        fields = message.header.fields
        sender, member = fields.get(HeaderFields.sender), fields.get(HeaderFields.member)
        if sender == BUS and member == "NameOwnerChanged":
            match message.body:
                case (str(name), _, str(owner)) if name == NAME:
                    self._take_watcher(owner)
        elif sender == self._watcher and member in HOST_SIGNALS:
            self._ask()

    def _take_owner(self, reply: Reply) -> None:
        body = () if reply.exception() else reply.result().body
        match body:
            case (str(owner),):
                self._take_watcher(owner)
            case _:  # there is no watcher, hence no panel
                self._heard.set()

    def _take_watcher(self, owner: str) -> None:
        self._watcher = owner
        self._set(False)
        if owner:
            self._ask()
            if self._is_offered:
                self._register()

    def _register(self) -> None:
        if self._watcher:
            address = DBusAddress(PATH, bus_name=self._watcher, interface=INTERFACE)
            item = self._bus.unique_name
            self._send(new_method_call(address, "RegisterStatusNotifierItem", "s", (item,)))

    def _ask(self) -> None:
        """Ask the watcher whether it has a panel."""
        watcher = self._watcher
        address = DBusAddress(PATH, bus_name=watcher, interface=PROPERTIES)
        call = new_method_call(address, "Get", "ss", (INTERFACE, HAS_HOST))
        call.header.flags |= MessageFlag.no_auto_start

        def take(reply: Reply) -> None:
            if watcher != self._watcher:  # it was replaced meanwhile
                return
            error = reply.exception()
            if error is not None:
                # one that does not say is itself the panel, as simple ones are
                self._set(isinstance(error, CallError) and not error.is_of_the_bus)
            else:
                match reply.result().body:
                    case ((_, bool(has_panel)),):
                        self._set(has_panel)
            self._heard.set()

        self._send(call, take)

    def _send(self, call: Message, then: Callable[[Reply], None] | None = None) -> None:
        with suppress(OSError):  # the bus is gone: `on_end` is called
            self._bus.send(call, then)

    def _set(self, has_panel: bool) -> None:
        if has_panel != self.has_panel:
            self.has_panel = has_panel
            self._on_change()
