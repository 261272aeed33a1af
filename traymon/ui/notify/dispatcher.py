"""Turns statuses into notifications: asks the policy what to announce and reports back to it.

Decides neither what is worth announcing nor how it is worded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from traymon.core import notification_policy
from traymon.core.model import Update
from traymon.core.notification_policy import Memory, Notification
from traymon.ui.notification_text import notification_text, own_notification_text
from traymon.ui.notify.notifier import Notifier


class NotificationDispatcher:
    """Notifies the user. Callable from any thread; returns at once."""

    def __init__(self, notifier: Notifier, now: Callable[[], float]) -> None:
        self._notifier, self._now = notifier, now
        self._memories: dict[str, Memory] = {}  # by target name
        self._lock = threading.Lock()  # deliveries are reported in the notifier's thread

    def on_update(self, update: Update) -> None:
        """Send the notification that is due after this update, if any.

        Has to be called for every update: what is due depends on the time, too.
        """
        name, now = update.status.target.name, self._now()
        with self._lock:
            memory = self._memories.get(name, Memory())
            self._memories[name], notification = notification_policy.decide(
                memory, update.status, update.flip, now
            )
        if update.flip is not None and update.status.paused:
            self._notifier.withdraw(name)  # nobody looks any more whether it still holds
        if notification is not None:
            self._notifier.notify(
                name,
                partial(notification_text, notification, now),
                partial(self._on_done, name, notification),
            )

    def notify_user(self, title: str, body: str) -> None:
        """Notify of something about traymon itself."""
        self._notifier.notify("traymon", partial(own_notification_text, title, body))

    def _on_done(self, name: str, notification: Notification, delivered: bool) -> None:
        with self._lock:
            self._memories[name] = notification_policy.record_delivery(
                self._memories[name], notification, delivered, self._now()
            )
