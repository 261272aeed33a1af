"""Notifications through plyer, if nothing better works.

Clicks are never reported, and on Windows neither are failures: plyer sends from its own thread. On
Linux it may call `notify-send` and does not look at how that ended; here it has to.
"""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Sequence
from types import SimpleNamespace

from plyer import notification

from traymon import assets
from traymon.core.notification import Outcome
from traymon.ui.notification_text import NotificationText, sign
from traymon.ui.notify.channel import ChannelError, Settle

DISPLAY_TIME = 5  # seconds; plyer's Windows thread lives as long
NO_MARKUP = str.maketrans(
    {"&": "\N{FULLWIDTH AMPERSAND}", "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"}
)  # lookalikes that no service reads as markup


class PlyerNotifications:
    """A channel."""

    name = "plyer"
    clickable = False

    def prepare(self) -> None:
        """Have plyer choose and load its platform's module."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are for packagers
            _ = notification.notify
        if sys.platform == "linux":
            from plyer.platforms.linux import notification as backend

            backend.subprocess = SimpleNamespace(call=_run, run=_run, DEVNULL=subprocess.DEVNULL)

    def deliver(self, key: str, text: NotificationText, picture: str, settle: Settle) -> Outcome:
        """Send the notification. Raises ChannelError if plyer reports a failure."""
        self.prepare()
        _send(text)
        return Outcome.DELIVERED

    def withdraw(self, key: str | None = None) -> None:
        """Do nothing: plyer forgets what it has sent."""

    def close(self) -> None:
        """Do nothing: plyer holds nothing."""


def _send(text: NotificationText) -> None:
    title, body = map(_no_option, sign(text.title, text.body))
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


def _run(command: Sequence[str], **_options: object) -> None:
    """Run plyer's command. Raises OSError with what it complains of, if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        complaint = done.stderr.strip() or f"exit code {done.returncode}"
        raise ChildProcessError(f"{command[0]}: {complaint}")


def _no_option(text: str) -> str:
    """Return the text so that notify-send does not read a leading dash as an option."""
    return f" {text}" if text.startswith("-") else text
