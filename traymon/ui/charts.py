"""What happened as charts: what lies where in a picture, and what its tooltips say.

Pure. assets/charts.html.j2 draws them as SVG, in which places are percentages of the width and
units of the height, so that a chart fits a phone as well as a wide screen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from traymon.core.periods import Condition, Period
from traymon.core.reliability import Day, measure
from traymon.core.time_windows import Span
from traymon.diagnosis.fix_pages import clean
from traymon.diagnosis.formatting import duration, span
from traymon.ui.reliability_text import CONDITION_NAMES, availability_text, seconds_text

MAX_SEGMENTS = 400  # of a strip; a target that flaps all day is drawn more coarsely
PIN_DISTANCE = 1.5  # percent between two marks above a strip
TICK_HOURS = 6  # between two times under a strip
TICK_MARGIN = 5.0  # percent; a time nearer to an end of the strip is left out
BAR_HEIGHT = 48.0
BLOCK_DAYS = 30  # of the bars that stay together where the screen is narrow
# From the bottom of a bar up: what went wrong stands on one line and can be compared.
BAR_ORDER = (
    *(Condition.DOWN, Condition.DEGRADED, Condition.EXPECTED),
    *(Condition.UP, Condition.ASLEEP, Condition.UNOBSERVED),
)
# The least height, so that an outage of seconds can be seen in a day.
LEAST_HEIGHT = {Condition.DOWN: 6.0, Condition.DEGRADED: 5.0, Condition.EXPECTED: 4.0}
THINNEST = 0.5  # anything else that would be thinner is not drawn


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a strip."""

    condition: Condition
    left: float  # percent
    width: float  # percent
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A time or a value beside a chart."""

    at: float  # percent
    label: str  # "" if there is no room


@dataclass(frozen=True, slots=True)
class Strip:
    """What happened from one moment to another, from left to right."""

    segments: tuple[Segment, ...]
    pins: tuple[Segment, ...]  # what is marked above the strip, as it may be too short to be seen
    closed: tuple[Segment, ...]  # outside trading hours; a lane of its own
    ticks: tuple[Tick, ...]
    summary: str  # in words: how long each condition lasted


@dataclass(frozen=True, slots=True)
class BarPart:
    """A condition's part of a day."""

    condition: Condition
    top: float
    height: float


@dataclass(frozen=True, slots=True)
class DayBar:
    """One day."""

    left: float  # percent
    width: float  # percent
    parts: tuple[BarPart, ...]
    closed: bool  # no trading that day, as far as trading hours are known
    title: str


@dataclass(frozen=True, slots=True)
class DayBlock:
    """A month of days."""

    label: str  # the first and the last day: `30 Oct` to `28 Nov`
    bars: tuple[DayBar, ...]
    summary: str


def strip(
    periods: Sequence[Period],
    since: float,
    until: float,
    now: float,
    trading: Sequence[Span] | None = None,
) -> Strip:
    """Return the strip of a time. `periods` are in order and without gaps.

    `trading` are the trading hours; None if none are known.
    """
    inside = [part for one in periods if (part := one.within(since, until)) is not None]
    drawn = inside if len(inside) <= MAX_SEGMENTS else _coarse(inside, since, until)

    def segment(condition: Condition, start: float, end: float, title: str) -> Segment:
        left, right = _percent(start, since, until), _percent(end, since, until)
        return Segment(condition, left, round(right - left, 3), title)

    def closed(start: float, end: float) -> Segment:
        title = _title(Condition.CLOSED, start, end, "", now)
        return segment(Condition.CLOSED, start, end, title)

    lengths = measure(inside, since, until).all_hours.seconds
    segments = tuple(
        segment(
            *(one.condition, one.start, one.end),
            _title(one.condition, one.start, one.end, one.headline, now),
        )
        for one in drawn
    )
    return Strip(
        segments,
        tuple(_pins(segments)),
        tuple(closed(one.begins, one.ends) for one in _closed(trading, since, until)),
        tuple(_clock_ticks(since, until)),
        seconds_text(lengths),
    )


def _pins(segments: Sequence[Segment]) -> Iterator[Segment]:
    """Yield the faults to mark: outages first, then what is degraded, none close to another."""
    marked: list[float] = []
    for fault in (Condition.DOWN, Condition.DEGRADED):
        for one in segments:
            if one.condition is fault and all(abs(one.left - at) >= PIN_DISTANCE for at in marked):
                marked.append(one.left)
                yield one


def _percent(at: float, since: float, until: float) -> float:
    return round((at - since) / (until - since) * 100, 3)


def _title(condition: Condition, start: float, end: float, headline: str, now: float) -> str:
    name = CONDITION_NAMES[condition].capitalize()
    text = f"{name} {span(start, end, now)} ({duration(end - start)})"
    shown = headline if condition is not Condition.UP else ""
    return f"{text}: {clean(shown)}" if shown else text


def _closed(trading: Sequence[Span] | None, since: float, until: float) -> Iterator[Span]:
    """Yield the times between the trading hours; nothing if none are known."""
    if trading is None:
        return
    at = since
    for hours in trading:
        if hours.ends <= at or hours.begins >= until:
            continue
        if hours.begins > at:
            yield Span(at, hours.begins)
        at = hours.ends
    if at < until:
        yield Span(at, until)


def _clock_ticks(since: float, until: float) -> Iterator[Tick]:
    """Yield the full hours of the local clock at which a strip has a tick."""
    first = datetime.fromtimestamp(since).replace(hour=0, minute=0, second=0, microsecond=0)
    at = first
    while at.timestamp() < until:
        if at.timestamp() > since:
            place = _percent(at.timestamp(), since, until)
            has_room = TICK_MARGIN <= place <= 100 - TICK_MARGIN
            yield Tick(place, f"{at:%H:%M}" if has_room else "")
        at += timedelta(hours=TICK_HOURS)


def worst(seconds: Mapping[Condition, float]) -> Condition:
    """Return the condition by which a time is shown in one character.

    A fault counts however short it was; of the others, what lasted longest.
    """
    for condition in (Condition.DOWN, Condition.DEGRADED, Condition.EXPECTED):
        if seconds[condition] > 0:
            return condition
    return max(seconds, key=lambda condition: seconds[condition])


def slots(periods: Sequence[Period], since: float, until: float, count: int) -> list[Condition]:
    """Return the worst condition of each of `count` parts of a time, which are equally long."""
    edges = [since + (until - since) * number / count for number in range(count + 1)]
    found, first = [], 0
    for start, end in pairwise(edges):
        while first < len(periods) and periods[first].end <= start:
            first += 1
        last = first
        while last < len(periods) and periods[last].start < end:
            last += 1
        found.append(worst(measure(periods[first:last], start, end).all_hours.seconds))
    return found


def _coarse(periods: Sequence[Period], since: float, until: float) -> list[Period]:
    """Return as many periods as a strip can show, each the worst of its time."""
    step = (until - since) / MAX_SEGMENTS
    joined: list[Period] = []
    for number, condition in enumerate(slots(periods, since, until, MAX_SEGMENTS)):
        end = since + (number + 1) * step
        if joined and joined[-1].condition is condition:
            joined[-1] = Period(joined[-1].start, end, condition)
        else:
            joined.append(Period(joined[-1].end if joined else since, end, condition))
    return joined


TEXT_MARKS = {
    Condition.UP: "█#",
    Condition.DEGRADED: "▒~",
    Condition.DOWN: "✗X",
    Condition.EXPECTED: "░+",
    Condition.ASLEEP: "zz",
    Condition.UNOBSERVED: "·.",
    Condition.CLOSED: "--",
}  # of a strip of text: with Unicode, and without


def text_mark(condition: Condition, *, ascii_only: bool = False) -> str:
    """Return the character that stands for a condition; it needs no colour."""
    return TEXT_MARKS[condition][ascii_only]


def day_blocks(
    days: Sequence[Day], count: int, trading_since: float | None = None
) -> tuple[DayBlock, ...]:
    """Return the bars of the last `count` days, in months of thirty.

    Fewer days are at the right; months of which nothing was watched are left out.
    `trading_since`: from when on the trading hours are known.
    """
    shown = list(days[-count:])
    blocks = []
    for first in range(0, count, BLOCK_DAYS):
        missing = count - len(shown)
        part = shown[max(first - missing, 0) : max(first + BLOCK_DAYS - missing, 0)]
        if any(day.reliability.all_hours.observed for day in part):
            blocks.append(_block(part, trading_since))
    return tuple(blocks)


def _block(days: Sequence[Day], trading_since: float | None) -> DayBlock:
    width = 100 / BLOCK_DAYS
    empty = BLOCK_DAYS - len(days)
    first, last = days[0].day, days[-1].day
    label = f"{first.day} {first:%b} \N{EN DASH} {last.day} {last:%b}"
    bars = tuple(
        _bar(day, (empty + n) * width, width, _is_closed(day, trading_since))
        for n, day in enumerate(days)
    )
    total = {one: sum(day.reliability.all_hours.seconds[one] for day in days) for one in Condition}
    return DayBlock(label, bars, seconds_text(total))


def _is_closed(day: Day, trading_since: float | None) -> bool:
    """Tell whether it is known that there was no trading on a day."""
    if trading_since is None or day.reliability.since < trading_since:
        return False
    in_hours = day.reliability.trading_hours
    return in_hours is not None and in_hours.length == 0


def _bar(day: Day, left: float, width: float, closed: bool) -> DayBar:
    figures = day.reliability.all_hours
    title = f"{day_name(day)}: {availability_text(figures)} ({seconds_text(figures.seconds)})"
    if closed:
        title += ", no trading"
    return DayBar(round(left, 3), round(width, 3), _bar_parts(figures.seconds), closed, title)


def day_name(day: Day) -> str:
    """Return a day as users read it: `Tue 24 Nov`."""
    return f"{day.day:%a} {day.day.day} {day.day:%b}"


def _bar_parts(seconds: Mapping[Condition, float]) -> tuple[BarPart, ...]:
    """Return the parts of a bar, from the bottom up; together they fill it."""
    total = sum(seconds[condition] for condition in BAR_ORDER)
    heights = {}
    for condition in BAR_ORDER:
        height = seconds[condition] / total * BAR_HEIGHT if total else 0.0
        if seconds[condition] > 0 and condition in LEAST_HEIGHT:
            heights[condition] = max(height, LEAST_HEIGHT[condition])
        elif height >= THINNEST:
            heights[condition] = height
    if not heights:
        return ()
    largest = max(heights, key=lambda condition: heights[condition])
    heights[largest] -= sum(heights.values()) - BAR_HEIGHT
    parts, bottom = [], BAR_HEIGHT
    for condition, height in heights.items():
        bottom -= height
        parts.append(BarPart(condition, round(max(bottom, 0.0), 2), round(height, 2)))
    return tuple(parts)
