"""Sends desktop notifications through the best channel of this desktop. Never raises.

Decides nothing about what to announce or when.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from traymon.core.vocabulary import Light
from traymon.ui.notification_text import NotificationText
from traymon.ui.notify.channel import Channel, Clicks, open_channels
from traymon.ui.worker import Worker

log = logging.getLogger(__name__)

STOP_TIMEOUT = 2.0  # seconds for what is still to be sent


@dataclass(frozen=True, slots=True)
class _Order:
    """A notification to be sent."""

    key: str
    compose: Callable[[], NotificationText]
    on_done: Callable[[bool], None]


@dataclass(frozen=True, slots=True)
class _Withdrawal:
    """A notification to be taken off the screen; all of them without a key."""

    key: str | None


@dataclass(frozen=True, slots=True)
class ChannelResult:
    """What became of a test notification."""

    channel: str
    fault: str  # "" if it was delivered
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
        picture: Callable[[Light], str] = lambda light: "",
    ) -> None:
        """Nothing is opened before the first notification.

        `on_trouble` gets why a notification was not delivered, or "" once one is. `setting` is
        `auto`, `plyer` or `off`. `picture` returns the path of a light's picture.
        """
        self._clicks, self._on_trouble, self._setting = clicks, on_trouble, setting
        self._picture = picture
        self._preferred: list[Channel] = []
        self._channels: list[Channel] | None = None  # not opened yet
        self._worker: Worker[_Order | _Withdrawal] = Worker("notifier", self._handle)

    def prefer(self, channel: Channel) -> None:
        """Try this channel before all others. To be called before the first notification."""
        self._preferred.append(channel)

    def notify(
        self,
        key: str,
        compose: Callable[[], NotificationText],
        on_done: Callable[[bool], None] = lambda delivered: None,
    ) -> None:
        """Send a notification; returns at once.

        `compose` is called in the notifier's thread, and so is `on_done`, with whether the
        notification was delivered.
        """
        self._worker.post(_Order(key, compose, on_done))

    def withdraw(self, key: str | None = None) -> None:
        """Take the key's notification off the screen, or every one; returns at once."""
        self._worker.post(_Withdrawal(key))

    def test(self, text: NotificationText) -> list[ChannelResult]:
        """Send a notification through every channel, in the caller's thread."""
        results = []
        for channel in self._open_once():
            try:
                channel.deliver(channel.name, text, "")
            except Exception as error:  # whatever it raises, the next channel is tried
                results.append(ChannelResult(channel.name, str(error), clickable=False))
            else:
                results.append(ChannelResult(channel.name, "", channel.clickable))
        return results

    def stop(self) -> None:
        """Send what was asked for before, then close the channels."""
        self._worker.stop(STOP_TIMEOUT)
        for channel in self._channels or ():
            channel.close()

    def _handle(self, order: _Order | _Withdrawal) -> None:
        if isinstance(order, _Order):
            self._send(order)
            return
        for channel in self._channels or ():
            try:
                channel.withdraw(order.key)
            except Exception as error:  # whatever it raises, the others are asked
                log.warning("%s does not close a notification: %s", channel.name, error)

    def _send(self, order: _Order) -> None:
        delivered = False
        try:
            text = order.compose()
            log.info("notice: %s | %s", text.title, text.body)
            # switched off counts as delivered: it is what the user wants
            delivered = self._setting == "off" or self._deliver(order.key, text)
        finally:
            order.on_done(delivered)

    def _deliver(self, key: str, text: NotificationText) -> bool:
        """Deliver through the first channel that works; return whether one did."""
        picture = self._picture(text.light)
        reasons = []
        for channel in self._open_once():
            try:
                channel.deliver(key, text, picture)
            except Exception as error:  # whatever it raises, the next channel is tried
                reasons.append(f"{channel.name}: {error}")
                log.warning("no notice through %s: %s", channel.name, error)
            else:
                self._on_trouble("")
                return True
        self._on_trouble("; ".join(reasons))
        return False

    def _open_once(self) -> list[Channel]:
        """Return this platform's channels, best first; opened by the first caller's thread."""
        if self._channels is None:
            preferred = self._preferred if self._setting == "auto" else []
            self._channels = [*preferred, *open_channels(self._setting, self._clicks)]
        return self._channels
