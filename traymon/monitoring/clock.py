"""A clock in epoch seconds that never jumps on its own.

It does not follow when somebody sets the wall clock or when the machine sleeps. Its user notices
that with `drift` and decides when to `catch_up`.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class SteadyClock:
    """Epoch seconds, counted by the monotonic clock from the moment of construction."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._offset = wall() - monotonic()
        self.total_correction = 0.0  # seconds, the sum of all `catch_up`

    def __call__(self) -> float:
        """Return the seconds since the epoch."""
        return self._monotonic() + self._offset

    def drift(self) -> float:
        """Return how many seconds the wall clock is ahead of this one.

        Linux's monotonic clock stops while the machine sleeps, so a sleep shows as drift.
        """
        return self._wall() - self()

    def catch_up(self) -> None:
        """Agree with the wall clock again."""
        drift = self.drift()
        self._offset += drift
        self.total_correction += drift
