"""Notices through plyer, where nothing better is there. The only importer of plyer.

No clicks on any platform, and on Windows no word of failure: plyer sends from a thread of its own.
"""

from __future__ import annotations

from plyer import notification

from traymon.ui.view import NoticeText

SHOWN_FOR = 5  # seconds; plyer's Windows thread lives as long


class PlyerError(Exception):
    """plyer could not send."""


def deliver(text: NoticeText) -> None:
    """Send a notice and hope. Raises PlyerError where plyer says that it failed."""
    # notify-send takes a title that starts with a dash for an option, and drops the notice
    title = f" {text.title}" if text.title.startswith("-") else text.title
    try:
        notification.notify(title=title, message=text.body, app_name="traymon", timeout=SHOWN_FOR)
    except Exception as error:  # plyer raises whatever its platform's module happens to raise
        raise PlyerError(f"{type(error).__name__}: {error}") from error
