"""Notices through plyer, where nothing better is there. The only importer of plyer.

No clicks on any platform, and on Windows no word of failure: plyer sends from a thread of its own.
"""

from __future__ import annotations

import sys

from plyer import notification

from traymon import assets
from traymon.ui.presenter import NotificationText

SHOWN_FOR = 5  # seconds; plyer's Windows thread lives as long
NO_MARKUP = str.maketrans(
    {"&": "\N{FULLWIDTH AMPERSAND}", "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"}
)  # what looks like them and starts nothing


class PlyerError(Exception):
    """plyer could not send."""


def deliver(text: NotificationText) -> None:
    """Send a notice and hope. Raises PlyerError where plyer says that it failed."""
    title, body = _no_option(text.title), _no_option(text.body)
    if sys.platform == "linux":  # there the body is markup, and plyer escapes nothing
        body = body.translate(NO_MARKUP)
    # The picture of the second tray icon that plyer's Windows part shows with the notice.
    icon = str(assets.folder() / "icons" / "traymon.ico") if sys.platform == "win32" else ""
    try:
        notification.notify(
            title=title, message=body, app_name="traymon", app_icon=icon, timeout=SHOWN_FOR
        )
    except Exception as error:  # plyer raises whatever its platform's module happens to raise
        raise PlyerError(f"{type(error).__name__}: {error}") from error


def _no_option(text: str) -> str:
    """Return text that notify-send takes for text: a dash first would lose the notice."""
    return f" {text}" if text.startswith("-") else text
