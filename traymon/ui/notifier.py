"""Desktop notifications through the best channel that this desktop has. Never raises.

Decides nothing about when to notify.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass

from traymon.ui.view import NoticeText
from traymon.ui.worker import Worker

log = logging.getLogger(__name__)

Deliver = Callable[[str, NoticeText, str], None]


@dataclass(frozen=True, slots=True)
class _Post:
    key: str
    text: NoticeText
    icon: str


class Notifier:
    """Sends notices from a thread of its own; one per key, the newest in the last one's place."""

    def __init__(
        self,
        on_click: Callable[[str], None],
        on_trouble: Callable[[str], None],
        setting: str = "auto",
        on_mine: Callable[[str], None] = lambda key: None,
    ) -> None:
        """`on_click` and `on_mine` (the button "That one is mine") get a notice's key;
        `on_trouble` why none came out, or "" when one did.
        """
        self._on_click, self._on_mine, self._on_trouble = on_click, on_mine, on_trouble
        self._channels: list[tuple[str, Deliver]] | None = None
        self._setting = setting
        self._close: Callable[[], None] = lambda: None
        self._worker: Worker[_Post] = Worker("notifier", self._send)

    def notify(self, key: str, text: NoticeText, icon: str) -> None:
        """Send a notice; returns at once. `icon` is the path of a picture."""
        self._worker.post(_Post(key, text, icon))

    def stop(self) -> None:
        """Let the last notice out, then leave."""
        self._worker.stop(2.0)
        self._close()

    def _send(self, post: _Post) -> None:
        log.info("notice: %s | %s", post.text.title, post.text.body)
        if self._setting == "off":
            return
        reasons = []
        for name, deliver in self._available():
            try:
                deliver(post.key, post.text, post.icon)
            except Exception as error:  # whatever a channel raises, the next one is tried
                reasons.append(f"{name}: {error}")
                log.warning("no notice through %s: %s", name, error)
            else:
                self._on_trouble("")
                return
        self._on_trouble("; ".join(reasons))

    def _available(self) -> list[tuple[str, Deliver]]:
        """Return the channels of this platform, best first; imported in this thread, once."""
        if self._channels is None:
            self._channels = []
            if self._setting == "auto" and sys.platform == "linux":
                from traymon.ui.dbus import DBusNotices

                notices = DBusNotices(self._on_click, self._on_mine)
                self._close = notices.close
                self._channels.append(("D-Bus", notices.deliver))
            self._channels.append(("plyer", _plyer))
        return self._channels


def _plyer(key: str, text: NoticeText, icon: str) -> None:
    from traymon.ui import plyer_notices

    plyer_notices.deliver(text)
