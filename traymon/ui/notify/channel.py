"""What a notification channel is, and which channels each platform has."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from traymon.ui.notification_text import NotificationText

log = logging.getLogger(__name__)


class ChannelError(Exception):
    """A channel cannot be used here, or did not deliver a notification."""


class Channel(Protocol):
    """One way to show notifications. Used from one thread."""

    @property
    def name(self) -> str:
        """Its name in logs and in `traymon test-notify`."""

    @property
    def clickable(self) -> bool:
        """Whether clicks are reported; as far as is known, at best after a delivery."""

    def deliver(self, key: str, text: NotificationText, picture: str) -> None:
        """Show a notification in place of the key's last one; `picture` is a path or "".

        Raises whatever goes wrong.
        """

    def withdraw(self, key: str | None = None) -> None:
        """Take the key's notification off the screen, or every one; where that can be done.

        Raises whatever goes wrong.
        """

    def close(self) -> None:
        """Free what it holds. Notifications stay on the screen; their clicks are lost."""


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


Opener = Callable[[Clicks], Channel]  # imports its library only here; raises ChannelError
FALLBACK: Opener = _plyer
# Best first. Windows' own, the icon's balloons, are given to the notifier by the tray.
CHANNELS: Mapping[str, tuple[Opener, ...]] = {
    "linux": (_dbus, FALLBACK),
    "darwin": (_notification_center, FALLBACK),
    "win32": (FALLBACK,),
}


def open_channels(setting: str, clicks: Clicks) -> list[Channel]:
    """Return the channels that can be used here, best first.

    `setting` is `auto` for all, `plyer` for the fallback alone.
    """
    openers = CHANNELS.get(sys.platform, (FALLBACK,)) if setting == "auto" else (FALLBACK,)
    channels = []
    for opener in openers:
        try:
            channels.append(opener(clicks))
        except ChannelError as error:
            log.info("a notification channel cannot be used: %s", error)
    return channels
