"""Bound how far this machine's clock is off the Gateway's, from answers in whole seconds.

Gives bounds, not estimates: a difference smaller than the resolution counts as none.
"""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Bounds:
    """Bounds of (this clock - the Gateway's clock), in seconds."""

    low: float
    high: float


class ClockSkew:
    """The skew that all answers so far are consistent with."""

    def __init__(self) -> None:
        self._bounds: _Bounds | None = None

    def add(self, server_time: int, round_trip: float) -> None:
        """Add an answer that was given at most `round_trip` seconds ago."""
        now = time.time()
        low, high = now - round_trip - (server_time + 1), now - server_time
        known = self._bounds
        if (
            known is None or low > known.high or high < known.low
        ):  # first answer, or a clock was set
            self._bounds = _Bounds(low, high)
        else:
            self._bounds = _Bounds(max(known.low, low), min(known.high, high))

    @property
    def seconds(self) -> float | None:
        """The least by which this clock must be ahead (negative: behind); 0 if it may be right."""
        if self._bounds is None:
            return None
        return max(0.0, self._bounds.low) or min(0.0, self._bounds.high)
