"""Notices that the machine slept or that its clock was set. What follows is the caller's to decide.

Linux's monotonic clock stops during sleep, so the wall clock runs ahead of it. Windows' does not,
so whatever happens at a regular interval comes late.
"""

from __future__ import annotations

from traymon.monitoring.clock import SteadyClock

MIN_SLEEP = 10.0  # seconds; less may be a busy machine or a clock that is being adjusted


def now_awake(clock: SteadyClock) -> float:
    """Return the time, with a sleep that no monitor has noticed yet: evidence is older then."""
    drift = clock.drift()
    return clock() + (drift if drift > MIN_SLEEP else 0.0)


class SleepDetector:
    """Compares the clocks of one target, which must be checked at least every `interval` seconds.

    Several targets share a clock. Each has a detector of its own, so each learns of a sleep even
    though the first one to notice it sets the clock.
    """

    def __init__(self, clock: SteadyClock, interval: float) -> None:
        self._clock, self._interval = clock, interval
        self._known_correction = clock.total_correction
        self._checked_at: float | None = None  # on the monotonic clock

    def check(self, monotonic: float) -> float | None:
        """Return the seconds by which time has jumped since the last check; None if it has not.

        Negative if the clock was set back. The steady clock then agrees with the wall clock.
        """
        late = 0.0 if self._checked_at is None else monotonic - self._checked_at - self._interval
        self._checked_at = monotonic
        correction = self._clock.total_correction - self._known_correction
        jumped = self._clock.drift() + correction  # another target may have caught up already
        if abs(jumped) <= MIN_SLEEP:
            jumped = late
            if jumped <= MIN_SLEEP:
                return None
        self._clock.catch_up()
        self._known_correction = self._clock.total_correction
        return jumped
