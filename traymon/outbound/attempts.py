"""Counts what became of notifications, on their way to the history."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

from traymon.core import drill
from traymon.core.notification import Unannounced
from traymon.core.notification_record import NotificationRecord, RecordWithMissed


class Attempts:
    """A record that counts, and hands everything on. From any thread."""

    def __init__(self, record: RecordWithMissed | None = None) -> None:
        """`record` keeps it; None: nothing does."""
        self._record = record
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    @property
    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many there were since the start, by channel and outcome: `("dbus", "delivered")`."""
        with self._lock:
            return dict(self._counts)

    def record_notification(self, target: str, record: NotificationRecord) -> None:
        """Count a notification, or what has become of it, and hand it on."""
        if record.kind != drill.KIND:  # a test tells nothing of how well the user is alerted
            self._count(record)
        if self._record is not None:
            self._record.record_notification(target, record)

    def _count(self, record: NotificationRecord) -> None:
        with self._lock:
            self._counts[record.channel or "none", record.outcome] += 1

    def record_missed(self, target: str, faults: tuple[Unannounced, ...]) -> None:
        """Hand on the faults that are unannounced."""
        if self._record is not None:
            self._record.record_missed(target, faults)
