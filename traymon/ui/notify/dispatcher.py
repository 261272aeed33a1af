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
from traymon.core.notification_policy import (
    Memory,
    Notification,
    Outcome,
    retry_pause,
)
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui.notification_text import (
    NotificationText,
    bare_notification_text,
    load_texts,
    notification_text,
    own_notification_text,
)
from traymon.ui.notify.notifier import Notifier
from traymon.ui.notify.record import Faults, Record, keep_attempt
from traymon.ui.program_notification_text import load_program_texts

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

    def __init__(
        self, notifier: Notifier, now: Callable[[], float], record: Record | None = None
    ) -> None:
        """`record` keeps what outlives this process; None: nothing does."""
        self._notifier, self._now, self._record = notifier, now, record
        self._memories: dict[str, Memory] = {}  # by target name
        self._own: _Own | None = None  # the newest one takes the place of those before it
        self._lock = threading.Lock()  # deliveries are reported in the notifier's thread

    def prepare(self) -> None:
        """Load all that notifications need, in the notifier's thread; returns at once."""
        self._notifier.prepare(_load_texts)

    def on_update(self, update: Update) -> None:
        """Send the notification that is due after this update, if any.

        Has to be called for every update: what is due depends on the time, too.
        """
        name, now = update.status.target.name, self._now()
        if update.ended:
            self._forget(name)
            return
        with self._lock:
            memory = self._memories.get(name, Memory())
            after, notification = notification_policy.decide(
                memory, update.status, update.flip, now
            )
            self._remember(name, after)
        if notification is not None:
            self._send(name, notification, now)
        if update.flip is not None and update.status.paused:
            self._notifier.withdraw(name)  # nobody looks any more whether it still holds
        self._retry_own(now)

    def remember_unannounced(self, name: str, faults: Faults) -> None:
        """Take the faults of a target that were unannounced when traymon last ended."""
        known = [fault for fault in faults if fault.diagnosis.code in ENTRIES]
        with self._lock:
            memory = self._memories.get(name, Memory())
            self._remember(
                name, notification_policy.remember_unannounced(memory, known, self._now())
            )

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
                partial(keep_attempt, self._record, notification, now),
            )
        except Exception:  # what was decided must be answered, or nothing else is ever sent
            log.exception("a notification cannot be handed over")
            self._on_done(name, notification, Outcome.FAILED)

    def _forget(self, name: str) -> None:
        """Take a target's notification away: it is watched no longer, and nothing of it is due."""
        with self._lock:
            self._remember(name, Memory())
            del self._memories[name]
        self._notifier.withdraw(name)

    def _on_done(self, name: str, notification: Notification, outcome: Outcome) -> None:
        with self._lock:
            if name not in self._memories:  # it is watched no longer
                return
            after = notification_policy.record_delivery(
                self._memories[name], notification, outcome, self._now()
            )
            self._remember(name, after)

    def _remember(self, name: str, memory: Memory) -> None:
        """Take a target's memory, with the lock held; what the user missed outlives a restart."""
        before = self._memories.get(name, Memory())
        self._memories[name] = memory
        if self._record is not None and memory.unannounced != before.unannounced:
            self._record.record_missed(name, memory.unannounced)

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


def _load_texts() -> None:
    load_texts()
    load_program_texts()


def _compose(notification: Notification, now: float) -> NotificationText:
    try:
        return notification_text(notification, now)
    except Exception:  # the user must hear of it, in whatever words are left
        log.exception("a notification cannot be worded; it says the headline alone")
        return bare_notification_text(notification)
