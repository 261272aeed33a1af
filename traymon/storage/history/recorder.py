"""Turns updates into what the history keeps. Listens to the hub; keeps nobody waiting.

What counts is what the monitor has seen: the last sign of life is the time of its last update, not
that of the writing. A history that ends in a crash therefore ends at what was observed.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from pathlib import Path

from traymon.core import ib_hours
from traymon.core.events import Event
from traymon.core.facts import Fact
from traymon.core.histogram import Histogram
from traymon.core.history import Observation
from traymon.core.latency import ANSWERED, LATENCY_NAMES
from traymon.core.model import Change, Reading, Status, Update
from traymon.core.notification import Unannounced
from traymon.core.notification_record import NotificationRecord
from traymon.core.periods import (
    NO_DESCRIPTION,
    NOT_GOOD,
    Condition,
    Description,
    condition_of,
    is_transient,
)
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.storage.history.black_box import BlackBox
from traymon.storage.history.database import Database, FlipRow, Run
from traymon.storage.history.event_recorder import EventRecorder
from traymon.storage.history.visits import VisitRecorder
from traymon.storage.history.writer import HistoryWriter

log = logging.getLogger(__name__)

SIGN_OF_LIFE = 60.0  # seconds
SEEN_TO_LAST = 1.0  # seconds after a change for the first one: readers then know that it is over
PRUNE_INTERVAL = 3600.0  # seconds
SET_BACK = 1.0  # seconds by which time runs backwards only if somebody has set the clock
NOT_ANSWERED = frozenset(
    {
        *(Symptom.SILENT, Symptom.CLOSED, Symptom.RESET, Symptom.TIMED_OUT, Symptom.UNFINISHED),
        *(Symptom.MUTE, Symptom.HUNG),
    }
)

Describe = Callable[[Status], Description]
OnMissed = Callable[[str, tuple[Unannounced, ...]], None]


@dataclass(slots=True)
class _Watch:
    """What is remembered of one target while it is watched without a break."""

    run: Run
    row: FlipRow  # the newest, without its description
    seen_at: float  # the time of the monitor's last update
    alive_at: float  # of the last sign of life that was posted
    pruned_at: float = -inf  # when old rows were last removed
    has_gap: bool = False  # there was no room for a flip: what follows is another run
    read_at: dict[SensorName, float] = field(default_factory=dict)  # newest readings
    box: BlackBox = field(default_factory=BlackBox)
    minute: float = 0.0  # in which the latencies were measured
    latencies: dict[SensorName, Histogram] = field(default_factory=dict)

    def moves_on_to(self, row: FlipRow) -> bool:
        """Tell whether a row says something else than the newest one."""
        before = self.row
        return (row.code, row.light, row.condition) != (before.code, before.light, before.condition)


class HistoryRecorder:
    """Keeps what happens, from the first update to `stop`. Callable from any thread."""

    def __init__(
        self,
        path: Path,
        describe: Describe,
        program: str,
        on_trouble: Callable[[str], None] = lambda trouble: None,
        on_missed: OnMissed = lambda target, faults: None,
    ) -> None:
        """`describe` says how a status was shown. `program` names the versions of everything.

        `on_trouble` gets why nothing can be written, or "" once that is over; `on_missed` gets
        the faults that the user was not notified of before traymon last ended.
        All are called in the writer's thread.
        """
        self._describe, self._program = partial(_describe, describe), program
        self._on_missed = on_missed
        self._has_read_missed = False
        self._written: dict[str, tuple[Run, FlipRow]] = {}  # the newest, by target name
        self._watches: dict[str, _Watch] = {}  # by target name
        self._lock = threading.Lock()  # a hung monitor's updates come from another thread
        self._writer = HistoryWriter(path, on_trouble, self._on_open)
        self._visits = VisitRecorder(self._writer.post)
        self._events = EventRecorder(self._writer.post, self._describe)

    def on_update(self, update: Update) -> None:
        """Keep what is new in a status; returns at once."""
        if update.status.target.demo:
            return  # whose faults are made up
        with self._lock:
            self._take(update)
            self._events.take(update)
            if update.ended:
                self._end(update.status.target.name)

    def record_notification(self, target: str, record: NotificationRecord) -> None:
        """Keep a notification, or what has become of it; returns at once."""
        self._writer.post(lambda database: database.keep_notification(target, record))
        self._events.keep_notification(target, record)

    def record_start(self, at: float, version: str, targets: Sequence[str]) -> None:
        """Keep that traymon has started, and what it watches; returns at once."""
        self._events.begin(at, version, targets)

    def record_event(self, event: Event) -> None:
        """Keep an event that no update shows; returns at once."""
        self._events.keep(event)

    def record_missed(self, target: str, faults: tuple[Unannounced, ...]) -> None:
        """Keep the faults that the user has not been notified of; returns at once."""
        self._writer.post(lambda database: database.keep_missed(target, faults))

    def end_watching(self) -> None:
        """Keep the last sign of life; returns at once. Notifications are kept until `stop`."""
        with self._lock:
            for watch in self._watches.values():
                self._sign_off(watch)

    def stop(self, timeout: float) -> None:
        """Write what is left, for at most `timeout` seconds, and end."""
        self.end_watching()
        self._writer.stop(timeout)

    # In the writer's thread

    def _on_open(self, database: Database) -> None:
        """Read what was missed; write into a new file what was written last: it still shows."""
        if not self._has_read_missed:
            self._has_read_missed = True
            for target, faults in database.read_missed().items():
                self._on_missed(target, faults)
        for run, row in self._written.values():
            if not database.knows(run):
                database.add_flip(run, row)

    def _write_flip(self, run: Run, row: FlipRow, status: Status, database: Database) -> None:
        if row.code:
            row = replace(row, description=self._describe(status))
        database.add_flip(run, row)
        self._written[run.target] = run, row

    # With the lock held

    def _take(self, update: Update) -> None:
        status, now = update.status, update.status.evidence.now
        name = status.target.name
        watch = self._watches.get(name)
        if watch is None or watch.has_gap or now < watch.seen_at - SET_BACK:
            before = None
            watch = self._watches[name] = self._begin(status, now)
        else:
            before = watch.row
            self._take_sleep(watch, status)
            self._take_flip(watch, update)
        self._observe(watch, status, before)
        watch.seen_at = max(watch.seen_at, now)
        self._measure(watch, status)
        self._visits.take(status)
        has_lasted = watch.alive_at == watch.row.at and now >= watch.row.at + SEEN_TO_LAST
        if has_lasted or now - watch.alive_at >= SIGN_OF_LIFE:
            self._post_alive(watch)
        if now - watch.pruned_at >= PRUNE_INTERVAL:
            watch.pruned_at = now
            self._writer.post(partial(_prune, watch.run, now), can_be_missed=True)
        if update.changed & Change.HOURS:
            self._take_hours(status)

    def _end(self, name: str) -> None:
        """End a target's run with its last sign of life: nothing is known from then on."""
        self._sign_off(self._watches.pop(name))

    def _sign_off(self, watch: _Watch) -> None:
        self._post_minute(watch)
        self._post_alive(watch)

    def _begin(self, status: Status, now: float) -> _Watch:
        """Begin a run: at the start, when the clock was set back, and after a gap."""
        if status.target.name in self._watches:
            self._end(status.target.name)
        run = Run(status.target.name, now, self._program)
        watch = _Watch(run, _row(status, now), seen_at=now, alive_at=now)
        self._show(watch, watch.row, status)
        return watch

    def _take_flip(self, watch: _Watch, update: Update) -> None:
        status = update.status
        row = _row(status, _began(watch, update))
        if watch.moves_on_to(row):
            self._show(watch, row, status)

    def _observe(self, watch: _Watch, status: Status, before: FlipRow | None) -> None:
        """Keep what the sensors see around an incident; `before` showed until this update."""
        rows = [row for row in (before, watch.row) if row is not None]
        changed = watch.row is not before and any(row.condition in NOT_GOOD for row in rows)
        seen = watch.box.take(status.evidence.readings, status.evidence.now, changed=changed)
        if seen:
            write = partial(_write_observations, watch.run, seen)
            self._writer.post(write, can_be_missed=True)

    def _take_sleep(self, watch: _Watch, status: Status) -> None:
        """Keep a sleep, which ends with the first reading after it."""
        reading = status.evidence.readings.get(SensorName.MONITOR)
        if reading is None or reading.symptom is not Symptom.RESUMED:
            return
        if not _is_new(watch, reading):
            return
        slept = Fact.SLEPT.of(reading.facts) or 0.0
        if slept > 0 and watch.row.condition is not Condition.ASLEEP:
            began = max(reading.at - slept, watch.row.at)
            self._show(watch, FlipRow(began, Condition.ASLEEP), status)

    def _show(self, watch: _Watch, row: FlipRow, status: Status) -> None:
        watch.row, watch.alive_at = row, max(watch.alive_at, row.at)
        if not watch.has_gap:
            write = partial(self._write_flip, watch.run, row, status)
            watch.has_gap = not self._writer.post(write)

    def _measure(self, watch: _Watch, status: Status) -> None:
        """Count the latencies that were measured since the last update."""
        minute = status.evidence.now // 60 * 60
        if minute != watch.minute:
            self._post_minute(watch)
            watch.minute = minute
        for sensor in LATENCY_NAMES:
            reading = status.evidence.readings.get(sensor)
            if reading is None or not _is_new(watch, reading):
                continue
            if reading.symptom in ANSWERED:
                watch.latencies.setdefault(sensor, Histogram()).add(reading.took)
            elif reading.symptom in NOT_ANSWERED:
                watch.latencies.setdefault(sensor, Histogram()).lost += 1

    def _take_hours(self, status: Status) -> None:
        days = status.evidence.fact(SensorName.HOURS, Fact.HOURS)
        zone = status.evidence.fact(SensorName.HOURS, Fact.HOURS_ZONE)
        if days is None or zone is None:
            return
        try:
            spans = ib_hours.from_ib(days, zone).dated
        except ValueError as error:
            log.info("these trading hours are not kept: %s", error)
            return
        target = status.target.name
        self._writer.post(lambda database: database.add_trading_hours(target, spans))

    def _post_minute(self, watch: _Watch) -> None:
        if watch.latencies:
            latencies, watch.latencies = watch.latencies, {}
            write = partial(_write_minute, watch.run.target, watch.minute, latencies)
            self._writer.post(write, can_be_missed=True)

    def _post_alive(self, watch: _Watch) -> None:
        watch.alive_at = watch.seen_at
        if watch.has_gap:  # what showed last is not known
            return
        write = partial(_write_alive, watch.run, watch.seen_at)
        self._writer.post(write, can_be_missed=True)


def _describe(describe: Describe, status: Status) -> Description:
    """Return how a status was shown; nothing if it cannot be put into words."""
    try:
        return describe(status)
    except Exception:  # what happened is kept, in whatever words are left
        log.exception("%s cannot be described", status.diagnosis.code)
        return NO_DESCRIPTION


def _write_minute(
    target: str, minute: float, latencies: Mapping[SensorName, Histogram], database: Database
) -> None:
    database.add_minute(target, minute, latencies)


def _write_observations(run: Run, seen: list[Observation], database: Database) -> None:
    database.keep_observations(run, seen)


def _write_alive(run: Run, at: float, database: Database) -> None:
    database.keep_alive(run, at)


def _prune(run: Run, now: float, database: Database) -> None:
    database.prune(run, now)


def _row(status: Status, at: float) -> FlipRow:
    shown = status.diagnosis
    return FlipRow(at, condition_of(shown), shown.code, shown.light, is_transient(shown))


def _began(watch: _Watch, update: Update) -> float:
    """Return since when what shows has been so.

    A fault began when it was first seen, which is a reading before it settled. What is grey began
    when the monitor last saw something else.
    """
    status, flip, now = update.status, update.flip, update.status.evidence.now
    if flip is None or not flip.after.same_as(status.diagnosis):
        return now
    if status.diagnosis.light is Light.GREY:
        return min(now, flip.at)
    same_light = flip.before.light is flip.after.light
    return max(status.since if same_light else status.light_since, watch.row.at)


def _is_new(watch: _Watch, reading: Reading) -> bool:
    """Tell whether a reading is newer than the last one of its sensor, and remember it."""
    if reading.at <= watch.read_at.get(reading.sensor, -inf):
        return False
    watch.read_at[reading.sensor] = reading.at
    return True
