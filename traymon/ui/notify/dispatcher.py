"""Turns statuses into notifications: asks the policy what to announce and reports back to it.

Decides neither what is worth announcing nor how it is worded.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from traymon.core import notification_policy
from traymon.core.model import Update
from traymon.core.notification_policy import Memory, Notification, Outcome, retry_pause
from traymon.ui.notification_text import (
    NotificationText,
    bare_notification_text,
    load_texts,
    notification_text,
    own_notification_text,
)
from traymon.ui.notify.notifier import Notifier

log = logging.getLogger(__name__)

OWN_KEY = "traymon"  # of notifications about traymon itself
OWN_LIFETIME = 900.0  # seconds for which one that failed is tried again; after that it is old


@dataclass(frozen=True, slots=True)
class _Own:
    """A notification about traymon itself that has not been delivered."""

    title: str
    body: str
    since: float
    failures: int = 0
    retry_at: float | None = None  # None: it is being sent


class NotificationDispatcher:
    """Notifies the user. Callable from any thread; returns at once."""

    def __init__(self, notifier: Notifier, now: Callable[[], float]) -> None:
        self._notifier, self._now = notifier, now
        self._memories: dict[str, Memory] = {}  # by target name
        self._own: _Own | None = None  # the newest one takes the place of those before it
        self._lock = threading.Lock()  # deliveries are reported in the notifier's thread

    def prepare(self) -> None:
        """Load all that notifications need, in the notifier's thread; returns at once."""
        self._notifier.prepare(load_texts)

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
        if notification is not None:
            self._send(name, notification, now)
        if update.flip is not None and update.status.paused:
            self._notifier.withdraw(name)  # nobody looks any more whether it still holds
        self._retry_own(now)

    def notify_user(self, title: str, body: str) -> None:
        """Notify of something about traymon itself."""
        own = _Own(title, body, self._now())
        with self._lock:
            self._own = own
        self._send_own(own)

    def _send(self, name: str, notification: Notification, now: float) -> None:
        try:
            self._notifier.notify(
                name,
                partial(_compose, notification, now),
                partial(self._on_done, name, notification),
            )
        except Exception:  # what was decided must be answered, or nothing else is ever sent
            log.exception("a notification cannot be handed over")
            self._on_done(name, notification, Outcome.FAILED)

    def _on_done(self, name: str, notification: Notification, outcome: Outcome) -> None:
        with self._lock:
            self._memories[name] = notification_policy.record_delivery(
                self._memories[name], notification, outcome, self._now()
            )

    def _send_own(self, own: _Own) -> None:
        self._notifier.notify(
            OWN_KEY,
            partial(own_notification_text, own.title, own.body),
            partial(self._on_own_done, own),
        )

    def _on_own_done(self, own: _Own, outcome: Outcome) -> None:
        now = self._now()
        with self._lock:
            if self._own is not own or outcome is Outcome.UNKNOWN:
                return
            self._own = None
            if outcome is Outcome.FAILED and now - own.since < OWN_LIFETIME:
                retry_at = now + retry_pause(own.failures)
                self._own = replace(own, failures=own.failures + 1, retry_at=retry_at)

    def _retry_own(self, now: float) -> None:
        with self._lock:
            own = self._own
            if own is None or own.retry_at is None or now < own.retry_at:
                return
            self._own = own = replace(own, retry_at=None)
        self._send_own(own)


def _compose(notification: Notification, now: float) -> NotificationText:
    try:
        return notification_text(notification, now)
    except Exception:  # the user must hear of it, in whatever words are left
        log.exception("a notification cannot be worded; it says the headline alone")
        return bare_notification_text(notification)
