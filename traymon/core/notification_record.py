"""What is kept of a notification: what it said, where it was sent, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from traymon.core.notification import Notification, Outcome
from traymon.core.program_notifications import ProgramNotification


@dataclass(frozen=True, slots=True)
class NotificationRecord:
    """A notification that traymon tried to send, and what became of it."""

    at: float
    kind: str  # of core/notification: `fault`, `recovery`, ...
    code: str  # of the diagnosis that it was about
    title: str
    channel: str  # `dbus`; "" if there was none
    outcome: str  # `delivered`, `failed` or `unknown`
    why: str = ""  # why it failed, or what is in doubt

    @classmethod
    def of(
        cls,
        notification: Notification | ProgramNotification,
        at: float,
        *,
        title: str,
        channel: str,
        outcome: Outcome,
        why: str = "",
    ) -> NotificationRecord:
        """Return the record of an attempt to send a notification."""
        code = notification.status.diagnosis.code
        return cls(at, notification.kind, code, title, channel, outcome.name.lower(), why)
