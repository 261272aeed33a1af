"""A clock whose seconds are all of equal length.

Epoch seconds that do not jump by themselves when somebody sets the wall clock or the machine
sleeps; whoever uses it notices (`drift`) and says when it shall agree again (`catch_up`).
"""

from __future__ import annotations

import time
from collections.abc import Callable


class SteadyClock:
    """Epoch seconds counted by the monotonic clock from the moment of making."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._offset = wall() - monotonic()
        self.moved = 0.0  # seconds, of all that was caught up with

    def __call__(self) -> float:
        """Return the seconds since the epoch."""
        return self._monotonic() + self._offset

    def drift(self) -> float:
        """Return by how many seconds the wall clock is ahead of this one.

        Linux's monotonic clock stands still while the machine sleeps, so a sleep shows here.
        """
        return self._wall() - self()

    def catch_up(self) -> None:
        """Agree with the wall clock again."""
        drift = self.drift()
        self._offset += drift
        self.moved += drift
