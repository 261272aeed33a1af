"""Latencies counted in buckets that grow by a fifth, so that counts of minutes add up to hours.

Pure. A percentile is at most a tenth off, and never outside of what was measured.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil, floor, log2

SMALLEST = 0.00005  # seconds; what is faster is in the first bucket
STEPS_PER_DOUBLING = 4
LAST_BUCKET = 95  # begins at 700 s
_ENTRY = struct.Struct("<BH")  # a bucket and its count
MAX_COUNT = 0xFFFF  # of one bucket; an hour of answers every second is 3,600


@dataclass(slots=True)
class Histogram:
    """How often a latency was measured, and how many questions were not answered; seconds."""

    counts: dict[int, int] = field(default_factory=dict)  # by bucket
    lost: int = 0
    lowest: float | None = None
    highest: float | None = None

    @property
    def count(self) -> int:
        """The number of values."""
        return sum(self.counts.values())

    def add(self, seconds: float) -> None:
        """Count a value."""
        bucket = _bucket(seconds)
        self.counts[bucket] = min(self.counts.get(bucket, 0) + 1, MAX_COUNT)
        self._widen(seconds, seconds)

    def merge(self, other: Histogram) -> None:
        """Count the values of another one, too."""
        for bucket, count in other.counts.items():
            self.counts[bucket] = min(self.counts.get(bucket, 0) + count, MAX_COUNT)
        self.lost += other.lost
        self._widen(other.lowest, other.highest)

    def percentile(self, share: float) -> float | None:
        """Return the nearest-rank percentile; None without a value."""
        if self.lowest is None or self.highest is None:
            return None
        rank, passed = max(1, ceil(share * self.count)), 0
        for bucket in sorted(self.counts):
            passed += self.counts[bucket]
            if passed >= rank:
                return min(max(_middle(bucket), self.lowest), self.highest)
        return self.highest

    def encode(self) -> bytes:
        """Return the counts as bytes; three per bucket that is not empty."""
        return b"".join(_ENTRY.pack(*entry) for entry in sorted(self.counts.items()))

    def _widen(self, lowest: float | None, highest: float | None) -> None:
        if lowest is not None:
            self.lowest = lowest if self.lowest is None else min(lowest, self.lowest)
        if highest is not None:
            self.highest = highest if self.highest is None else max(highest, self.highest)


def decode_counts(data: bytes) -> dict[int, int]:
    """Return the counts that `Histogram.encode` wrote. Raises ValueError for other bytes."""
    if len(data) % _ENTRY.size:
        raise ValueError(f"no counts: {len(data)} bytes")
    return dict(_ENTRY.iter_unpack(data))


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """Return one histogram of all values."""
    whole = Histogram()
    for one in histograms:
        whole.merge(one)
    return whole


def _bucket(seconds: float) -> int:
    if seconds <= SMALLEST:
        return 0
    return min(floor(log2(seconds / SMALLEST) * STEPS_PER_DOUBLING), LAST_BUCKET)


def _middle(bucket: int) -> float:
    return float(SMALLEST * 2.0 ** ((bucket + 0.5) / STEPS_PER_DOUBLING))
