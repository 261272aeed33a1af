"""How far this machine's clock is surely off the Gateway's, from answers in whole seconds.

Bounds, not estimates: a difference within the resolution is no difference.
"""

from __future__ import annotations

import time


class ClockSkew:
    """How far this machine's clock is surely off, from answers that tell whole seconds only."""

    def __init__(self) -> None:
        self._least: float | None = None  # bounds of (this clock - the Gateway's), over all answers
        self._most: float | None = None

    def add(self, server_time: int, round_trip: float) -> None:
        """Take an answer in: it was given within `round_trip` seconds before now."""
        now = time.time()
        least, most = now - round_trip - (server_time + 1), now - server_time
        if self._least is None or self._most is None or least > self._most or most < self._least:
            self._least, self._most = least, most  # the first one, or a clock was set
        else:
            self._least, self._most = max(self._least, least), min(self._most, most)

    @property
    def seconds(self) -> float | None:
        """Return by how much this clock is surely ahead (negative: behind); 0: it may be right."""
        if self._least is None or self._most is None:
            return None
        return max(0.0, self._least) or min(0.0, self._most)
