"""Latencies counted in buckets that grow by a fifth, so that counts of minutes add up to hours.

Pure. Every figure is at most a tenth off.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from math import ceil, floor, log2

SMALLEST = 0.00005  # seconds; what is faster is in the first bucket
STEPS_PER_DOUBLING = 4
LAST_BUCKET = 95  # begins at 700 s
_ENTRY = struct.Struct("<BH")  # a bucket and its count
_SMALL_ENTRY = struct.Struct("<BB")  # the same where no count needs more than a byte
MAX_COUNT = 0xFFFF  # of one bucket; an hour of answers every second is 3,600


@dataclass(slots=True)
class Histogram:
    """How often a latency was measured, and how many questions were not answered; seconds."""

    counts: dict[int, int] = field(default_factory=dict)  # by bucket
    lost: int = 0

    @property
    def count(self) -> int:
        """The number of values."""
        return sum(self.counts.values())

    def add(self, seconds: float) -> None:
        """Count a value."""
        bucket = _bucket(seconds)
        self.counts[bucket] = self.counts.get(bucket, 0) + 1

    def merge(self, other: Histogram) -> None:
        """Count the values of another one, too."""
        counts = self.counts
        for bucket, count in other.counts.items():
            counts[bucket] = counts.get(bucket, 0) + count
        self.lost += other.lost

    def percentile(self, share: float) -> float | None:
        """Return the nearest-rank percentile; 0 is the lowest, 1 the highest. None without any."""
        rank, passed = max(1, ceil(share * self.count)), 0
        for bucket in sorted(self.counts):
            passed += self.counts[bucket]
            if passed >= rank:
                return _middle(bucket)
        return None

    def encode(self) -> bytes:
        """Return the counts as bytes: one for their format, two or three per bucket in use."""
        entry = _SMALL_ENTRY if max(self.counts.values(), default=0) <= 0xFF else _ENTRY
        ordered = sorted(self.counts.items())
        entries = (entry.pack(bucket, min(count, MAX_COUNT)) for bucket, count in ordered)
        return b"".join((bytes([entry.size]), *entries))


def decode_counts(data: bytes) -> dict[int, int]:
    """Return the counts that `Histogram.encode` wrote. Raises ValueError for other bytes."""
    entry = {each.size: each for each in (_SMALL_ENTRY, _ENTRY)}.get(data[0] if data else 0)
    if entry is None or (len(data) - 1) % entry.size:
        raise ValueError(f"no counts: {data[:20]!r}")
    return dict(entry.iter_unpack(data[1:]))


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


@cache
def _middle(bucket: int) -> float:
    """Return a value of a bucket, in microseconds without a rest."""
    middle: float = SMALLEST * 2.0 ** ((bucket + 0.5) / STEPS_PER_DOUBLING)
    return round(middle, 6)
