"""Rolling figures: the last value, the median and the 95th percentile of an hour.

Pure: the time is an argument. Knows nothing of what is measured.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque

from traymon.core.model import LatencyStats
from traymon.core.vocabulary import SensorName

# What is measured, and what users call it.
LATENCY_NAMES = {SensorName.HANDSHAKE: "handshake", SensorName.SESSION: "heartbeat"}
WINDOW = 3600.0  # seconds
MOST = 2_000  # values; an hour of heartbeats is 720


class RollingStats:
    """The values of the last hour."""

    def __init__(self) -> None:
        self._values: deque[tuple[float, float]] = deque()  # (when, value)
        self._ordered: list[float] = []  # the values; kept so, since figures are asked for often

    def add(self, value: float, now: float) -> None:
        """Take a value in."""
        self._values.append((now, value))
        insort(self._ordered, value)
        if len(self._values) > MOST:
            self._drop_the_oldest()

    def figure(self, now: float) -> LatencyStats | None:
        """Return the figures, None while there is no value of the last hour."""
        while self._values and self._values[0][0] < now - WINDOW:
            self._drop_the_oldest()
        if not self._values:
            return None
        return LatencyStats(
            last=self._values[-1][1],
            median=_percentile(self._ordered, 0.5),
            p95=_percentile(self._ordered, 0.95),
            count=len(self._ordered),
        )

    def _drop_the_oldest(self) -> None:
        _, value = self._values.popleft()
        del self._ordered[bisect_left(self._ordered, value)]


def _percentile(ordered: list[float], share: float) -> float:
    """Return the nearest-rank percentile: a value that was really measured."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
