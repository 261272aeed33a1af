"""What the history says of one time, as commands and reports use it.

Waits for the disk, so it is never called on the monitor's loop.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from traymon.core.history import HistoryReader
from traymon.core.incidents import Incident, find_incidents
from traymon.core.periods import Condition, Period
from traymon.core.recorded_hours import covers, end_of_record, trading_hours
from traymon.core.reliability import Day, Reliability, measure, measure_days
from traymon.core.time_windows import Schedule, Span

SHORTEST = 1.0  # second


@dataclass(frozen=True, slots=True)
class Record:
    """What happened to a target from one moment up to another."""

    target: str
    since: float
    until: float
    begins: float | None  # the first that is recorded of this target; None: nothing is
    periods: tuple[Period, ...]  # in order and without gaps
    incidents: tuple[Incident, ...]  # of these periods, with their notifications
    trading: Sequence[Span] | None  # the trading hours; None if they are not known of all the time
    reliability: Reliability
    days: tuple[Day, ...]  # of the local calendar; the first and the last may be parts of a day


def read_record(
    reader: HistoryReader,
    target: str,
    since: float,
    until: float,
    now: float,
    hours: Schedule | None = None,
) -> Record:
    """Return what happened from `since` up to `until`.

    `hours`: when the market is open, by the settings. Raises HistoryError.
    """
    extent = reader.read_extent(target)
    if extent is not None:
        until = max(min(until, end_of_record(extent, now)), since + SHORTEST)
    periods = reader.read_periods(target, since, until)
    incidents = find_incidents(periods, reader.read_notifications(target, since, until))
    known = trading_hours(reader, target, hours, since, until)
    trading = known if covers(known, since) else None
    return Record(
        *(target, since, until, None if extent is None else extent.begins),
        *(periods, incidents, trading),
        measure(periods, since, until, trading),
        measure_days(periods, since, until, None, trading),
    )


def worst_first(records: Iterable[Record]) -> list[Record]:
    """Return the records by how long their targets were down, and then degraded."""
    return sorted(records, key=_time_lost, reverse=True)


def _time_lost(record: Record) -> tuple[float, float]:
    seconds = record.reliability.all_hours.seconds
    return seconds[Condition.DOWN], seconds[Condition.DEGRADED]
