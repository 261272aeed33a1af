"""Notifies the user of their programs: asks the policy, hands its notifications to the notifier.

Like `dispatcher`, which does the same for the API.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from traymon.core import program_notifications
from traymon.core.model import Update
from traymon.core.notification import Outcome
from traymon.core.notification_policy import is_silenced
from traymon.core.notification_record import Record
from traymon.core.program_notifications import ProgramMemory, ProgramNotification
from traymon.ui.notification_text import NotificationText, own_notification_text
from traymon.ui.notify.notifier import Notifier
from traymon.ui.notify.sending import hand_over, keep_attempt
from traymon.ui.program_notification_text import notification_key, program_notification_text
from traymon.ui.program_text import missing_text

log = logging.getLogger(__name__)


class ProgramDispatcher:
    """Notifies of missing programs. Callable from any thread; returns at once."""

    def __init__(
        self, notifier: Notifier, now: Callable[[], float], record: Record | None = None
    ) -> None:
        """`record` keeps the notifications; None: nothing does."""
        self._notifier, self._now, self._record = notifier, now, record
        self._memories: dict[str, ProgramMemory] = {}  # by target name
        self._shown: dict[str, set[str]] = {}  # keys of the notifications, by target name
        self._lock = threading.Lock()  # deliveries are reported in the notifier's thread

    def on_update(self, update: Update) -> None:
        """Send the notification that is due after this update, if any."""
        name, now = update.status.target.name, self._now()
        if update.ended:
            with self._lock:
                self._memories.pop(name, None)
            self._withdraw(name)
            return
        if update.status.programs is None:
            return
        with self._lock:
            memory = self._memories.get(name, ProgramMemory())
            after, notification = program_notifications.decide(memory, update.status, now)
            self._memories[name] = after
        if notification is not None:
            self._send(name, notification, now)
        if is_silenced(update):
            self._withdraw(name)

    def _withdraw(self, name: str) -> None:
        for key in self._shown.pop(name, set()):
            self._notifier.withdraw(key)

    def _send(self, name: str, notification: ProgramNotification, now: float) -> None:
        key = notification_key(notification)
        self._shown.setdefault(name, set()).add(key)
        hand_over(
            self._notifier,
            key,
            partial(_compose, notification, now),
            partial(self._on_done, name, notification),
            partial(keep_attempt, self._record, notification, now),
        )

    def _on_done(self, name: str, notification: ProgramNotification, outcome: Outcome) -> None:
        with self._lock:
            if name not in self._memories:  # it is watched no longer
                return
            self._memories[name] = program_notifications.record_delivery(
                self._memories[name], notification, outcome, self._now()
            )


def _compose(notification: ProgramNotification, now: float) -> NotificationText:
    try:
        return program_notification_text(notification, now)
    except Exception:  # the user must hear of it, in whatever words are left
        log.exception("a notification about programs cannot be worded")
        status = notification.status
        return own_notification_text(status.target.name, missing_text(status) or notification.kind)
