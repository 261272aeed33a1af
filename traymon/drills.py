"""Runs the drill, the weekly test alarm, through every channel, and keeps what it has proven.

It goes the way of a real alarm: the desktop's notifier and each push channel. It touches no status,
so no light, no history of a target and no gate ever sees it.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from traymon.core import drill
from traymon.core.alerts import Alerts, Drill
from traymon.core.calendar import Calendar
from traymon.core.drill import DESKTOP, DrillRecord, DrillView, OffLimits
from traymon.core.events import Event, EventType
from traymon.core.model import Status
from traymon.core.notification import Outcome
from traymon.core.notification_record import NotificationRecord, Record
from traymon.core.target import Target
from traymon.outbound.base import Alarm
from traymon.storage.state import StateStore
from traymon.ui import drill_text
from traymon.ui.drill import NOTIFICATION_KEY
from traymon.ui.notify.notifier import Attempt, Notifier

log = logging.getLogger(__name__)

INTERVAL = 10.0  # seconds between two looks at whether one is due
SHOWN_FOR = 3600.0  # seconds; then the notification goes, and the page still takes the answer
NOT_SHOWN = "it was not shown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What drills use of the traymon that they belong to."""

    now: Callable[[], float]  # epoch seconds
    post: Callable[[Callable[[], object]], None]  # runs what waits for the disk
    state: StateStore
    statuses: Callable[[], Sequence[Status]]  # of every target
    calendar_of: Callable[[Target], Calendar]
    notifier: Notifier
    has_desktop: Callable[[], bool]  # its notifications are wanted
    alarms: Callable[[], Sequence[Alarm]]  # the push channels
    warn: Callable[[str], None]  # turns the icon amber, with why; "" ends that
    refresh: Callable[[], None]  # the open pages
    record: Record  # keeps what was sent
    record_event: Callable[[Event], None]


class Drills:
    """The drills of this traymon. From any thread; returns at once."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._lock = threading.RLock()  # deliveries are reported in other threads
        self._wanted = Drill()
        self._off_limits: Callable[[], OffLimits] = OffLimits
        self._record = means.state.drill() or DrillRecord(means.now())
        self._looked_at = -math.inf
        self._desktop_failed = NOT_SHOWN  # why, if the last attempt has
        self._shown_at: float | None = None  # its notification, on the desktop

    def use(self, alerts: Alerts) -> None:
        """Run drills from now on as alerts.toml, which has a `[drill]`, wants them."""
        quiet = tuple(one.quiet for one in alerts.push if one.quiet is not None)
        self._wanted = alerts.drill or Drill()
        self._off_limits = lambda: OffLimits.of(
            (self._means.calendar_of(one.target) for one in self._means.statuses()), quiet
        )
        self._looked_at = -math.inf
        with self._lock:
            self._keep(self._record.with_channels(self._channels(), self._means.now()))

    def end(self) -> None:
        """Run none any more."""
        self._withdraw()
        self._means.warn("")

    def on_update(self) -> None:
        """Send one if it is due; say so if a channel has not been proven for too long."""
        now = self._means.now()
        if 0.0 <= now - self._looked_at < INTERVAL:
            return
        self._looked_at = now
        view = self.view()
        self._means.warn(drill_text.overdue_text(view))
        if self._shown_at is not None and now >= self._shown_at + SHOWN_FOR:
            self._withdraw()
        if view.hindrance is None and drill.is_due(self._record, self._wanted.weekly, now):
            self.run()

    def view(self) -> DrillView:
        """Return what there is to say now."""
        now, names = self._means.now(), self._channels()
        limits, statuses = self._off_limits(), self._means.statuses()
        with self._lock:
            record = self._record.with_channels(names, now)
        return DrillView(
            now,
            drill.next_drill(record, self._wanted.weekly, limits, now),
            drill.hindrance(record, names, statuses, limits, now),
            {name: record.channels[name] for name in names},
            self._wanted.amber_after,
        )

    def run(self) -> str:
        """Send one now through every channel; return why it may not be sent, or ""."""
        with self._lock:
            view = self.view()
            if view.hindrance is not None:
                return drill_text.why_not(view.hindrance)
            names = tuple(view.channels)
            # first of all: whatever happens next, it is not sent twice
            self._keep(self._record.sent(names, view.now))
        log.info("a drill is sent: %s", ", ".join(names))
        self._note("sent", channels=list(names))
        if DESKTOP in names:
            self._shown_at = view.now
            self._means.notifier.notify(
                NOTIFICATION_KEY,
                drill_text.desktop_text,
                self._on_desktop_done,
                self._on_desktop_attempt,
            )
        for alarm in self._means.alarms():
            alarm.drill(self._on_done)
        return ""

    def answer(self, name: str) -> str:
        """Take it that a drill arrived on a channel; return why that does not count, or "".

        "" names the only channel of which no answer is there yet.
        """
        with self._lock:
            view = self.view()
            if not name and len(view.awaiting) > 1:
                return drill_text.which(view.awaiting)
            name = name or next(iter(view.awaiting), "")
            if name not in view.awaiting:
                return drill_text.no_answer("nothing-sent")
            self._keep(self._record.answered(name, view.now))
        log.info("the drill arrived on %s", name)
        self._note("answered", channel=name)
        if name == DESKTOP:
            self._withdraw()
        self._look_soon()
        return ""

    def _channels(self) -> tuple[str, ...]:
        desktop = (DESKTOP,) if self._means.has_desktop() else ()
        return (*desktop, *(alarm.channel for alarm in self._means.alarms()))

    def _on_done(self, name: str, why: str) -> None:
        if why:
            with self._lock:
                self._keep(self._record.failed(name, why, self._means.now()))
        self._look_soon()

    def _on_desktop_done(self, outcome: Outcome) -> None:
        if outcome is not Outcome.UNKNOWN:
            self._on_done(DESKTOP, "" if outcome is Outcome.DELIVERED else self._desktop_failed)

    def _on_desktop_attempt(self, attempt: Attempt) -> None:
        outcome, at = attempt.outcome.name.lower(), self._means.now()
        kept = NotificationRecord(
            at, drill.KIND, "", attempt.title, attempt.channel, outcome, attempt.why
        )
        self._means.record.record_notification("", kept)
        self._desktop_failed = attempt.why or NOT_SHOWN

    def _note(self, change: str, **more: object) -> None:
        event = Event(EventType.DRILL, self._means.now(), data={"change": change, **more})
        self._means.record_event(event)

    def _keep(self, record: DrillRecord) -> None:
        """Take the record, with the lock held; it is written down soon."""
        if record != self._record or self._means.state.drill() is None:
            self._record = record
            self._means.post(partial(self._means.state.keep_drill, record))

    def _look_soon(self) -> None:
        """Let the next update, and the open pages, see what is new."""
        self._looked_at = -math.inf
        self._means.refresh()

    def _withdraw(self) -> None:
        if self._shown_at is not None:
            self._shown_at = None
            self._means.notifier.withdraw(NOTIFICATION_KEY)
