"""The last value, the median and the 95th percentile of the last hour."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from traymon.core.latency import MAX_VALUES, WINDOW, RollingStats
from traymon.core.model import LatencyStats


def rolling(*values: float, at: float = 0.0) -> RollingStats:
    result = RollingStats()
    for value in values:
        result.add(value, at)
    return result


def test_without_values_there_are_no_figures() -> None:
    assert RollingStats().stats(0.0) is None


def test_one_value_is_all_of_them() -> None:
    assert rolling(0.25).stats(0.0) == LatencyStats(last=0.25, median=0.25, p95=0.25, count=1)


@pytest.mark.parametrize(
    ("values", "median", "p95"),
    [
        ([1, 2], 1, 2),
        ([3, 1, 2], 2, 3),
        (range(1, 5), 2, 4),
        (range(1, 20), 10, 19),  # 0.95 * 19 = 18.05: the 19th
        (range(1, 21), 10, 19),
        (range(1, 101), 50, 95),
        ([7] * 50, 7, 7),
    ],
)
def test_a_percentile_is_the_nearest_measured_value(
    values: Iterable[float], median: float, p95: float
) -> None:
    shuffled = list(values)
    random.Random(1).shuffle(shuffled)
    figure = rolling(*shuffled).stats(0.0)
    assert figure == LatencyStats(last=shuffled[-1], median=median, p95=p95, count=len(shuffled))


def test_a_value_leaves_after_an_hour() -> None:
    values = rolling(9.0, at=0.0)
    values.add(1.0, 10.0)
    assert values.stats(WINDOW) == LatencyStats(last=1.0, median=1.0, p95=9.0, count=2)
    assert values.stats(WINDOW + 0.1) == LatencyStats(last=1.0, median=1.0, p95=1.0, count=1)
    assert values.stats(WINDOW + 10.1) is None


def test_an_hour_of_heartbeats_fits_and_more_than_the_most_is_not_kept() -> None:
    values = RollingStats()
    for beat in range(10 * MAX_VALUES):
        values.add(float(beat), beat / 100)
    figure = values.stats(10 * MAX_VALUES / 100)
    assert figure is not None
    assert (figure.count, figure.last) == (MAX_VALUES, 10.0 * MAX_VALUES - 1)
    assert MAX_VALUES >= WINDOW / 5
