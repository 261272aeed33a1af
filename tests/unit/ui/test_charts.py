"""What happened as charts: every period is drawn, nothing sticks out, and the words add up."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traymon.core.history import LatencyBucket
from traymon.core.periods import Condition, Period
from traymon.core.reliability import measure, measure_days
from traymon.core.time_windows import Span
from traymon.ui import charts
from traymon.ui.charts import (
    BAR_HEIGHT,
    LEAST_HEIGHT,
    MAX_SEGMENTS,
    TEXT_MARKS,
    slots,
    strip,
)
from traymon.ui.latency_chart import HEIGHT, WIDTH, latency_chart

DAY = 86_400.0
NOW = 1_795_000_000.0
SINCE = NOW - DAY
STORED = [one for one in Condition if one is not Condition.CLOSED]


def periods(*parts: tuple[Condition, float], since: float = SINCE) -> tuple[Period, ...]:
    """Return periods that follow each other, by condition and length."""
    found, at = [], since
    for condition, length in parts:
        found.append(Period(at, at + length, condition, "port-refused", headline="<No answer>"))
        at += length
    return tuple(found)


lengths = st.floats(0.5, 40_000)
records = st.lists(st.tuples(st.sampled_from(STORED), lengths), min_size=1, max_size=40)


def until(record: Sequence[Period]) -> float:
    return record[-1].end


@settings(max_examples=40)
@given(records)
def test_every_period_is_drawn_once_from_edge_to_edge(
    parts: list[tuple[Condition, float]],
) -> None:
    record = periods(*parts)
    chart = strip(record, SINCE, until(record), NOW)
    assert [one.condition for one in chart.segments] == [one.condition for one in record]
    assert chart.segments[0].left == 0
    right = 0.0
    for one in chart.segments:
        assert one.left == pytest.approx(right, abs=0.01)
        assert one.width >= 0
        right = one.left + one.width
    assert right == pytest.approx(100, abs=0.01)


def test_a_day_of_flapping_is_drawn_coarsely_and_hides_no_outage() -> None:
    parts = [(Condition.UP, 55.0), (Condition.DOWN, 5.0)] * 720
    record = periods(*parts, (Condition.UP, DAY / 2))
    chart = strip(record, SINCE, until(record), NOW)
    assert len(chart.segments) <= MAX_SEGMENTS
    (first, last) = (chart.segments[0], chart.segments[-1])
    assert first.condition is Condition.DOWN
    assert last.condition is Condition.UP
    assert last.left + last.width == pytest.approx(100)
    assert "down 1 h" in chart.summary


def test_an_outage_of_seconds_is_marked_above_the_strip_and_what_announced_it_is_not() -> None:
    lost, down, slow = (Condition.DEGRADED, 4.0), (Condition.DOWN, 41.0), (Condition.DEGRADED, 60.0)
    up = (Condition.UP, DAY / 4)
    record = periods(up, lost, down, up, slow, up, down, (Condition.UP, 60.0), down)
    pins = strip(record, SINCE, until(record), NOW).pins
    assert sorted((round(one.left), one.condition) for one in pins) == [
        (33, Condition.DOWN),
        (66, Condition.DEGRADED),
        (100, Condition.DOWN),
    ]


def test_a_tooltip_says_what_when_how_long_and_why() -> None:
    record = periods((Condition.UP, 3600), (Condition.DOWN, 432), (Condition.UP, 3600))
    chart = strip(record, SINCE, until(record), NOW)
    up, down, _ = chart.segments
    assert re.fullmatch(r"Down .*\d\d:\d\d to .*\d\d:\d\d \(7 min 12 s\): <No answer>", down.title)
    assert up.title.endswith("(1 h)"), "a headline of green says nothing new"
    assert chart.summary == "up 2 h, down 7 min 12 s"


@pytest.mark.parametrize(
    ("trading", "expected"),
    [
        (None, []),
        ([], [(0, 100)]),
        ([Span(SINCE, NOW)], []),
        ([Span(SINCE - DAY, SINCE - 1)], [(0, 100)]),
        ([Span(SINCE + DAY / 4, SINCE + DAY / 2)], [(0, 25), (50, 50)]),
        ([Span(SINCE - 5, SINCE + DAY / 2), Span(NOW + 5, NOW + 9)], [(50, 50)]),
    ],
)
def test_the_hours_without_trading_have_a_lane_of_their_own(
    trading: list[Span] | None, expected: list[tuple[float, float]]
) -> None:
    chart = strip(periods((Condition.UP, DAY)), SINCE, NOW, NOW, trading)
    assert [(one.left, one.width) for one in chart.closed] == expected


def test_times_under_a_strip_are_full_hours_with_room_around_them() -> None:
    ticks = strip(periods((Condition.UP, DAY)), SINCE, NOW, NOW).ticks
    assert len(ticks) == 4
    labels = [tick.label for tick in ticks if tick.label]
    assert len(labels) >= 3
    assert set(labels) <= {"00:00", "06:00", "12:00", "18:00"}
    assert all(5 <= tick.at <= 95 for tick in ticks if tick.label)


@settings(max_examples=40)
@given(records, st.integers(1, 60))
def test_a_time_is_cut_into_as_many_parts_as_wanted_and_shows_every_fault(
    parts: list[tuple[Condition, float]], count: int
) -> None:
    record = periods(*parts)
    shown = slots(record, SINCE, until(record), count)
    assert len(shown) == count
    for fault in (Condition.DOWN, Condition.DEGRADED, Condition.EXPECTED):
        worse = {Condition.DOWN, Condition.DEGRADED} if fault is not Condition.DOWN else {fault}
        was = any(one.condition is fault for one in record)
        assert not was or {fault, *worse} & set(shown)


def test_each_condition_has_a_character_of_its_own_with_and_without_unicode() -> None:
    assert set(TEXT_MARKS) == set(Condition)
    for ascii_only in (False, True):
        marks = {charts.text_mark(one, ascii_only=ascii_only) for one in Condition}
        assert len(marks) == len(Condition)
        assert all(len(mark) == 1 for mark in marks)
        assert not ascii_only or all(mark.isascii() for mark in marks)


@settings(max_examples=40)
@given(records)
def test_a_bar_is_filled_by_its_parts_and_shows_every_fault(
    parts: list[tuple[Condition, float]],
) -> None:
    record = periods((Condition.UP, 1.0), *parts)
    days = measure_days(record, SINCE, until(record), UTC)
    blocks = charts.day_blocks(days, len(days))
    bars = [bar for block in blocks for bar in block.bars]
    assert len(bars) == len(days)
    for day, bar in zip(days, bars, strict=True):
        seconds = day.reliability.all_hours.seconds
        drawn = {part.condition for part in bar.parts}
        assert {c for c in LEAST_HEIGHT if seconds[c] > 0} <= drawn
        assert drawn <= {c for c in STORED if seconds[c] > 0}
        assert sum(part.height for part in bar.parts) == pytest.approx(BAR_HEIGHT, abs=0.1)
        for part in bar.parts:
            assert part.height > 0
            assert -0.1 <= part.top <= BAR_HEIGHT - part.height + 0.1
        assert bar.left >= 0
        assert bar.left + bar.width <= 100.01


def test_days_are_in_blocks_of_a_month_that_end_with_the_newest() -> None:
    since = NOW - 90 * DAY
    record = periods((Condition.UP, 89 * DAY), (Condition.DOWN, DAY), since=since)
    days = measure_days(record, since, NOW, UTC)
    blocks = charts.day_blocks(days, 90)
    assert [len(block.bars) for block in blocks] == [30, 30, 30]
    last = days[-1].day
    assert blocks[-1].label.endswith(f"{last.day} {last:%b}")
    assert "down" in blocks[-1].summary
    assert "down" not in blocks[0].summary
    (only,) = charts.day_blocks(days[-2:], 90)
    assert [bar.left for bar in only.bars] == [
        pytest.approx(100 * n / 30, abs=0.01) for n in (28, 29)
    ]


def test_a_day_without_trading_is_marked_where_the_trading_hours_are_known() -> None:
    record = periods((Condition.UP, 4 * DAY), since=NOW - 4 * DAY)
    trading = [Span(NOW - 2 * DAY, NOW - 2 * DAY + 3600)]
    days = measure_days(record, NOW - 4 * DAY, NOW, UTC, trading)
    (block,) = charts.day_blocks(days, 30, trading_since=trading[0].begins)
    marked = [bar.closed for bar in block.bars]
    assert not any(marked[:2]), "nobody knows"
    assert all(marked[-2:])
    assert "no trading" in block.bars[-1].title
    assert not any(bar.closed for bar in charts.day_blocks(days, 30)[0].bars)


def bucket(
    at: float, median: float | None, p95: float | None = None, lost: int = 0
) -> LatencyBucket:
    high = median if p95 is None else p95
    return LatencyBucket(at, at + 600, 0 if median is None else 5, lost, median, median, high, high)


latencies = st.one_of(st.none(), st.floats(1e-6, 60))
steps = st.lists(st.tuples(latencies, st.floats(1, 50), st.integers(0, 3)), min_size=1, max_size=40)


@settings(max_examples=40)
@given(steps)
def test_a_latency_chart_draws_every_step_within_its_frame(
    values: list[tuple[float | None, float, int]],
) -> None:
    measured = [
        bucket(SINCE + n * 600, median, None if median is None else median * factor, lost)
        for n, (median, factor, lost) in enumerate(values)
        if median is not None or lost
    ]
    chart = latency_chart(measured, None, SINCE, NOW)
    answered = [one for one in measured if one.median is not None]
    if chart is None:
        assert not answered
        return
    points = [tuple(map(float, at.split(","))) for line in chart.lines for at in line.split()]
    corners = [tuple(map(float, at.split(","))) for band in chart.bands for at in band.split()]
    assert len(points) == len(answered) + 2 * len(chart.lines)
    assert len(corners) == 2 * len(points)
    for x, y in points + corners:
        assert 0 <= x <= WIDTH
        assert -0.1 <= y <= HEIGHT + 0.1
    assert len(chart.lost) == sum(one.lost > 0 for one in measured)


def test_a_gap_in_the_latency_is_a_gap_in_its_line() -> None:
    measured = [bucket(SINCE, 0.002), bucket(SINCE + 600, 0.003), bucket(SINCE + 6000, 0.002)]
    chart = latency_chart(measured, None, SINCE, NOW)
    assert chart is not None
    assert len(chart.lines) == len(chart.bands) == 2
    assert [level.label for level in chart.levels] == ["2 ms", "5 ms"]


def test_the_latency_is_said_in_words_too() -> None:
    whole = LatencyBucket(SINCE, NOW, 100, 3, 0.001, 0.003, 0.012, 2.1)
    chart = latency_chart([bucket(SINCE, 0.002, lost=1)], whole, SINCE, NOW)
    assert chart is not None
    assert chart.summary == (
        "median 3 ms, 95 % within 12 ms, slowest 2.1 s, 3 questions were not answered"
    )
    assert chart.lost[0].label == "1 question was not answered"
    assert latency_chart([bucket(SINCE, None, lost=2)], whole, SINCE, NOW) is None


def test_a_long_time_has_dates_under_it() -> None:
    since = NOW - 30 * DAY
    chart = latency_chart([bucket(NOW - 600, 0.002)], None, since, NOW)
    assert chart is not None
    assert len(chart.ticks) in (4, 5)
    shown = next(tick.label for tick in chart.ticks if tick.label)
    assert re.fullmatch(r"\d{1,2} \w{3}", shown)
    assert datetime.strptime(shown + " 2026", "%d %b %Y")


def test_a_strip_and_its_words_add_up() -> None:
    record = periods((Condition.UP, 3600), (Condition.ASLEEP, 1800), (Condition.DOWN, 41))
    figures = measure(record, SINCE, until(record)).all_hours
    assert strip(record, SINCE, until(record), NOW).summary == ("up 1 h, down 41 s, asleep 30 min")
    assert sum(figures.seconds.values()) == pytest.approx(until(record) - SINCE)
