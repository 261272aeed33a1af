"""What happened in some days, for a report: figures, a strip for each day, incidents, latency.

Waits for the disk, so it is never called on the monitor's loop.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from traymon.core.history import HistoryReader
from traymon.core.latency import LATENCY_NAMES
from traymon.core.periods import Condition
from traymon.core.recorded_hours import covers
from traymon.core.time_windows import Schedule
from traymon.diagnosis.fix_pages import clean
from traymon.diagnosis.formatting import moment
from traymon.ui.charts import Strip, day_name, strip
from traymon.ui.dashboard import (
    DayRow,
    ExpectedView,
    Outages,
    Uptime,
    conditions_of,
    count_expected,
    day_row,
    latency_of,
    names_of,
    outages_of,
    uptimes_of,
)
from traymon.ui.history_record import Record, read_record
from traymon.ui.incidents import IncidentView, incident_view
from traymon.ui.latency_chart import LatencyChart

DAY = 86_400.0
MAX_DAYS = 31  # each has a strip
MAX_INCIDENTS = 100
LATENCY_STEPS = 168  # of a chart: the hours of a week


@dataclass(frozen=True, slots=True)
class DayStrip:
    """What happened on one day."""

    name: str
    begins: str  # `00:00`
    ends: str  # `24:00`, or `now`
    strip: Strip


@dataclass(frozen=True, slots=True)
class PeriodReport:
    """What a report of some days shows, in words and charts."""

    target: str
    first_day: str
    last_day: str
    count: int  # days
    watching_since: str  # if that was later than the first day; else ""
    uptimes: tuple[Uptime, ...]
    outages: Outages | None
    strips: tuple[DayStrip, ...]
    days: tuple[DayRow, ...]
    conditions: Mapping[Condition, str]  # that the strips show, with their names
    latencies: tuple[tuple[str, LatencyChart], ...]
    incidents: tuple[IncidentView, ...]  # newest first
    more_incidents: int  # that are not shown
    expected: tuple[ExpectedView, ...]


def read_report(
    reader: HistoryReader, target: str, days: int, now: float, hours: Schedule | None = None
) -> PeriodReport | None:
    """Return the report of the last days, today included; None if nothing is recorded.

    `hours`: when the market is open, by the settings. Raises HistoryError.
    """
    midnight = datetime.combine(datetime.fromtimestamp(now).date(), time())
    since = (midnight - timedelta(days=days - 1)).timestamp()
    record = read_record(reader, target, since, now, now, hours)
    if record.begins is None:
        return None
    serious = [one for one in record.incidents if one.condition is not Condition.EXPECTED]
    strips = tuple(_strips(record, now))
    shown = {one for each in strips for one in conditions_of(each.strip)}
    return PeriodReport(
        target=clean(target),
        first_day=day_name(record.days[0]),
        last_day=day_name(record.days[-1]),
        count=len(record.days),
        watching_since=moment(record.begins, now) if record.begins > since else "",
        uptimes=tuple(uptimes_of(record.periods, record.since, record.until, record.trading)),
        outages=outages_of(record.incidents),
        strips=strips,
        days=tuple(day_row(day) for day in record.days),
        conditions=names_of(shown),
        latencies=tuple(_latencies(reader, record)),
        incidents=tuple(incident_view(one, now) for one in serious[: -MAX_INCIDENTS - 1 : -1]),
        more_incidents=max(len(serious) - MAX_INCIDENTS, 0),
        expected=tuple(count_expected(record.incidents)),
    )


def _strips(record: Record, now: float) -> Iterator[DayStrip]:
    """Yield the strip of each day, the newest first."""
    for day in reversed(record.days):
        since, until = day.reliability.since, day.reliability.until
        trading = record.trading if covers(record.trading, since) else None
        ends = "24:00" if datetime.fromtimestamp(until).time() == time() else "now"
        chart = strip(record.periods, since, until, now, trading)
        yield DayStrip(day_name(day), f"{datetime.fromtimestamp(since):%H:%M}", ends, chart)


def _latencies(reader: HistoryReader, record: Record) -> Iterator[tuple[str, LatencyChart]]:
    """Yield the chart of everything whose latency was measured."""
    step = (record.until - record.since) / LATENCY_STEPS
    for sensor, name in LATENCY_NAMES.items():
        chart = latency_of(
            *(reader, record.target, sensor, record.since, record.until), max(step, 60.0)
        )
        if chart is not None:
            yield name.capitalize(), chart
