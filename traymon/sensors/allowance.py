"""Let something happen only so often, after a burst that is free. Pure: the time is an argument."""

from __future__ import annotations


class Allowance:
    """Grants `rate` units a second, and saves up at most `burst` of them."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._saved = rate, burst / rate
        self._paid_until = float("-inf")

    def spend(self, now: float, units: float) -> float:
        """Spend some units; return the seconds to wait before any more are spent."""
        self._paid_until = max(self._paid_until, now - self._saved) + units / self._rate
        return max(0.0, self._paid_until - now)
