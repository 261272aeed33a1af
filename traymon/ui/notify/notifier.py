"""Desktop notifications through the best channel that this desktop has. Never raises.

Decides nothing about when to notify.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass

from traymon.ui.presenter import NotificationText
from traymon.ui.worker import Worker

log = logging.getLogger(__name__)

Deliver = Callable[[str, NotificationText, str], None]


@dataclass(frozen=True, slots=True)
class _Post:
    key: str
    text: NotificationText
    icon: str
    done: Callable[[bool], None]


class Notifier:
    """Sends notices from a thread of its own; one per key, the newest in the last one's place."""

    def __init__(
        self,
        on_click: Callable[[str], None],
        on_trouble: Callable[[str], None],
        setting: str = "auto",
        on_button: Callable[[str, str], None] = lambda key, button: None,
    ) -> None:
        """`on_click` gets a notice's key, `on_button` also which button it was (`view.BUTTONS`);
        `on_trouble` why none came out, or "" when one did.
        """
        self._on_click, self._on_button, self._on_trouble = on_click, on_button, on_trouble
        self._channels: list[tuple[str, Deliver]] | None = None
        self._setting = setting
        self._preferred: list[tuple[str, Deliver]] = []
        self._close: Callable[[], None] = lambda: None
        self._clickable: Callable[[str], bool] = lambda name: False
        self._worker: Worker[_Post] = Worker("notifier", self._send)

    def prefer(self, name: str, deliver: Deliver) -> None:
        """Try this channel, whose clicks arrive, before all others; to be said before a notice."""
        self._preferred.append((name, deliver))
        self._clickable = lambda asked: asked == name

    def notify(
        self,
        key: str,
        text: NotificationText,
        icon: str,
        done: Callable[[bool], None] = lambda came_out: None,
    ) -> None:
        """Send a notice; returns at once. `icon` is the path of a picture.

        `done` is told whether it came out, in the notifier's thread.
        """
        self._worker.post(_Post(key, text, icon, done))

    def stop(self) -> None:
        """Let the last notice out, then leave."""
        self._worker.stop(2.0)
        self._close()

    def _send(self, post: _Post) -> None:
        log.info("notice: %s | %s", post.text.title, post.text.body)
        if self._setting == "off":
            post.done(True)  # as the user wants it
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
                post.done(True)
                return
        self._on_trouble("; ".join(reasons))
        post.done(False)

    def test(self, text: NotificationText) -> list[tuple[str, str, bool]]:
        """Send a notice through every channel; return each one's name, its fault, if clicks arrive.

        In the caller's thread; the fault is "" where it came out.
        """
        results = []
        for name, deliver in self._available():
            try:
                deliver(name, text, "")
            except Exception as error:  # whatever a channel raises, the next one is tried
                results.append((name, str(error), False))
            else:
                results.append((name, "", self._clickable(name)))
        return results

    def _available(self) -> list[tuple[str, Deliver]]:
        """Return the channels of this platform, best first; imported in this thread, once."""
        if self._channels is None:
            self._channels = list(self._preferred) if self._setting == "auto" else []
            if self._setting == "auto" and sys.platform == "linux":
                from traymon.ui.notify.dbus import DBusNotifications

                notices = DBusNotifications(self._on_click, self._on_button)
                self._close = notices.close
                self._clickable = lambda name: name == "D-Bus" and notices.clickable
                self._channels.append(("D-Bus", notices.deliver))
            if self._setting == "auto" and sys.platform == "darwin":
                self._find_notification_center(self._channels)
            self._channels.append(("plyer", _plyer))
        return self._channels

    def _find_notification_center(self, channels: list[tuple[str, Deliver]]) -> None:
        from traymon.ui.notify.macos import MacError, MacNotifications

        try:
            notices = MacNotifications(self._on_click, self._on_button)
        except MacError as error:
            log.info("no Notification Center: %s", error)
            return
        self._close = notices.close
        self._clickable = lambda name: name == "Notification Center"
        channels.append(("Notification Center", notices.deliver))


def _plyer(key: str, text: NotificationText, icon: str) -> None:
    from traymon.ui.notify import plyer

    plyer.deliver(text)
