"""Latencies in buckets: close to what was measured, and the same however they were added up."""

from __future__ import annotations

import random
from math import ceil

import pytest

from traymon.core.histogram import LAST_BUCKET, MAX_COUNT, Histogram, decode_counts, merged


def measured(*values: float) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


def test_without_a_value_there_is_no_percentile() -> None:
    assert Histogram().percentile(0.5) is None
    assert Histogram(lost=3).count == 0


def test_one_value_is_every_percentile() -> None:
    for share in (0.0, 0.5, 0.95, 1.0):
        assert measured(0.0123).percentile(share) == pytest.approx(0.0123, rel=0.1)


@pytest.mark.parametrize("seed", range(20))
def test_a_percentile_is_at_most_a_tenth_off(seed: int) -> None:
    chance = random.Random(seed)
    values = sorted(chance.lognormvariate(-5, 2) for _ in range(chance.randint(1, 700)))
    histogram = measured(*values)
    for share in (0.0, 0.5, 0.95, 1.0):
        exact = values[max(0, ceil(share * len(values)) - 1)]
        assert histogram.percentile(share) == pytest.approx(exact, rel=0.1, abs=0.00006)


@pytest.mark.parametrize("seed", range(10))
def test_minutes_add_up_to_the_hour(seed: int) -> None:
    chance = random.Random(seed)
    values = [chance.expovariate(100) for _ in range(300)]
    minutes = [measured(*values[n : n + 7]) for n in range(0, len(values), 7)]
    assert merged(minutes) == measured(*values)


def test_counts_survive_the_file() -> None:
    for histogram in (
        Histogram(lost=1),
        measured(0.000001, 0.002, 0.002, 5.0, 1e9),
        measured(*([0.002] * 300), 0.5),
    ):
        assert decode_counts(histogram.encode()) == histogram.counts
    assert max(measured(1e9).counts) == LAST_BUCKET


@pytest.mark.parametrize("data", [b"", b"\x02\x01", b"\x03\x01\x02", b"\x07abcdefg"])
def test_other_bytes_are_no_counts(data: bytes) -> None:
    with pytest.raises(ValueError, match="no counts"):
        decode_counts(data)


def test_a_month_of_heartbeats_is_counted_in_full_and_a_row_of_the_file_has_an_end() -> None:
    month = merged([measured(*([0.002] * 9), 0.5)] * 50_000)
    assert month.count == 500_000
    assert month.percentile(0.5) == measured(0.002).percentile(0.5)
    assert max(decode_counts(month.encode()).values()) == MAX_COUNT


def test_what_was_lost_adds_up() -> None:
    assert merged([Histogram(lost=2), Histogram(lost=3)]).lost == 5
