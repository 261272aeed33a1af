"""Sends desktop notifications through the best channel of this desktop. Never raises.

Decides nothing about what to announce or when. Whatever goes wrong, an attempt is answered.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from traymon.core.notification import Outcome
from traymon.core.vocabulary import Light
from traymon.ui.notification_text import NotificationText
from traymon.ui.notify.channel import Channel, Channels, Clicks
from traymon.ui.worker import TaskQueue

log = logging.getLogger(__name__)

STOP_TIMEOUT = 2.0  # seconds for what is still to be sent
TEST_TIMEOUT = 25.0  # seconds for a test notification; after as many, D-Bus' own libraries give up
UNANSWERED = "the notification service has not answered yet"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to send a notification, and what became of it."""

    title: str
    channel: str  # "" if none can be used
    outcome: Outcome
    why: str = ""  # why it failed, or what is in doubt


@dataclass(frozen=True, slots=True)
class _Order:
    """A notification to be sent."""

    key: str
    compose: Callable[[], NotificationText]
    on_done: Callable[[Outcome], None]
    on_attempt: Callable[[Attempt], None]

    def note(self, title: str, channel: str, outcome: Outcome, why: str) -> None:
        """Hand on an attempt, whatever becomes of that."""
        try:
            self.on_attempt(Attempt(title, channel, outcome, why))
        except Exception:  # the notification has been sent, or not
            log.exception("an attempt through %s cannot be kept", channel or "no channel")


@dataclass(frozen=True, slots=True)
class ChannelResult:
    """What became of a test notification."""

    channel: str
    outcome: Outcome
    why: str  # why it failed, or what is in doubt
    clickable: bool


class Notifier:
    """Sends notifications from a thread of its own, in order.

    There is one notification per key on the screen: a new one takes the last one's place.
    """

    def __init__(
        self,
        clicks: Clicks,
        on_trouble: Callable[[str], None],
        setting: str = "auto",
        picture: Callable[[Light, bool], str] = lambda light, marked: "",
    ) -> None:
        """Nothing is opened before `prepare` or the first notification.

        `on_trouble` gets why a notification was not delivered, or "" once one is. `setting` is
        `auto`, `plyer` or `off`. `picture` returns the path of a light's picture,
        with the mark of a missing program or without.
        """
        self._on_trouble, self._picture = on_trouble, picture
        self._is_off = setting == "off"
        self._channels = Channels(setting, clicks)
        self._tasks = TaskQueue("notifier")

    def prefer(self, channel: Channel) -> None:
        """Try this channel before all others. To be called before the first notification."""
        self._channels.prefer(channel)

    def prepare(self, load: Callable[[], object]) -> None:
        """Load all that a notification needs, and `load` its texts; returns at once.

        A program whose files are replaced while it runs can load nothing more.
        """
        if not self._is_off:
            self._tasks.post(partial(self._prepare, load))

    def notify(
        self,
        key: str,
        compose: Callable[[], NotificationText],
        on_done: Callable[[Outcome], None] = lambda outcome: None,
        on_attempt: Callable[[Attempt], None] = lambda attempt: None,
    ) -> None:
        """Send a notification; returns at once.

        `compose` is called in the notifier's thread, and so is `on_done`: once with what became
        of the notification, or first with UNKNOWN, and again once that is known. `on_attempt` is
        called likewise for each channel that was tried.
        """
        self._tasks.post(partial(self._send, _Order(key, compose, on_done, on_attempt)))

    def withdraw(self, key: str | None = None) -> None:
        """Take the key's notification off the screen, or every one; returns at once."""
        self._tasks.post(partial(self._withdraw, key))

    def test(self, compose: Callable[[str], NotificationText]) -> list[ChannelResult]:
        """Send a notification through every channel, in the caller's thread, and wait for it.

        `compose` gets the channel's name, which is also the key that a click reports.
        """
        return [_test(each, compose(each.name)) for each in self._channels.open_all()]

    def stop(self) -> None:
        """Send what was asked for before, then close the channels."""
        self._tasks.stop(STOP_TIMEOUT)
        for channel in self._channels.opened:
            try:
                channel.close()
            except Exception as error:  # whatever it raises, the others are closed
                log.warning("%s cannot be closed: %s", channel.name, error)

    # In the notifier's thread

    def _prepare(self, load: Callable[[], object]) -> None:
        steps: list[Callable[[], object]] = [load]
        steps += [partial(self._picture, light, False) for light in Light]
        steps.append(partial(self._picture, Light.GREEN, True))
        steps += [channel.prepare for channel in self._channels.open_all()]
        for step in steps:
            try:
                step()
            except Exception as error:  # tried again with the first notification
                log.info("not everything for notifications is ready: %s", error)
        log.info("notifications are prepared")

    def _withdraw(self, key: str | None) -> None:
        for channel in self._channels.opened:
            try:
                channel.withdraw(key)
            except Exception as error:  # whatever it raises, the others are asked
                log.warning("%s does not close a notification: %s", channel.name, error)

    def _send(self, order: _Order) -> None:
        outcome = Outcome.FAILED
        try:
            text = order.compose()
            log.info("notification: %s | %s", text.title, text.body)
            # switched off counts as delivered: it is what the user wants
            if self._is_off:
                outcome = Outcome.DELIVERED
            else:
                outcome = self._deliver(order, text, self._channels.open_all(), ())
        finally:
            order.on_done(outcome)

    def _deliver(
        self,
        order: _Order,
        text: NotificationText,
        channels: Sequence[Channel],
        reasons: Sequence[str],
    ) -> Outcome:
        """Deliver through the first channel that works; `reasons` say why those before failed."""
        picture = self._picture_of(text)
        for number, channel in enumerate(channels, 1):
            go_on = partial(self._deliver, order, text, channels[number:])
            note = partial(order.note, text.title, channel.name)
            settle = partial(self._settle, order, channel, go_on, note, reasons)
            try:
                outcome = channel.deliver(order.key, text, picture, settle)
            except Exception as error:  # whatever it raises, the next channel is tried
                reasons = [*reasons, f"{channel.name}: {error}"]
                log.warning("no notification through %s: %s", channel.name, error)
                note(Outcome.FAILED, str(error))
            else:
                trouble = ""
                if outcome is Outcome.UNKNOWN:
                    trouble = f"{channel.name}: {UNANSWERED}"
                    log.warning("%s", trouble)
                self._report(trouble)
                note(outcome, trouble)
                return outcome
        if not reasons:
            reasons = ["no channel can be used"]
            order.note(text.title, "", Outcome.FAILED, reasons[0])
        self._report("; ".join(reasons))
        return Outcome.FAILED

    def _settle(
        self,
        order: _Order,
        channel: Channel,
        go_on: Callable[[Sequence[str]], Outcome],
        note: Callable[[Outcome, str], None],
        reasons: Sequence[str],
        outcome: Outcome,
        why: str,
    ) -> None:
        """Take what became of an unknown notification; from any thread."""
        why = why and f"{channel.name}: {why}"

        def finish() -> None:
            result = Outcome.FAILED
            try:
                note(outcome, why)
                if outcome is Outcome.DELIVERED:
                    result = outcome
                    self._report(why)
                else:
                    log.warning("no notification through %s", why)
                    result = go_on([*reasons, why])  # through the next channels
            finally:
                order.on_done(result)

        self._tasks.post(finish)

    def _picture_of(self, text: NotificationText) -> str:
        try:
            return self._picture(text.light, text.marked)
        except Exception as error:  # whatever it raises, the text goes out
            log.warning("no picture for the notification: %s", error)
            return ""

    def _report(self, trouble: str) -> None:
        try:
            self._on_trouble(trouble)
        except Exception:  # nothing that shows the trouble may add to it
            log.exception("the trouble with notifications cannot be shown: %s", trouble)


def _test(channel: Channel, text: NotificationText) -> ChannelResult:
    settled = threading.Event()
    late: list[tuple[Outcome, str]] = []

    def settle(outcome: Outcome, why: str) -> None:
        late.append((outcome, why))
        settled.set()

    try:
        outcome, why = channel.deliver(channel.name, text, "", settle), ""
    except Exception as error:  # whatever it raises, the next channel is tried
        return ChannelResult(channel.name, Outcome.FAILED, str(error), clickable=False)
    if outcome is Outcome.UNKNOWN:
        settled.wait(TEST_TIMEOUT)
        outcome, why = late[0] if late else (outcome, UNANSWERED)
    return ChannelResult(channel.name, outcome, why, channel.clickable)
