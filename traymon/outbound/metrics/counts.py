"""What is counted of one target from update to update. Pure: no I/O, no clock."""

from __future__ import annotations

from bisect import bisect_left
from math import inf

from traymon.core.latency import ANSWERED, LATENCY_NAMES
from traymon.core.model import Update
from traymon.core.vocabulary import SensorName

# Seconds. A Gateway of this computer answers in a few milliseconds, one overseas in 0.3 s;
# TRAYMON_SLOW is 2 s, and TRAYMON_TIMEOUT 5 s.
BUCKETS = (0.005, 0.02, 0.1, 0.5, 2.0, 5.0, inf)


class Latencies:
    """How long answers took, by bucket."""

    def __init__(self) -> None:
        self._counts = [0] * len(BUCKETS)
        self.sum = 0.0  # seconds

    def add(self, seconds: float) -> None:
        """Count an answer."""
        self._counts[bisect_left(BUCKETS, seconds)] += 1
        self.sum += seconds

    def cumulative(self) -> list[tuple[str, float]]:
        """Return how many answers took at most so many seconds, as Prometheus spells them."""
        total, buckets = 0, []
        for bound, count in zip(BUCKETS, self._counts, strict=True):
            total += count
            buckets.append(("+Inf" if bound == inf else str(bound), float(total)))
        return buckets


class Counts:
    """What has happened to one target since traymon started."""

    def __init__(self) -> None:
        self.flips = 0
        self.latencies = {sensor: Latencies() for sensor in LATENCY_NAMES}
        self.answered_at: float | None = None  # when the API last answered
        self._read_at: dict[SensorName, float] = {}  # the newest readings

    def take(self, update: Update) -> None:
        """Count what is new in a status."""
        self.flips += update.flip is not None
        for sensor, latencies in self.latencies.items():
            reading = update.status.evidence.readings.get(sensor)
            if reading is None or reading.at <= self._read_at.get(sensor, -inf):
                continue
            self._read_at[sensor] = reading.at
            if reading.symptom in ANSWERED:
                latencies.add(reading.took)
                self.answered_at = max(self.answered_at or -inf, reading.at)
