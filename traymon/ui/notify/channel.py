"""What a notification channel is, and which channels each platform has."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Protocol

from traymon.core.notification import Outcome
from traymon.ui.notification_text import NotificationText

log = logging.getLogger(__name__)


class ChannelError(Exception):
    """A channel cannot be used here, or did not deliver a notification."""


# Called from any thread with DELIVERED or FAILED, and with what is wrong or in doubt, or "".
Settle = Callable[[Outcome, str], None]


class Channel(Protocol):
    """One way to show notifications. Used from one thread."""

    @property
    def name(self) -> str:
        """Its name in logs and in `traymon test-notify`."""

    @property
    def clickable(self) -> bool:
        """Whether clicks are reported; as far as is known, at best after a delivery."""

    def prepare(self) -> None:
        """Load what a delivery needs, since its files may be gone by then. Shows nothing.

        Raises whatever goes wrong.
        """

    def deliver(self, key: str, text: NotificationText, picture: str, settle: Settle) -> Outcome:
        """Show a notification in place of the key's last one; `picture` is a path or "".

        Returns DELIVERED, or UNKNOWN if nobody has answered yet: `settle` is then called with the
        outcome as soon as there is one. Raises whatever goes wrong.
        """

    def withdraw(self, key: str | None = None) -> None:
        """Take the key's notification off the screen, or every one; where that can be done.

        Raises whatever goes wrong.
        """

    def close(self) -> None:
        """Free what it holds. Notifications stay on the screen; their clicks are lost."""


def outcome_of(sending: Future[str], timeout: float, settle: Settle) -> Outcome:
    """Return what `Channel.deliver` returns, or raise ChannelError, after `timeout` s at most.

    `sending` ends with what is in doubt, or "", or with the exception that made it fail. It may end
    later; then `settle` is called.
    """

    def report(sending: Future[str]) -> None:
        if sending.cancelled():  # traymon ends
            return
        if error := sending.exception():
            settle(Outcome.FAILED, reason(error))
        else:
            settle(Outcome.DELIVERED, sending.result())

    wait([sending], timeout)
    if not sending.done():
        sending.add_done_callback(report)
        return Outcome.UNKNOWN
    if error := sending.exception():
        raise ChannelError(reason(error)) from error
    return Outcome.DELIVERED


def reason(error: BaseException) -> str:
    """Return what an exception says, or else what it is."""
    return str(error) or type(error).__name__


@dataclass(frozen=True, slots=True)
class Clicks:
    """Who is called for a click on a notification, from any thread."""

    on_click: Callable[[str], None]  # with the notification's key
    on_button: Callable[[str, str], None] = lambda key, button: None  # ..., and a key of BUTTONS


def _dbus(clicks: Clicks) -> Channel:
    from traymon.ui.notify.dbus import DBusNotifications

    return DBusNotifications(clicks)


def _notification_center(clicks: Clicks) -> Channel:
    from traymon.ui.notify.macos import MacNotifications

    return MacNotifications(clicks)


def _plyer(clicks: Clicks) -> Channel:
    from traymon.ui.notify.plyer import PlyerNotifications

    return PlyerNotifications()


Opener = Callable[[Clicks], Channel]  # imports its library only here; raises whatever goes wrong
FALLBACK: Opener = _plyer
# Best first. Windows' own, the icon's balloons, are given to the notifier by the tray.
CHANNELS: Mapping[str, tuple[Opener, ...]] = {
    "linux": (_dbus, FALLBACK),
    "darwin": (_notification_center, FALLBACK),
    "win32": (FALLBACK,),
}


class Channels:
    """This platform's channels, best first; each is opened when it is first asked for."""

    def __init__(self, setting: str, clicks: Clicks) -> None:
        """`setting` is `auto` for all, `plyer` for the fallback alone, `off` for none."""
        self._clicks = clicks
        self._preferred: list[Channel] = []
        self._auto = setting == "auto"
        openers = CHANNELS.get(sys.platform, (FALLBACK,)) if self._auto else (FALLBACK,)
        self._openers = () if setting == "off" else openers
        self._open: dict[Opener, Channel] = {}

    def prefer(self, channel: Channel) -> None:
        """Put a channel before all others."""
        if self._auto:
            self._preferred.append(channel)

    def open_all(self) -> list[Channel]:
        """Return the channels that can be used now; what cannot be opened is tried next time."""
        for opener in self._openers:
            if opener not in self._open:
                try:
                    self._open[opener] = opener(self._clicks)
                except ChannelError as error:
                    log.info("a notification channel cannot be used: %s", error)
                except Exception as error:  # whatever its library raises, the others are used
                    log.warning("a notification channel cannot be opened: %r", error)
        return self.opened

    @property
    def opened(self) -> list[Channel]:
        """The channels that are open."""
        return [
            *self._preferred,
            *(self._open[each] for each in self._openers if each in self._open),
        ]
