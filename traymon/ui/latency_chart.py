"""How long TWS took to answer, as a chart: the median as a line, up to the 95th percentile a band.

Pure. The scale is logarithmic: an answer takes a millisecond, or seconds when TWS is busy.
assets/charts.html.j2 draws it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from math import log10

from traymon.core.history import LatencyBucket
from traymon.diagnosis.formatting import duration
from traymon.ui.charts import Tick

WIDTH, HEIGHT = 1000.0, 100.0  # of the drawing's own coordinates
FASTEST = 0.0005  # seconds; what is faster is drawn there
DAY = 86_400.0  # seconds
MAX_LEVELS = 4  # of the vertical scale; more, and only its powers of ten are named
TICK_MARGIN = 6.0  # percent; a time nearer to an end of the chart is left out


@dataclass(frozen=True, slots=True)
class LatencyChart:
    """A chart of the latency from one moment to another, from left to right."""

    bands: tuple[str, ...]  # points of polygons, from the median to the 95th percentile
    lines: tuple[str, ...]  # points of polylines along the median
    lost: tuple[Tick, ...]  # when questions were not answered
    levels: tuple[Tick, ...]  # of the vertical scale, in percent from the top
    ticks: tuple[Tick, ...]
    summary: str


def latency_chart(
    buckets: Sequence[LatencyBucket], whole: LatencyBucket | None, since: float, until: float
) -> LatencyChart | None:
    """Return the chart of what was measured; None if nothing was answered in that time.

    `buckets` are steps of one length, in order; `whole` is all of the time as one step.
    """
    answered = [one for one in buckets if one.median is not None and one.p95 is not None]
    if not answered:
        return None
    levels = _levels(
        min(one.median or 0.0 for one in answered), max(one.p95 or 0.0 for one in answered)
    )
    low, high = _log(levels[0]), _log(levels[-1])

    def x(at: float) -> float:
        return min(max((at - since) / (until - since), 0.0), 1.0) * WIDTH

    def y(seconds: float) -> float:
        return (high - _log(seconds)) / (high - low) * HEIGHT

    def percent(at: float) -> float:
        return round(x(at) / WIDTH * 100, 2)

    runs = list(_runs(answered))
    return LatencyChart(
        tuple(
            _points(
                [
                    *[(x(at), y(one.p95 or 0.0)) for at, one in _places(run)],
                    *reversed([(x(at), y(one.median or 0.0)) for at, one in _places(run)]),
                ]
            )
            for run in runs
        ),
        tuple(_points([(x(at), y(one.median or 0.0)) for at, one in _places(run)]) for run in runs),
        tuple(
            Tick(percent((one.start + one.end) / 2), _lost_text(one.lost))
            for one in buckets
            if one.lost
        ),
        tuple(Tick(round(y(level) / HEIGHT * 100, 2), duration(level)) for level in levels),
        tuple(
            Tick(percent(at), label if TICK_MARGIN <= percent(at) <= 100 - TICK_MARGIN else "")
            for at, label in _moments(since, until)
        ),
        _summary(whole),
    )


def _levels(fastest: float, slowest: float) -> list[float]:
    """Return the round values of a scale that has room for both, in order."""
    scale = [10.0**power * factor for power in range(-4, 4) for factor in (1, 2, 5)]
    first = bisect_right(scale, max(fastest, FASTEST)) - 1
    last = max(bisect_left(scale, max(slowest, FASTEST)), first + 1)
    levels = scale[first : min(last, len(scale) - 1) + 1]
    if len(levels) <= MAX_LEVELS:
        return levels
    room = (_log(levels[-1]) - _log(levels[0])) / MAX_LEVELS / 2  # for a name
    inner = (
        level
        for level in levels[1:-1]
        if _log(level).is_integer()
        and _log(levels[0]) + room < _log(level) < _log(levels[-1]) - room
    )
    return [levels[0], *inner, levels[-1]]


def _log(seconds: float) -> float:
    return log10(max(seconds, FASTEST))


def _runs(buckets: Sequence[LatencyBucket]) -> Iterator[list[LatencyBucket]]:
    """Yield the steps that follow each other without a gap."""
    run = [buckets[0]]
    for before, one in pairwise(buckets):
        if one.start > before.end + 1.0:
            yield run
            run = []
        run.append(one)
    yield run


def _places(run: Sequence[LatencyBucket]) -> Iterator[tuple[float, LatencyBucket]]:
    """Yield where each step is drawn: in its middle, and the run's ends to their very end."""
    yield run[0].start, run[0]
    for one in run:
        yield (one.start + one.end) / 2, one
    yield run[-1].end, run[-1]


def _points(places: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _moments(since: float, until: float) -> Iterator[tuple[float, str]]:
    """Yield the times under a chart: hours of a day or so, dates of a longer time."""
    length = until - since
    is_long = length > 3 * DAY
    step = timedelta(days=7 if length > 10 * DAY else 1) if is_long else timedelta(hours=6)
    at = datetime.fromtimestamp(since).replace(hour=0, minute=0, second=0, microsecond=0)
    while at.timestamp() < until:
        if at.timestamp() > since:
            yield at.timestamp(), f"{at.day} {at:%b}" if is_long else f"{at:%H:%M}"
        at += step


def _lost_text(count: int) -> str:
    return f"{count} {'question was' if count == 1 else 'questions were'} not answered"


def _summary(whole: LatencyBucket | None) -> str:
    """Return the figures in words: `median 3 ms, 95 % within 12 ms, slowest 2.1 s`."""
    if whole is None:
        return ""
    parts = []
    if whole.median is not None and whole.p95 is not None and whole.highest is not None:
        parts = [
            f"median {duration(whole.median)}",
            f"95 % within {duration(whole.p95)}",
            f"slowest {duration(whole.highest)}",
        ]
    return ", ".join([*parts, _lost_text(whole.lost)] if whole.lost else parts)
