"""Notifications through the desktop's service on the session bus, with clicks.

No retries and no other channel: those are the policy's and the notifier's.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from html import escape
from itertools import count
from typing import Any

from jeepney import HeaderFields, Message, new_method_call

from traymon.core.notification import Outcome
from traymon.ui.notification_text import BUTTONS, NotificationText, sign
from traymon.ui.notify.channel import ChannelError, Clicks, Settle, outcome_of, reason
from traymon.ui.notify.notification_service import INTERFACE, Service, ServiceWatch
from traymon.ui.notify.shown import Shown, ShownNotifications
from traymon.ui.session_bus import (
    BUS,
    CallError,
    Handlers,
    NoBus,
    Reply,
    SessionBus,
    answer,
    connect,
)

log = logging.getLogger(__name__)

REPLY_TIMEOUT = 5.0  # seconds after which a notification is said to be unanswered
PATIENCE = 60.0  # seconds before an unanswered service is asked whether it answers at all
CLOSE_TIMEOUT = 1.0  # seconds for notifications to leave the screen
ENDED = "the notification service has ended"
MAX_LOSSES = 2  # a notification that ends services is sent to so many more, to the last one bare
NORMAL, CRITICAL = 1, 2  # urgency, Desktop Notifications Specification
# xfce4-notifyd shows the default action as a button, so it needs a label that says what it does
DEFAULT_ACTION = ("default", "Show fix steps")
# what the bus says of a call that nobody has received
NOT_RECEIVED = {f"{BUS}.Error.ServiceUnknown", f"{BUS}.Error.NameHasNoOwner"}


@dataclass(eq=False, slots=True)
class _Attempt:
    """A notification that was sent, until the service has answered."""

    key: str
    text: NotificationText
    picture: str
    order: int  # a later attempt has a higher one
    sent_to: str = ""  # the service's unique name; "" if it was not known
    sendings: int = 0  # only the reply to the last one counts
    losses: int = 0  # services that have ended before they answered
    withdrawn: bool = False
    outcome: Future[str] = field(default_factory=Future)  # the result: "", or what is in doubt


class DBusNotifications:
    """A channel. Its connection stays open, or clicks would be lost."""

    name = "D-Bus"

    def __init__(self, clicks: Clicks, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._bus: SessionBus | None = None
        self._watch: ServiceWatch | None = None
        self._shown = ShownNotifications(clicks)
        self._lock = threading.Lock()  # for what is pending: replies come in the reading thread
        self._pending: set[_Attempt] = set()
        self._orders = count(1)

    @property
    def clickable(self) -> bool:
        """Whether the present service reports clicks, by its own word."""
        return self._watch is not None and self._watch.service.actions

    def prepare(self) -> None:
        """Connect, and ask a service that runs what it can do. Raises ChannelError or OSError."""
        self._connected()

    def deliver(self, key: str, text: NotificationText, picture: str, settle: Settle) -> Outcome:
        """Show the notification in place of the key's last one. Raises ChannelError.

        It is unknown while the service that took it lives and does not answer. If that service
        answers another question later, the notification counts as delivered: it was most likely
        shown, and a second one would be one too many. If it ends, the next one gets it.
        """
        attempt = _Attempt(key, text, picture, next(self._orders))
        with self._lock:
            self._pending.add(attempt)
        attempt.outcome.add_done_callback(lambda _: self._end(attempt))
        try:
            self._connected().learn(REPLY_TIMEOUT)
            self._send(attempt)
        except Exception as error:  # whatever it is, the attempt must be answered
            answer(attempt.outcome, error)
            self.close()  # the next notification tries a fresh connection
        outcome = outcome_of(attempt.outcome, REPLY_TIMEOUT, settle)
        if outcome is Outcome.UNKNOWN:
            self._ask_later(attempt)
        return outcome

    def _end(self, attempt: _Attempt) -> None:
        with self._lock:
            self._pending.discard(attempt)

    def withdraw(self, key: str | None = None) -> None:
        """Close the key's notification, or every one that is still shown. Raises ChannelError."""
        with self._lock:
            for attempt in self._pending:
                attempt.withdrawn |= key in (None, attempt.key)
        if self._bus is None or self._bus.closed:  # the service has forgotten us, or is gone
            return
        try:
            wait(
                [reply for each in self._shown.of(key) if (reply := self._close(each))],
                CLOSE_TIMEOUT,
            )
        except OSError as error:
            raise ChannelError(reason(error)) from error

    def close(self) -> None:
        """Leave the bus."""
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()

    def _connected(self) -> ServiceWatch:
        if self._bus is None or self._watch is None or self._bus.closed:
            self._shown.forget()
            try:
                self._bus = connect(Handlers(on_signal=self._take_signal))
            except NoBus as error:
                raise ChannelError(str(error)) from error
            self._watch = ServiceWatch(self._bus, self._forget)
            self._watch.begin()
        return self._watch

    # Sending

    def _send(self, attempt: _Attempt, bare: bool = False) -> None:
        """Send an attempt; `bare` leaves out all that a service might not take. Raises OSError."""
        if self._bus is None or self._watch is None:
            raise ChannelError("the session bus is gone")
        with self._lock:  # `_forget` must find whom it was sent to
            service = self._watch.service
            attempt.sent_to = service.owner or ""
            attempt.sendings += 1
            sending = attempt.sendings
        replaces = 0 if bare else self._shown.number_of(attempt.key, service.owner)
        # by its unique name, if known: another service would take the number for one of its own
        values = (_bare if bare else _full)(attempt, service)
        call = new_method_call(
            service.address, "Notify", "susssasa{sv}i", ("traymon", replaces, *values, -1)
        )
        self._bus.send(call, partial(self._take_reply, attempt, sending, bare, replaces))

    def _take_reply(
        self, attempt: _Attempt, sending: int, bare: bool, replaces: int, reply: Reply
    ) -> None:
        """Take what became of an attempt; called in the reading thread."""
        error = reply.exception()
        try:
            if error is None:
                try:
                    self._remember(attempt, replaces, reply.result())
                finally:  # the service has taken it, whatever else has failed
                    answer(attempt.outcome, "")
            elif attempt.outcome.done() or sending != attempt.sendings:
                pass
            elif _was_not_received(error) and attempt.sent_to and self._watch is not None:
                self._watch.lose(attempt.sent_to)
                self._send(attempt, bare)  # to whoever has the service's name now
            elif _was_refused(error) and not bare:
                log.warning("a notification is refused (%s); it is sent plain", error)
                self._send(attempt, bare=True)
            else:
                answer(attempt.outcome, error)
        except Exception as fault:  # whatever it is, the attempt must be answered
            log.exception("a reply of the notification service could not be handled")
            answer(attempt.outcome, fault)

    def _remember(self, attempt: _Attempt, replaces: int, message: Message) -> None:
        """Keep the number of a notification, so that clicks and the next one find it."""
        owner = message.header.fields.get(HeaderFields.sender, "")
        number = next((each for each in message.body if isinstance(each, int)), 0)
        is_present = self._watch is not None and self._watch.is_present(owner)
        if not is_present:  # what it shows goes with it
            answer(attempt.outcome, ChannelError(ENDED))
        shown = Shown(owner, number, attempt.order)
        if attempt.withdrawn or not is_present:
            self._close(shown)
        elif surplus := self._shown.add(attempt.key, shown, replaces):
            self._close(surplus)

    def _ask_later(self, attempt: _Attempt) -> None:
        """Ask an unanswered service something else later, to learn whether it answers at all.

        One that hangs shows the notification once it goes on; then its own answer comes first.
        """

        def take(reply: Reply) -> None:
            error = reply.exception()
            if error is None or _was_refused(error):
                answer(attempt.outcome, "the notification service does not confirm notifications")

        def ask() -> None:
            service = Service(attempt.sent_to)
            if self._bus is not None and not attempt.outcome.done():
                with suppress(OSError):  # the bus is gone, which ends the attempt
                    self._bus.send(new_method_call(service.address, "GetServerInformation"), take)

        timer = threading.Timer(self._patience, ask)
        timer.daemon = True
        attempt.outcome.add_done_callback(lambda _: timer.cancel())
        try:
            timer.start()
        except RuntimeError as error:  # no thread is left; the service may still answer by itself
            log.warning("an unanswered notification cannot be followed up: %s", error)

    def _close(self, shown: Shown) -> Reply | None:
        """Take a notification off the screen; return the reply that may come. Raises OSError."""
        if self._bus is None or not shown.number:
            return None
        service = Service(shown.owner)
        call = new_method_call(service.address, "CloseNotification", "u", (shown.number,))
        return self._bus.send(call)

    # Signals, in the reading thread

    def _forget(self, owner: str) -> None:
        """Forget what a former service gave; send what it has not answered to the present one."""
        self._shown.forget(owner)
        with self._lock:
            pending = [each for each in self._pending if each.sent_to == owner]
        for attempt in pending:
            attempt.losses += 1
            try:
                if attempt.withdrawn or attempt.losses > MAX_LOSSES:
                    raise ChannelError(ENDED)
                self._send(attempt, bare=attempt.losses == MAX_LOSSES)
            except Exception as error:  # whatever it is, the attempt must be answered
                answer(attempt.outcome, error)

    def _take_signal(self, message: Message) -> None:
        fields, watch = message.header.fields, self._watch
        sender, member = fields.get(HeaderFields.sender), fields.get(HeaderFields.member)
        if watch is not None and sender == BUS and member == "NameOwnerChanged":
            watch.take_change(message)
        elif fields.get(HeaderFields.interface) == INTERFACE:
            self._shown.take_signal(sender, member, message.body)


def _full(attempt: _Attempt, service: Service) -> tuple[Any, ...]:
    """Return picture, title, body, actions and hints as this service can show them."""
    text = attempt.text
    title, body = _words(text, service, with_hint=service.whole_is_clickable)
    return (
        attempt.picture,
        title,
        body,
        _actions(text) if service.actions and text.clickable else [],
        {
            "urgency": ("y", CRITICAL if text.urgent else NORMAL),
            "desktop-entry": ("s", "traymon"),
        },
    )


def _bare(attempt: _Attempt, service: Service) -> tuple[Any, ...]:
    """Return the same with nothing but title and body."""
    title, body = _words(attempt.text, service, with_hint=False)
    return "", title, body, [], {}


def _words(text: NotificationText, service: Service, *, with_hint: bool) -> tuple[str, str]:
    """Return title and body as this service reads them."""
    title, body = text.title, text.clickable_body if with_hint else text.body
    if not service.names_sender:
        title, body = sign(title, body)
    return title, escape(body, quote=False) if service.markup else body


def _actions(text: NotificationText) -> list[str]:
    """Return the notification's actions as the service takes them: a flat list of name, label."""
    return [*DEFAULT_ACTION, *(part for name in text.buttons for part in (name, BUTTONS[name]))]


def _was_refused(error: BaseException) -> bool:
    """Tell whether the service itself has answered with an error."""
    return isinstance(error, CallError) and not error.is_of_the_bus


def _was_not_received(error: BaseException) -> bool:
    """Tell whether the bus says that nobody has received the call."""
    return isinstance(error, CallError) and error.is_of_the_bus and error.name in NOT_RECEIVED
