from __future__ import annotations

from traymon.monitoring.clock import SteadyClock


class Times:
    wall, monotonic = 1_700_000_000.0, 50.0

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


def clock_of(times: Times) -> SteadyClock:
    return SteadyClock(wall=lambda: times.wall, monotonic=lambda: times.monotonic)


def test_it_starts_with_the_wall_clock_and_counts_seconds() -> None:
    times = Times()
    clock = clock_of(times)
    assert clock() == 1_700_000_000.0
    times.pass_by(7)
    assert clock() == 1_700_000_007.0
    assert clock.drift() == 0


def test_a_wall_clock_that_somebody_sets_does_not_move_it() -> None:
    times = Times()
    clock = clock_of(times)
    times.wall -= 3600
    times.pass_by(1)
    assert clock() == 1_700_000_001.0
    assert clock.drift() == -3600


def test_a_sleep_shows_as_drift_until_it_catches_up() -> None:
    times = Times()
    clock = clock_of(times)
    times.wall += 600  # Linux's monotonic clock stands still meanwhile
    assert (clock(), clock.drift()) == (1_700_000_000.0, 600)
    clock.catch_up()
    assert (clock(), clock.drift()) == (1_700_000_600.0, 0)


def test_the_real_clocks_agree() -> None:
    assert abs(SteadyClock().drift()) < 1
