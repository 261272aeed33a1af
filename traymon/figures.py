"""Rolling figures: the last value, the median and the 95th percentile of an hour.

Pure: the time is an argument. Knows nothing of what is measured.
"""

from __future__ import annotations

from collections import deque

from traymon.model import Figure

WINDOW = 3600.0  # seconds
MOST = 2_000  # values; an hour of heartbeats is 720


class Rolling:
    """The values of the last hour."""

    def __init__(self) -> None:
        self._values: deque[tuple[float, float]] = deque(maxlen=MOST)  # (when, value)

    def add(self, value: float, now: float) -> None:
        """Take a value in."""
        self._values.append((now, value))

    def figure(self, now: float) -> Figure | None:
        """Return the figures, None while there is no value of the last hour."""
        while self._values and self._values[0][0] < now - WINDOW:
            self._values.popleft()
        if not self._values:
            return None
        ordered = sorted(value for _, value in self._values)
        return Figure(
            last=self._values[-1][1],
            median=_percentile(ordered, 0.5),
            p95=_percentile(ordered, 0.95),
            count=len(ordered),
        )


def _percentile(ordered: list[float], share: float) -> float:
    """Return the nearest-rank percentile: a value that was really measured."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]
