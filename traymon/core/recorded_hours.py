"""Which time of a history counts: up to when it reaches, and what of it were trading hours.

Pure, but for the reader that it is given: that one waits for the disk.
"""

from __future__ import annotations

from collections.abc import Sequence

from traymon.core.history import HistoryReader
from traymon.core.reliability import Reliability, measure
from traymon.core.time_windows import Schedule, Span

FRESH = 180.0  # seconds; a younger sign of life is that of a traymon that runs
LONGEST_WEEKEND = 4 * 86_400.0  # seconds without trading, holidays included


def end_of_record(extent: Span, now: float) -> float:
    """Return up to when the past is shown: to the last sign of life of a traymon that runs."""
    return extent.ends if 0 <= now - extent.ends < FRESH else now


def trading_hours(
    reader: HistoryReader, target: str, hours: Schedule | None, since: float, until: float
) -> Sequence[Span] | None:
    """Return the trading hours: those of the settings, else those that IB gave; None if unknown."""
    if hours is not None and hours.rules:
        return hours.between(since, until)
    return reader.read_trading_hours(target, since, until) or None


def covers(trading: Sequence[Span] | None, since: float) -> bool:
    """Tell whether the trading hours are known from a moment on."""
    return trading is not None and len(trading) > 0 and trading[0].begins < since + LONGEST_WEEKEND


def read_reliability(
    reader: HistoryReader,
    target: str,
    lengths: Sequence[float],
    now: float,
    hours: Schedule | None = None,
) -> tuple[Reliability, ...]:
    """Return how reliable a target was in the last so many seconds, for each of these lengths.

    `hours`: when the market is open, by the settings. Nothing without a record. Raises
    HistoryError.
    """
    extent = reader.read_extent(target)
    if extent is None or extent.begins >= now:
        return ()
    until = end_of_record(extent, now)
    since = until - max(lengths)
    periods = reader.read_periods(target, since, until)
    trading = trading_hours(reader, target, hours, since, until)
    return tuple(
        measure(periods, start, until, trading if covers(trading, start) else None)
        for start in (until - length for length in lengths)
    )
