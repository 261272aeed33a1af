"""What happened to a target, as the page shows it: read from the history, in words and charts.

Waits for the disk, so it is never called on the monitor's loop.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from traymon.core.history import HistoryError, HistoryReader
from traymon.core.incidents import Incident, find_incidents
from traymon.core.latency import LATENCY_NAMES
from traymon.core.periods import Condition, Period
from traymon.core.recorded_hours import covers, end_of_record, trading_hours
from traymon.core.reliability import Day, Figures, measure, measure_days
from traymon.core.time_windows import Schedule, Span
from traymon.core.vocabulary import SensorName
from traymon.diagnosis.fix_pages import clean
from traymon.diagnosis.formatting import duration, moment
from traymon.ui.charts import DayBlock, Strip, day_blocks, day_name, strip
from traymon.ui.incidents import IncidentView, incident_view
from traymon.ui.latency_chart import LatencyChart, latency_chart
from traymon.ui.reliability_text import (
    CONDITION_NAMES,
    availability_text,
    seconds_text,
)

HOUR, DAY = 3600.0, 86_400.0
WEEK = 7 * DAY
DAYS = 90  # of the bars and of the incidents
MONTH = 30 * DAY  # of the second latency chart
STEP_OF_DAY, STEP_OF_MONTH = 600.0, 4 * HOUR  # seconds; of the two charts
FIRST_FIGURES = HOUR  # what was watched for less has no figures yet
MAX_INCIDENTS = 20
LEAST_SHOWN = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Uptime:
    """How reliable a target was in the last seven days, in words."""

    label: str  # `in trading hours`
    value: str  # `99.98 %`
    details: str  # `up 30 h, down 7 min 12 s`

    @property
    def line(self) -> str:
        """Both in one line: `99.98 % in trading hours`."""
        return f"{self.value} {self.label}"


@dataclass(frozen=True, slots=True)
class LatencyView:
    """How long TWS took for one thing; a chart is missing if nothing was answered."""

    name: str  # `handshake`
    day: LatencyChart | None
    month: LatencyChart | None


@dataclass(frozen=True, slots=True)
class Outages:
    """What the outages of ninety days add up to, in words."""

    count: int
    total: str
    longest: str
    mean: str


@dataclass(frozen=True, slots=True)
class ExpectedView:
    """What interruptions of one planned cause add up to, in words."""

    headline: str
    count: int
    total: str


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day in words; the table says what the bars show."""

    name: str
    availability: str
    outages: int
    down: str
    degraded: str
    expected: str
    not_watched: str


@dataclass(frozen=True, slots=True)
class Past:
    """What happened to a target, up to the newest sign of life."""

    uptimes: tuple[Uptime, ...]  # of trading hours first, if they are known
    strip: Strip
    strip_begins: str
    blocks: tuple[DayBlock, ...]
    days: tuple[DayRow, ...]  # newest first, since the first that was watched
    latencies: tuple[LatencyView, ...]
    outages: Outages | None  # None without any
    conditions: Mapping[Condition, str]  # that the strip and the bars show, with their names


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What the page shows of a target's history."""

    target: str
    problem: str = ""  # why the history cannot be read
    watching_since: str = ""  # "" if nothing is recorded yet
    past: Past | None = None  # None until there is enough for figures
    incidents: tuple[IncidentView, ...] = ()  # newest first
    older_incidents: int = 0  # that are not shown
    expected: tuple[ExpectedView, ...] = ()


def read_dashboard(
    reader: HistoryReader, target: str, now: float, hours: Schedule | None = None
) -> Dashboard:
    """Return what the page shows of a target's history. `hours`: when the market is open."""
    try:
        return _read(reader, target, now, hours)
    except HistoryError as error:
        return Dashboard(clean(target), problem=clean(str(error)))


def _read(reader: HistoryReader, target: str, now: float, hours: Schedule | None) -> Dashboard:
    extent = reader.read_extent(target)
    if extent is None or extent.begins >= now:  # the clock was set back since
        return Dashboard(clean(target))
    until = end_of_record(extent, now)
    midnight = datetime.combine(datetime.fromtimestamp(until).date(), time())
    since = (midnight - timedelta(days=DAYS - 1)).timestamp()
    periods = reader.read_periods(target, since, until)
    incidents = find_incidents(periods, reader.read_notifications(target, since, until))
    serious = [one for one in incidents if one.condition is not Condition.EXPECTED]
    past = None
    if until - extent.begins >= FIRST_FIGURES:
        trading = trading_hours(reader, target, hours, since, until)
        latencies = _latencies(reader, target, until)
        past = _past(periods, incidents, extent, until, now, trading, latencies)
    return Dashboard(
        clean(target),
        watching_since=moment(extent.begins, now),
        past=past,
        incidents=tuple(incident_view(one, now) for one in serious[: -MAX_INCIDENTS - 1 : -1]),
        older_incidents=max(len(serious) - MAX_INCIDENTS, 0),
        expected=tuple(count_expected(incidents)),
    )


def _past(
    periods: Sequence[Period],
    incidents: Sequence[Incident],
    extent: Span,
    until: float,
    now: float,
    trading: Sequence[Span] | None,
    latencies: Sequence[LatencyView],
) -> Past:
    since = periods[0].start
    trading_since = trading[0].begins if trading else None
    days = measure_days(periods, since, until, None, trading)
    day = strip(
        *(periods, until - DAY, until, now),
        trading if covers(trading, until - DAY) else None,
    )
    blocks = day_blocks(days, DAYS, trading_since)
    return Past(
        uptimes=tuple(uptimes_of(periods, max(until - WEEK, since), until, trading)),
        strip=day,
        strip_begins=moment(until - DAY, now),
        blocks=blocks,
        days=tuple(day_row(one) for one in reversed(days) if one.reliability.until > extent.begins),
        latencies=tuple(latencies),
        outages=outages_of(incidents),
        conditions=_shown_conditions(day, blocks),
    )


def _shown_conditions(day: Strip, blocks: Sequence[DayBlock]) -> Mapping[Condition, str]:
    bars = [bar for block in blocks for bar in block.bars]
    shown = conditions_of(day)
    shown |= {part.condition for bar in bars for part in bar.parts}
    if any(bar.closed for bar in bars):
        shown.add(Condition.CLOSED)
    return names_of(shown)


def conditions_of(chart: Strip) -> set[Condition]:
    """Return the conditions that a strip shows."""
    return {one.condition for one in (*chart.segments, *chart.closed)}


def names_of(shown: Collection[Condition]) -> Mapping[Condition, str]:
    """Return conditions with their names, in the order of a legend."""
    return {one: name for one, name in CONDITION_NAMES.items() if one in shown}


def uptimes_of(
    periods: Sequence[Period], since: float, until: float, trading: Sequence[Span] | None
) -> Iterator[Uptime]:
    """Yield the figures of trading hours, if they are known, and of all hours."""
    known = trading if covers(trading, since) else None
    reliability = measure(periods, since, until, known)
    in_hours = reliability.trading_hours
    if in_hours is not None and in_hours.length > 0:
        yield _uptime("in trading hours", in_hours)
    yield _uptime("at all hours", reliability.all_hours)


def _uptime(label: str, figures: Figures) -> Uptime:
    open_hours = {**figures.seconds, Condition.CLOSED: 0.0}
    return Uptime(label, availability_text(figures), seconds_text(open_hours))


def outages_of(incidents: Sequence[Incident]) -> Outages | None:
    """Return what the outages among the incidents add up to; None if there are none."""
    lengths = [one.lasted for one in incidents if one.condition is Condition.DOWN]
    if not lengths:
        return None
    total, count = sum(lengths), len(lengths)
    return Outages(count, duration(total), duration(max(lengths)), duration(total / count))


def day_row(day: Day) -> DayRow:
    """Return one day in words."""
    figures = day.reliability.all_hours
    seconds = figures.seconds
    not_watched = seconds[Condition.ASLEEP] + seconds[Condition.UNOBSERVED]

    def shown(length: float) -> str:
        return duration(length) if length >= LEAST_SHOWN else ""

    return DayRow(
        day_name(day),
        availability_text(figures),
        figures.outages,
        shown(seconds[Condition.DOWN]),
        shown(seconds[Condition.DEGRADED]),
        shown(seconds[Condition.EXPECTED]),
        shown(not_watched),
    )


def _latencies(reader: HistoryReader, target: str, until: float) -> list[LatencyView]:
    """Return the charts of everything whose latency was measured."""
    views = []
    for sensor, name in LATENCY_NAMES.items():
        day = latency_of(reader, target, sensor, until - DAY, until, STEP_OF_DAY)
        month = latency_of(reader, target, sensor, until - MONTH, until, STEP_OF_MONTH)
        if day is not None or month is not None:
            views.append(LatencyView(name.capitalize(), day, month))
    return views


def latency_of(
    reader: HistoryReader,
    target: str,
    sensor: SensorName,
    since: float,
    until: float,
    step: float,
) -> LatencyChart | None:
    """Return the chart of a time in steps of so many seconds; None if nothing was answered."""
    steps = reader.read_latency(target, sensor, since, until, step)
    whole = reader.read_latency(target, sensor, since, until, until - since)
    return latency_chart(steps, whole[0] if whole else None, since, until)


def count_expected(incidents: Sequence[Incident]) -> Iterator[ExpectedView]:
    """Yield what was expected, by cause."""
    lengths: dict[str, list[float]] = {}
    names: dict[str, str] = {}
    for one in incidents:
        if one.condition is Condition.EXPECTED:
            lengths.setdefault(one.code, []).append(one.lasted)
            names[one.code] = clean(one.cause.headline) or one.code
    for code, each in lengths.items():
        yield ExpectedView(names[code], len(each), duration(sum(each)))
