from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traymon.core.polling import poll_interval, reading_ttl
from traymon.core.target import Limits
from traymon.core.vocabulary import Symptom

LIMITS = Limits(interval=30, quick=5, backoff=60, timeout=5)
# an open port that was not served, or a packet that somebody dropped: hammering makes it worse
TOUCHED = (Symptom.SILENT, Symptom.CLOSED, Symptom.RESET, Symptom.UNFINISHED, Symptom.TIMED_OUT)


@pytest.mark.parametrize("symptom", TOUCHED)
def test_an_unserved_port_is_looked_at_less_and_less(symptom: Symptom) -> None:
    rests = [poll_interval(symptom, streak, calm=False, limits=LIMITS) for streak in range(1, 8)]
    assert rests == [5, 10, 20, 40, 60, 60, 60]


@pytest.mark.parametrize("symptom", [Symptom.OK, Symptom.REFUSED, Symptom.NOBODY_LISTENS])
def test_what_costs_the_gateway_nothing_is_looked_at_at_one_pace(symptom: Symptom) -> None:
    assert [poll_interval(symptom, streak, calm=False, limits=LIMITS) for streak in (1, 2, 50)] == [
        5,
        5,
        5,
    ]


def test_while_all_is_well_the_interval_is_long() -> None:
    assert poll_interval(Symptom.OK, 1, calm=True, limits=LIMITS) == 30


def test_an_outage_of_months_does_not_overflow() -> None:
    assert poll_interval(Symptom.SILENT, 10_000_000, calm=False, limits=LIMITS) == 60


def test_a_backoff_below_the_quick_interval_does_not_quicken() -> None:
    limits = Limits(quick=20, backoff=5)
    assert poll_interval(Symptom.SILENT, 5, calm=False, limits=limits) == 20


@settings(deadline=None)
@given(
    st.sampled_from(Symptom),
    st.integers(1, 100),
    st.booleans(),
    st.floats(0.5, 60),
)
def test_a_reading_outlives_two_rests_and_the_look_that_replaces_it(
    symptom: Symptom, streak: int, calm: bool, timeout: float
) -> None:
    limits = Limits(timeout=timeout)
    pause = poll_interval(symptom, streak, calm, limits)
    assert reading_ttl(pause, limits) > 2 * pause + timeout
