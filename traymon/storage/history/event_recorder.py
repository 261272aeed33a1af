"""Hands what has happened to the history as events, for `traymon events`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from traymon.core.events import Event, EventType, changes
from traymon.core.model import Status, Update
from traymon.core.notification_record import NotificationRecord
from traymon.core.periods import Description
from traymon.storage.history.database import Database

Post = Callable[..., bool]
Describe = Callable[[Status], Description]


class EventRecorder:
    """Writes an event for every change in a status."""

    def __init__(self, post: Post, describe: Describe) -> None:
        """`post` hands a write to the history's writer. `describe` is called in its thread."""
        self._post, self._describe = post, describe
        self._seen: dict[str, Status | None] = {}  # by the target's name; None: not yet

    def begin(self, at: float, version: str, targets: Sequence[str]) -> None:
        """Keep that traymon has started, and which targets it watches at first."""
        self._seen = dict.fromkeys(targets)
        self.keep(Event(EventType.START, at, None, {"version": version, "targets": [*targets]}))

    def take(self, update: Update) -> None:
        """Keep what is new in a status; returns at once. The first one of a target is the base."""
        status, now = update.status, update.status.evidence.now
        name = status.target.name
        if name not in self._seen:
            self.keep(Event(EventType.TARGET, now, name, {"change": "added"}))
        before, self._seen[name] = self._seen.get(name), status
        for event in () if before is None else changes(before, status):
            if event.type is EventType.LIGHT:
                self._post(partial(_write_light, event, status, self._describe), durable=True)
            else:
                self.keep(event)
        if update.ended:
            del self._seen[name]
            self.keep(Event(EventType.TARGET, now, name, {"change": "removed"}))

    def keep_notification(self, target: str, record: NotificationRecord) -> None:
        """Keep that a notification was tried, or what has become of it; returns at once."""
        data = {
            "kind": record.kind,
            "code": record.code,
            "title": record.title,
            "channel": record.channel,
            "outcome": record.outcome,
            "why": record.why,
        }
        self.keep(Event(EventType.NOTIFICATION, record.at, target or None, data))

    def keep(self, event: Event) -> None:
        """Keep an event; returns at once."""
        self._post(partial(_write, event), durable=True)


def _write(event: Event, database: Database) -> None:
    database.add_event(event)


def _write_light(event: Event, status: Status, describe: Describe, database: Database) -> None:
    data: dict[str, Any] = {**event.data, "headline": describe(status).headline}
    database.add_event(replace(event, data=data))
