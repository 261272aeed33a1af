"""Keeps what became of notifications, for all that send them to the desktop."""

from __future__ import annotations

from typing import Protocol

from traymon.core.notification import Notification, Unannounced
from traymon.core.notification_record import NotificationRecord
from traymon.core.program_notifications import ProgramNotification
from traymon.ui.notify.notifier import Attempt

Faults = tuple[Unannounced, ...]


class Record(Protocol):
    """Keeps what outlives this process, by the target's name. Every method returns at once."""

    def record_notification(self, target: str, record: NotificationRecord) -> None:
        """Keep a notification, or what has become of it."""

    def record_missed(self, target: str, faults: Faults) -> None:
        """Keep the faults that are unannounced, in place of those before."""


def keep_attempt(
    record: Record | None,
    notification: Notification | ProgramNotification,
    at: float,
    attempt: Attempt,
) -> None:
    """Keep an attempt to send a notification; `record` None: nothing is kept."""
    if record is None:
        return
    kept = NotificationRecord.of(
        notification,
        at,
        title=attempt.title,
        channel=attempt.channel,
        outcome=attempt.outcome,
        why=attempt.why,
    )
    record.record_notification(notification.status.target.name, kept)
