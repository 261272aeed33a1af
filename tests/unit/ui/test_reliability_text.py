"""Percentages are never too good, and nothing is claimed of what was not observed."""

from __future__ import annotations

import pytest

from traymon.core.periods import Condition
from traymon.core.reliability import Figures
from traymon.ui.reliability_text import (
    CONDITION_NAMES,
    availability_text,
    observed_text,
    percentage,
    seconds_text,
)

HOUR = 3600.0


def figures(**seconds: float) -> Figures:
    return Figures({one: seconds.get(one.name.lower(), 0.0) for one in Condition}, {}, ())


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1.0, "100 %"),
        (0.999999, "99.99 %"),
        (0.9999, "99.99 %"),
        (0.99985, "99.98 %"),
        (0.57, "57.00 %"),
        (0.29, "29.00 %"),
        (0.0, "0.00 %"),
    ],
)
def test_a_percentage_is_rounded_down(share: float, words: str) -> None:
    assert percentage(share) == words


def test_without_enough_observed_there_is_no_percentage() -> None:
    half = figures(up=41.9 * HOUR, unobserved=23.1 * HOUR)
    assert availability_text(half) == observed_text(half) == "observed 41 of 65 h"
    assert availability_text(figures(up=9 * HOUR, down=0.9 * HOUR)) == "90.90 %"
    assert availability_text(figures(up=4.55 * HOUR, asleep=6 * HOUR)) == "observed 4.5 of 10 h"
    week = figures(up=50.193, unobserved=604749.806999)  # as parts in floating point add up
    assert observed_text(week) == "observed 0 of 168 h"
    assert availability_text(figures(up=600, unobserved=1200)) == "observed 10 of 30 min"
    assert availability_text(figures(closed=HOUR)) == "observed 0 of 0 min"


def test_how_long_each_condition_lasted_names_what_occurred_alone() -> None:
    text = seconds_text(figures(up=23 * HOUR, down=432, asleep=0.2).seconds)
    assert text == "up 23 h, down 7 min 12 s"
    assert set(CONDITION_NAMES) == set(Condition)
