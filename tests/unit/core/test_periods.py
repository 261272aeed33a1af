"""What a time counts as, by the diagnosis that shows in it."""

from __future__ import annotations

from traymon.core.model import Diagnosis
from traymon.core.periods import Condition, Period, condition_of, is_transient
from traymon.core.vocabulary import Light
from traymon.diagnosis.catalogue import CATALOGUE

C = Condition


def test_every_entry_of_the_catalogue_counts_as_something() -> None:
    counted = {
        entry.code: condition_of(
            Diagnosis(entry.code, entry.light, announce=entry.announce, expected=entry.expected)
        )
        for entry in CATALOGUE
    }
    assert counted["healthy"] is C.UP
    assert counted["app-not-running"] is C.DOWN
    assert counted["clock-skew"] is C.DEGRADED
    assert counted["paused"] is counted["checking-session"] is C.UNOBSERVED
    assert {code for code, one in counted.items() if one is C.EXPECTED} >= {
        "maintenance",
        "reset-window",
    }


def test_only_amber_that_is_not_announced_is_transient() -> None:
    assert is_transient(Diagnosis("session-lost", Light.AMBER, announce=False))
    assert not is_transient(Diagnosis("clock-skew", Light.AMBER))
    assert not is_transient(Diagnosis("reset-window", Light.AMBER, announce=False, expected=True))
    assert not is_transient(Diagnosis("healthy", Light.GREEN, announce=False))


def test_a_part_of_a_period_says_the_same() -> None:
    period = Period(0.0, 10.0, C.DOWN, "app-not-running", Light.RED)
    part = period.within(2, 5)
    assert part is not None
    assert (part.start, part.end, part.code) == (2, 5, "app-not-running")
    assert period.within(10, 20) is None
    assert period.within(-5, 50) is period
