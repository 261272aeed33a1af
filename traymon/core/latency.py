"""Latency over the last hour: the last value, the median and the 95th percentile.

Pure: the time is an argument.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from math import ceil

from traymon.core.model import LatencyStats, Reading
from traymon.core.vocabulary import SensorName, Symptom

# What is measured, and what users call it.
LATENCY_NAMES = {SensorName.HANDSHAKE: "handshake", SensorName.SESSION: "heartbeat"}
ANSWERED = frozenset({Symptom.OK, Symptom.SLOW})
WINDOW = 3600.0  # seconds
MAX_VALUES = 2_000  # an hour of heartbeats is 720


class RollingStats:
    """The values of the last hour and their statistics."""

    def __init__(self) -> None:
        self._values: deque[float] = deque(maxlen=MAX_VALUES)
        self._moments: deque[float] = deque(maxlen=MAX_VALUES)  # when each was measured
        self._stats: LatencyStats | None = None  # asked for far more often than values change

    def add(self, value: float, now: float) -> None:
        """Add a value measured now."""
        self._values.append(value)
        self._moments.append(now)
        self._stats = None

    def stats(self, now: float) -> LatencyStats | None:
        """Return the statistics; None if nothing was measured in the last hour."""
        while self._moments and self._moments[0] < now - WINDOW:
            self._moments.popleft()
            self._values.popleft()
            self._stats = None
        if self._stats is None and self._values:
            self._stats = self._calculate()
        return self._stats

    def _calculate(self) -> LatencyStats:
        ordered = sorted(self._values)
        return LatencyStats(
            last=self._values[-1],
            median=_percentile(ordered, 0.5),
            p95=_percentile(ordered, 0.95),
            count=len(ordered),
        )


class LatencyTracker:
    """The rolling statistics of every sensor whose latency is measured."""

    def __init__(self) -> None:
        self._rolling = {name: RollingStats() for name in LATENCY_NAMES}

    def record(self, reading: Reading) -> None:
        """Add a reading, if it was an answer."""
        rolling = self._rolling.get(reading.sensor)
        if rolling is not None and reading.symptom in ANSWERED:
            rolling.add(reading.took, reading.at)

    def stats(self, now: float) -> Mapping[SensorName, LatencyStats]:
        """Return the statistics of the sensors that were measured in the last hour."""
        stats = {name: rolling.stats(now) for name, rolling in self._rolling.items()}
        return {name: one for name, one in stats.items() if one is not None}


def _percentile(ordered: list[float], share: float) -> float:
    """Return the nearest-rank percentile, which is a value that was really measured."""
    return ordered[max(0, ceil(share * len(ordered)) - 1)]
