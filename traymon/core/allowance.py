"""Let something happen only so often, after a burst that is free. Pure: the time is an argument."""

from __future__ import annotations

from math import inf


class Allowance:
    """Grants `rate` units a second, and saves up at most `burst` of them."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._saved = rate, burst / rate
        self.free_at = -inf  # when more may be spent

    def spend(self, units: float, now: float) -> None:
        """Spend some units, which may be more than there are."""
        self.free_at = max(self.free_at, now - self._saved) + units / self._rate
