"""Hands notifications to the notifier, and keeps what became of them."""

from __future__ import annotations

import logging
from collections.abc import Callable

from traymon.core.notification import Notification, Outcome
from traymon.core.notification_record import NotificationRecord, Record
from traymon.core.program_notifications import ProgramNotification
from traymon.ui.notification_text import NotificationText
from traymon.ui.notify.notifier import Attempt, Notifier

log = logging.getLogger(__name__)


def hand_over(
    notifier: Notifier,
    key: str,
    compose: Callable[[], NotificationText],
    on_done: Callable[[Outcome], None],
    on_attempt: Callable[[Attempt], None],
) -> None:
    """Let the notifier send a notification, as `Notifier.notify` has it; never raises.

    What was decided must be answered, or nothing else is ever sent.
    """
    try:
        notifier.notify(key, compose, on_done, on_attempt)
    except Exception:
        log.exception("a notification cannot be handed over")
        on_done(Outcome.FAILED)


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
