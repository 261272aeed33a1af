"""What is kept of a notification: what it said, where it was sent, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from traymon.core.notification import Notification, Outcome, Unannounced
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


class Record(Protocol):
    """Keeps what was sent, by the target's name. Returns at once."""

    def record_notification(self, target: str, record: NotificationRecord) -> None:
        """Keep a notification, or what has become of it."""


class RecordWithMissed(Record, Protocol):
    """Keeps what the user has missed, too, so that it outlives this process."""

    def record_missed(self, target: str, faults: tuple[Unannounced, ...]) -> None:
        """Keep the faults that are unannounced, in place of those before."""
