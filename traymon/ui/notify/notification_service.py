"""Which program is the desktop's notification service now, and what it says about itself.

Nothing that was learned from one outlives it: a desktop may replace its service at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import wait
from dataclasses import dataclass, replace

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, MessageFlag, new_method_call
from jeepney.bus_messages import message_bus

from traymon.ui.session_bus import BUS, Reply, SessionBus

NAME = "org.freedesktop.Notifications"
PATH, INTERFACE = "/org/freedesktop/Notifications", NAME
BUTTONS_ONLY = {"Xfce Notify Daemon"}  # a click beside the buttons only closes the notification
NAME_SENDER = {"gnome-shell", "Plasma"}  # they show the application's name beside the text


@dataclass(frozen=True, slots=True)
class Service:
    """The notification service, as far as it is known."""

    owner: str | None = None  # its unique name on the bus; "" if none runs, None if not known
    name: str = ""
    capabilities: tuple[str, ...] | None = None  # None: it has not said

    @property
    def address(self) -> DBusAddress:
        """Where to call it: by its unique name, or else so that the bus may start one."""
        return DBusAddress(PATH, bus_name=self.owner or NAME, interface=INTERFACE)

    @property
    def markup(self) -> bool:
        """Whether it reads bodies as markup."""
        return "body-markup" in (self.capabilities or ())

    @property
    def actions(self) -> bool:
        """Whether it shows buttons and reports clicks."""
        return "actions" in (self.capabilities or ())

    @property
    def whole_is_clickable(self) -> bool:
        """Whether a click anywhere on a notification is reported."""
        return self.actions and self.name not in BUTTONS_ONLY

    @property
    def names_sender(self) -> bool:
        """Whether it shows which application sent a notification, as far as is known."""
        return self.name in NAME_SENDER


class ServiceWatch:
    """Follows the service on one connection, and asks each new one what it can do."""

    def __init__(self, bus: SessionBus, on_change: Callable[[str], None]) -> None:
        """`on_change` gets the former owner of the service's name, in the reading thread."""
        self._bus, self._on_change = bus, on_change
        self._questions: Sequence[Reply] = ()
        self.service = Service()  # replaced as a whole, in the reading thread

    def begin(self) -> None:
        """Subscribe to the service's signals and to its changes; returns at once. Raises OSError.

        A service that runs is asked what it can do; none is started for that.
        """
        changes = MatchRule(type="signal", sender=BUS, member="NameOwnerChanged")
        changes.add_arg_condition(0, NAME)
        signals = MatchRule(type="signal", sender=NAME, interface=INTERFACE, path=PATH)
        for rule in (changes, signals):
            self._bus.send(message_bus.AddMatch(rule))
        self._ask(may_start=False)

    def learn(self, timeout: float) -> Service:
        """Return the service with what it can do; wait for its answers, and start it if need be.

        What it has not said after `timeout` seconds counts as not there. Raises OSError.
        """
        if self.service.capabilities is None:
            wait(self._questions, timeout)
            if self.service.capabilities is None and all(each.done() for each in self._questions):
                self._ask(may_start=True)  # none ran, or it has refused to say
        wait(self._questions, timeout)
        return self.service

    def take_change(self, message: Message) -> None:
        """Take the bus's signal that a name has a new owner."""
        match message.body:
            case (str(name), str(before), str(after)) if name == NAME:
                self.service = Service(after)
                if before:
                    self._on_change(before)
                if after:
                    self._ask(may_start=False)

    def lose(self, owner: str) -> None:
        """Forget the service if it is this one, which is not on the bus any more."""
        if self.service.owner == owner:
            self.service = Service()

    def is_present(self, sender: str) -> bool:
        """Tell whether the sender of a message is the service; the first one heard of is."""
        if self.service.owner is None:
            self.service = replace(self.service, owner=sender)
        return self.service.owner == sender

    def _ask(self, *, may_start: bool) -> None:
        questions = {
            "GetCapabilities": self._take_capabilities,
            "GetServerInformation": self._take_name,
        }
        replies = []
        for method, take in questions.items():
            call = new_method_call(self.service.address, method)
            if not may_start:
                call.header.flags |= MessageFlag.no_auto_start
            replies.append(self._bus.send(call, take))
        self._questions = replies

    def _take_capabilities(self, reply: Reply) -> None:
        match self._body(reply):
            case (list(capabilities), *_):
                known = tuple(each for each in capabilities if isinstance(each, str))
                self.service = replace(self.service, capabilities=known)

    def _take_name(self, reply: Reply) -> None:
        match self._body(reply):
            case (str(name), *_):
                self.service = replace(self.service, name=name)

    def _body(self, reply: Reply) -> tuple[object, ...]:
        """Return what the present service has answered; () if it failed or was another one."""
        if reply.exception() is not None:
            return ()
        message = reply.result()
        body: tuple[object, ...] = message.body
        return body if self.is_present(message.header.fields.get(HeaderFields.sender, "")) else ()
