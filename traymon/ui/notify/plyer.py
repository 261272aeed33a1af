"""Notifications through plyer, if nothing better works.

Clicks are never reported, and on Windows neither are failures: plyer sends from its own thread.
"""

from __future__ import annotations

import sys

from plyer import notification

from traymon import assets
from traymon.ui.notification_text import NotificationText
from traymon.ui.notify.channel import ChannelError

DISPLAY_TIME = 5  # seconds; plyer's Windows thread lives as long
NO_MARKUP = str.maketrans(
    {"&": "\N{FULLWIDTH AMPERSAND}", "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"}
)  # lookalikes that no service reads as markup


class PlyerNotifications:
    """A channel."""

    name = "plyer"
    clickable = False

    def deliver(self, key: str, text: NotificationText, picture: str) -> None:
        """Send the notification. Raises ChannelError if plyer reports a failure."""
        _send(text)

    def withdraw(self, key: str | None = None) -> None:
        """Do nothing: plyer forgets what it has sent."""

    def close(self) -> None:
        """Do nothing: plyer holds nothing."""


def _send(text: NotificationText) -> None:
    title, body = _no_option(text.title), _no_option(text.body)
    if sys.platform == "linux":  # services read the body as markup, and plyer does not escape it
        body = body.translate(NO_MARKUP)
    # On Windows plyer adds a tray icon for the balloon, which needs a picture.
    icon = str(assets.folder() / "icons" / "traymon.ico") if sys.platform == "win32" else ""
    try:
        notification.notify(
            title=title, message=body, app_name="traymon", app_icon=icon, timeout=DISPLAY_TIME
        )
    except Exception as error:  # plyer raises whatever its platform's module raises
        raise ChannelError(f"{type(error).__name__}: {error}") from error


def _no_option(text: str) -> str:
    """Return the text so that notify-send does not read a leading dash as an option."""
    return f" {text}" if text.startswith("-") else text
