"""How reliable a target was: exact seconds per condition, and the outages by cause.

Pure. Two figures: one of the trading hours, and one of all hours. What was expected, slept through
or not watched is counted by itself: it is neither up nor down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from traymon.core.incidents import Incident, find_incidents
from traymon.core.periods import Condition, Period
from traymon.core.time_windows import Span

ENOUGH = 0.9  # the share of a time that must have been observed for a percentage of it
OBSERVED = (Condition.UP, Condition.DEGRADED, Condition.DOWN, Condition.EXPECTED)


@dataclass(frozen=True, slots=True)
class CauseFigures:
    """What outages of one cause add up to."""

    code: str
    count: int
    seconds: float  # in which they were down, transient states included
    longest: float  # seconds


@dataclass(frozen=True, slots=True)
class Figures:
    """What a time adds up to; exact seconds."""

    seconds: Mapping[Condition, float]  # of every condition; the sum is the whole time
    expected: Mapping[str, float]  # of EXPECTED, by code
    causes: tuple[CauseFigures, ...]  # of the outages, the worst first

    @property
    def length(self) -> float:
        """The whole time, without the hours in which the market was closed."""
        return sum(self.seconds.values()) - self.seconds[Condition.CLOSED]

    @property
    def observed(self) -> float:
        """The time in which the condition is known; seconds."""
        return sum(self.seconds[condition] for condition in OBSERVED)

    @property
    def enough_observed(self) -> bool:
        """Whether enough was observed for a percentage; else say `observed 41 of 65 h`."""
        return self.length > 0 and self.observed >= ENOUGH * self.length

    @property
    def availability(self) -> float | None:
        """The share of the time, from 0 to 1, in which the API could be used.

        Degraded counts as usable; expected faults count neither way. None unless enough was
        observed. Round it down for users: 99.999 % is not 100 %.
        """
        usable = self.seconds[Condition.UP] + self.seconds[Condition.DEGRADED]
        judged = usable + self.seconds[Condition.DOWN]
        return usable / judged if judged > 0 and self.enough_observed else None

    @property
    def outages(self) -> int:
        """How many outages there were."""
        return sum(cause.count for cause in self.causes)

    @property
    def longest_outage(self) -> float | None:
        """The longest outage; None without any."""
        return max((cause.longest for cause in self.causes), default=None)

    @property
    def mean_time_to_recover(self) -> float | None:
        """The mean length of the outages; None without any."""
        if not self.outages:
            return None
        return sum(cause.seconds for cause in self.causes) / self.outages


@dataclass(frozen=True, slots=True)
class Reliability:
    """How reliable a target was from one moment up to another."""

    since: float
    until: float
    all_hours: Figures
    trading_hours: Figures | None  # None if no trading hours are known
    incidents: tuple[Incident, ...]  # of all kinds; those that are DOWN are the outages


@dataclass(frozen=True, slots=True)
class Day:
    """The figures of one day of the calendar; of the first and the last maybe a part only."""

    day: date
    reliability: Reliability


def measure(
    periods: Sequence[Period], since: float, until: float, trading: Sequence[Span] | None = None
) -> Reliability:
    """Return how reliable a target was from `since` up to `until`.

    `periods` are in order and without gaps. `trading` are the trading hours, in order, none of
    which overlap; None if none are known.
    """
    inside = list(_clip(periods, since, until))
    incidents = find_incidents(inside)
    all_hours = _figures(inside, incidents, [Span(since, until)], until - since)
    in_hours = None
    if trading is not None:
        in_hours = _figures(inside, incidents, _clip_spans(trading, since, until), until - since)
    return Reliability(since, until, all_hours, in_hours, incidents)


def measure_days(
    periods: Sequence[Period],
    since: float,
    until: float,
    zone: tzinfo | None,
    trading: Sequence[Span] | None = None,
) -> tuple[Day, ...]:
    """Return the figures of every day from `since` up to `until`, in order.

    The days are those of `zone`; None: of this computer. One has 23 or 25 hours when the clocks
    change.
    """
    return tuple(
        Day(day, measure(part, start, end, trading))
        for day, start, end, part in _split_days(periods, since, until, zone)
    )


def _split_days(
    periods: Sequence[Period], since: float, until: float, zone: tzinfo | None
) -> Iterator[tuple[date, float, float, Sequence[Period]]]:
    """Yield each day with its bounds and the periods that it has a part of."""
    first = 0
    start = since
    while start < until:
        day = datetime.fromtimestamp(start, zone).date()
        midnight = datetime.combine(day + timedelta(days=1), time(), zone).timestamp()
        end = min(midnight, until)
        while first < len(periods) and periods[first].end <= start:
            first += 1
        last = first
        while last < len(periods) and periods[last].start < end:
            last += 1
        yield day, start, end, periods[first:last]
        start = end


def _clip(periods: Sequence[Period], since: float, until: float) -> Iterator[Period]:
    return (part for one in periods if (part := one.within(since, until)) is not None)


def _clip_spans(spans: Sequence[Span], since: float, until: float) -> list[Span]:
    clipped = (Span(max(span.begins, since), min(span.ends, until)) for span in spans)
    return [span for span in clipped if span.begins < span.ends]


def _figures(
    periods: Sequence[Period], incidents: Sequence[Incident], spans: Sequence[Span], whole: float
) -> Figures:
    """Return the figures of what lies within the spans; the rest of the whole time is closed."""
    seconds = dict.fromkeys(Condition, 0.0)
    expected: dict[str, float] = {}
    for period, length in _overlaps(periods, spans):
        seconds[period.condition] += length
        if period.condition is Condition.EXPECTED:
            expected[period.code] = expected.get(period.code, 0.0) + length
    opened = sum(span.ends - span.begins for span in spans)
    seconds[Condition.UNOBSERVED] += opened - sum(seconds.values())  # before the first record
    seconds[Condition.CLOSED] = whole - opened
    return Figures(seconds, expected, _causes(incidents, spans))


def _overlaps(periods: Sequence[Period], spans: Sequence[Span]) -> Iterator[tuple[Period, float]]:
    """Yield each period with its seconds within each span that it overlaps; both are in order."""
    position = 0
    for period in periods:
        while position < len(spans) and spans[position].ends <= period.start:
            position += 1
        following = position
        while following < len(spans) and spans[following].begins < period.end:
            span = spans[following]
            yield period, min(period.end, span.ends) - max(period.start, span.begins)
            following += 1


def _causes(incidents: Sequence[Incident], spans: Sequence[Span]) -> tuple[CauseFigures, ...]:
    """Return the outages within the spans, grouped by cause; the longest time down first."""
    lengths: dict[str, list[float]] = {}
    for incident in incidents:
        if incident.condition is not Condition.DOWN:
            continue
        watched = [one for one in incident.periods if one.condition in OBSERVED]
        length = sum(seconds for _, seconds in _overlaps(watched, spans))
        if length > 0:
            lengths.setdefault(incident.code, []).append(length)
    causes = [CauseFigures(code, len(each), sum(each), max(each)) for code, each in lengths.items()]
    return tuple(sorted(causes, key=lambda cause: (-cause.seconds, cause.code)))
