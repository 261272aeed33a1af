"""Reads the history's file, whether or not a traymon writes to it. Changes nothing.

Every call has a connection of its own, which ends with it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

from traymon.core.events import Event
from traymon.core.histogram import Histogram, decode_counts
from traymon.core.history import HistoryError, LatencyBucket, Observation, RunRecord
from traymon.core.incidents import Incident, find_incidents
from traymon.core.notification_record import NotificationRecord
from traymon.core.periods import Condition, Period
from traymon.core.program_habits import Visit
from traymon.core.time_windows import Span
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.storage.history.schema import DamagedFileError, UnusableFileError, check_header
from traymon.storage.history.values import (
    HOUR,
    MINUTE,
    SENSOR_NUMBERS,
    decode_evidence,
    decode_facts,
    event_of,
    millis,
)
from traymon.storage.history.visits import COLUMNS, visit_of

READ_TIMEOUT = 2.0  # seconds to wait for a lock
FLIP = "flip.id, at, condition, code, light, headline, facts, evidence, transient"
# That this version knows; the file may have been used by a later one.
SENSORS, SYMPTOMS = frozenset(SensorName), frozenset(Symptom)
LONGEST_INCIDENT = 31 * 86_400.0  # seconds by which a look at incidents reaches further back


class HistoryFile:
    """The history in a file. A `core.history.HistoryReader`."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened yet, and the file need not be there."""
        self._path = path

    def read_targets(self) -> tuple[str, ...]:
        """Return the names of the targets that something is recorded of."""
        rows = self._query("SELECT DISTINCT target FROM run")
        rows += self._query("SELECT DISTINCT target FROM event WHERE target IS NOT NULL")
        return tuple(sorted({row[0] for row in rows}))

    def read_extent(self, target: str) -> Span | None:
        """Return from when to when there is a record: up to the last sign of life."""
        (row,) = self._query(
            "SELECT min(started), max(last_alive) FROM run WHERE target = ?", target
        ) or [(None, None)]
        return None if row[0] is None else Span(row[0] / 1000, row[1] / 1000)

    def read_periods(self, target: str, since: float, until: float) -> tuple[Period, ...]:
        """Return what happened, in order and without gaps; UNOBSERVED where nothing is recorded."""
        rows = self._query(
            # of a run, the flips of this time and the last one before it, which still counts
            f"SELECT run.id, run.last_alive, {FLIP} FROM run JOIN flip ON flip.run = run.id"
            " JOIN description ON description.id = flip.description"
            " WHERE run.target = ? AND run.last_alive > ? AND flip.at < ? AND flip.at >= coalesce("
            "(SELECT max(at) FROM flip AS last WHERE last.run = run.id AND last.at <= ?), 0)"
            " ORDER BY run.id, flip.at, flip.id",
            *(target, millis(since), millis(until), millis(since)),
        )
        recorded: list[Period] = []
        for run in _by_run(rows):
            recorded = _paint(recorded, _convert(partial(_periods, run), self._path))
        clipped = (one.within(since, until) for one in recorded)
        return tuple(_fill_gaps([one for one in clipped if one is not None], since, until))

    def read_incidents(self, target: str, since: float, until: float) -> tuple[Incident, ...]:
        """Return the incidents that overlap this time, whole and with their notifications."""
        extent = self.read_extent(target)
        if extent is None:
            return ()
        first = max(extent.begins, since - LONGEST_INCIDENT)
        periods = self.read_periods(target, first, extent.ends)
        told = self.read_notifications(target, first, extent.ends)
        incidents = find_incidents(periods, told)
        return tuple(one for one in incidents if one.start < until and one.end > since)

    def read_latency(
        self, target: str, sensor: SensorName, since: float, until: float, resolution: float
    ) -> tuple[LatencyBucket, ...]:
        """Return the latency in steps of `resolution` seconds that begin at `since`, in order.

        What the minutes no longer say, since they are kept for two weeks, the hours say.
        """
        rows = self._latencies("hour", HOUR, target, sensor, since, until)
        if resolution < HOUR:
            minutes = self._latencies("minute", MINUTE, target, sensor, since, until)
            first = min((at for at, *_ in minutes), default=until)
            # an hour counts where its minutes are gone
            rows = [*(row for row in rows if row[0] + HOUR <= first), *minutes]
        steps = _convert(partial(_add_up, rows, since, resolution), self._path)
        return tuple(_bucket(steps[n], since + n * resolution, resolution) for n in sorted(steps))

    def _latencies(
        self, table: str, length: float, target: str, sensor: SensorName, since: float, until: float
    ) -> list[tuple[Any, ...]]:
        """Return the rows of the minutes or hours that overlap a time, each with its moment."""
        return self._query(
            f"SELECT at * ?, lost, counts FROM {table} JOIN target ON target.id = target"
            " WHERE at > ? AND at < ? AND name = ? AND sensor = ?",
            *(length, (since - length) / length, until / length, target, SENSOR_NUMBERS[sensor]),
        )

    def read_notifications(
        self, target: str, since: float, until: float
    ) -> tuple[NotificationRecord, ...]:
        """Return the notifications of this time, in order."""
        rows = self._query(
            "SELECT at, kind, code, title, channel, outcome, why FROM notification"
            " WHERE target = ? AND at >= ? AND at < ? ORDER BY at, channel",
            *(target, millis(since), millis(until)),
        )
        return tuple(NotificationRecord(at / 1000, *values) for at, *values in rows)

    def read_runs(self, target: str, since: float, until: float) -> tuple[RunRecord, ...]:
        """Return the runs that overlap this time, in order."""
        rows = self._query(
            "SELECT started, last_alive, program FROM run"
            " WHERE target = ? AND last_alive >= ? AND started < ? ORDER BY started, id",
            *(target, millis(since), millis(until)),
        )
        return tuple(RunRecord(begins / 1000, ends / 1000, words) for begins, ends, words in rows)

    def read_observations(self, target: str, since: float, until: float) -> tuple[Observation, ...]:
        """Return what the sensors saw in this time, in order, as far as it was kept."""
        rows = self._query(
            "SELECT first, last, sensor, symptom, detail FROM observation"
            " JOIN run ON run.id = run WHERE target = ? AND last >= ? AND first < ?"
            " ORDER BY first, sensor",
            *(target, millis(since), millis(until)),
        )
        return tuple(_observation(*row) for row in rows if row[2] in SENSORS and row[3] in SYMPTOMS)

    def read_trading_hours(self, target: str, since: float, until: float) -> tuple[Span, ...]:
        """Return the trading hours that IB gave for this time, in order; none if it gave none."""
        rows = self._query(
            "SELECT begins, ends FROM trading WHERE target = ? AND ends > ? AND begins < ?"
            " ORDER BY begins",
            *(target, millis(since), millis(until)),
        )
        return tuple(Span(begins / 1000, ends / 1000) for begins, ends in rows)

    def read_visits(self, target: str, since: float, until: float) -> tuple[Visit, ...]:
        """Return when the user's programs were connected in this time, in order."""
        rows = self._query(
            f"SELECT {COLUMNS} FROM program WHERE target = ? AND ended >= ? AND began < ?"
            " ORDER BY began, key",
            *(target, millis(since), millis(until)),
        )
        return tuple(_convert(partial(visit_of, row), self._path) for row in rows)

    def read_events(self, after: int, limit: int) -> tuple[Event, ...]:
        """Return the events with a higher number, in order and `limit` at most."""
        rows = self._query(
            "SELECT id, at, type, target, data FROM event WHERE id > ? ORDER BY id LIMIT ?",
            *(after, limit),
        )
        return tuple(_convert(partial(event_of, *row), self._path) for row in rows)

    def stamp(self) -> object:
        """Return the dates and sizes of the file and of what SQLite has not moved into it yet."""
        found = []
        for path in (str(self._path), f"{self._path}-wal"):
            with suppress(OSError):
                seen = os.stat(path)
                found.append((seen.st_ino, seen.st_size, seen.st_mtime_ns))
        return found

    def last_event(self) -> int | None:
        """Return the highest number that an event was given; None without a file."""
        rows = self._query("SELECT seq FROM sqlite_sequence WHERE name = 'event'")
        return rows[0][0] if rows else None

    def _query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows that a query finds; none without a file. Raises HistoryError."""
        try:
            check_header(self._path)
            with self._connect() as connection:
                return connection.execute(sql, values).fetchall()
        except FileNotFoundError:
            return []
        except (OSError, sqlite3.Error, UnusableFileError, DamagedFileError) as error:
            if str(error).startswith("no such table"):
                return []  # it is about to be written for the first time
            raise HistoryError(f"{self._path} cannot be read: {error}") from error

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        """Open the file for reading alone.

        In a folder that cannot be written to, SQLite needs to know that nobody writes to the file.
        """
        address = f"{self._path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(address, READ_TIMEOUT, uri=True)) as connection:
            try:
                connection.execute("SELECT 1 FROM sqlite_schema")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CANTOPEN:
                    raise
            else:
                yield connection
                return
        with closing(sqlite3.connect(f"{address}&immutable=1", uri=True)) as connection:
            yield connection


def _convert(convert: Any, path: Path) -> Any:
    """Return converted values. Raises HistoryError if they are none of ours."""
    try:
        return convert()
    except (ValueError, TypeError, KeyError) as error:
        raise HistoryError(f"{path} holds what cannot be read: {error!r}") from error


def _add_up(
    rows: Sequence[tuple[Any, ...]], since: float, resolution: float
) -> Mapping[int, Histogram]:
    """Return the latencies of each step. Raises ValueError."""
    steps: dict[int, Histogram] = {}
    for at, lost, data in rows:
        step = max(0, int((at - since) // resolution))  # what began before is in the first one
        if step not in steps:
            steps[step] = Histogram()
        steps[step].merge(Histogram(decode_counts(data), lost))
    return steps


def _by_run(rows: Sequence[tuple[Any, ...]]) -> Iterable[list[tuple[Any, ...]]]:
    """Return the rows of each run, in the order in which the runs were recorded."""
    runs: Mapping[int, list[tuple[Any, ...]]] = {row[0]: [] for row in rows}
    for row in rows:
        runs[row[0]].append(row)
    return runs.values()


def _periods(rows: Sequence[tuple[Any, ...]]) -> list[Period]:
    """Return the periods of a run, which end where the next one begins, or at its last sign."""
    ends = [*(row[3] for row in rows[1:]), rows[0][1]]
    return [_period(end, *row[2:]) for row, end in zip(rows, ends, strict=True) if row[3] < end]


def _period(
    end: int,
    number: int,
    at: int,
    condition: str,
    code: str,
    light: int,
    headline: str,
    facts: str,
    evidence: str,
    transient: int,
) -> Period:
    """Return the period of a row. Raises ValueError."""
    return Period(
        *(at / 1000, end / 1000, Condition(condition), code, Light(light), headline),
        *(decode_facts(facts), decode_evidence(evidence), bool(transient), number),
    )


def _observation(first: int, last: int, sensor: str, symptom: str, detail: str) -> Observation:
    return Observation(
        *(first / 1000, last / 1000, SensorName(sensor), Symptom(symptom), str(detail))
    )


def _paint(recorded: list[Period], run: list[Period]) -> list[Period]:
    """Return the record with a run in it, which counts for the time that it covers.

    Runs overlap if the clock was set back, or if two traymons watched at once.
    """
    if not run or not recorded or recorded[-1].end <= run[0].start:
        return recorded + run
    begins, ends = run[0].start, run[-1].end
    before = (one.within(-inf, begins) for one in recorded)
    after = (one.within(ends, inf) for one in recorded)
    parts = [one for one in (*before, *run, *after) if one is not None]
    return sorted(parts, key=lambda one: one.start)


def _fill_gaps(periods: Sequence[Period], since: float, until: float) -> Iterator[Period]:
    """Yield the periods, and between them the times without a record."""
    at = since
    for period in periods:
        if period.start > at:
            yield Period(at, period.start, Condition.UNOBSERVED)
        yield period
        at = period.end
    if at < until:
        yield Period(at, until, Condition.UNOBSERVED)


def _bucket(measured: Histogram, start: float, length: float) -> LatencyBucket:
    return LatencyBucket(
        start,
        start + length,
        measured.count,
        measured.lost,
        *(measured.percentile(share) for share in (0.0, 0.5, 0.95, 1.0)),
    )
