"""A sleep, or a clock that is set, is noticed on every platform and by every target."""

from __future__ import annotations

import pytest

from traymon.monitoring.clock import SteadyClock
from traymon.monitoring.sleep_detector import MIN_SLEEP, SleepDetector

INTERVAL = 5.0


class Machine:
    """Its two clocks, and what watches them."""

    def __init__(self) -> None:
        self.wall, self.monotonic = 1_700_000_000.0, 50.0
        self.clock = SteadyClock(lambda: self.wall, lambda: self.monotonic)
        self.detectors = [SleepDetector(self.clock, INTERVAL) for _ in range(2)]

    def pass_by(self, seconds: float, counted: float = 1.0) -> list[float | None]:
        """Let time pass, some of which the monotonic clock counts; return what is noticed."""
        self.wall += seconds
        self.monotonic += seconds * counted
        return [detector.check(self.monotonic) for detector in self.detectors]


def test_a_steady_machine_has_not_slept() -> None:
    machine = Machine()
    assert [machine.pass_by(INTERVAL) for _ in range(100)] == [[None, None]] * 100
    assert machine.pass_by(MIN_SLEEP) == [None, None]  # busy


@pytest.mark.parametrize("seconds", [3600.0, -3600.0])
def test_a_clock_that_jumps_is_noticed_once_by_every_target(seconds: float) -> None:
    machine = Machine()
    machine.pass_by(INTERVAL)
    assert machine.pass_by(seconds, counted=0.0) == [seconds, seconds]
    assert machine.clock() == machine.wall
    assert machine.pass_by(INTERVAL) == [None, None]


def test_a_sleep_that_the_monotonic_clock_counts_is_noticed_by_the_delay() -> None:
    machine = Machine()
    machine.pass_by(INTERVAL)
    assert machine.pass_by(3600.0) == [3600.0 - INTERVAL] * 2
    assert machine.pass_by(INTERVAL) == [None, None]
