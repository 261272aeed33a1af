"""How reliable each target was, as its history says it now and then."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from math import inf
from types import MappingProxyType

from traymon.core.calendar import Calendar
from traymon.core.history import HistoryError, HistoryReader
from traymon.core.model import Status
from traymon.core.recorded_hours import read_reliability
from traymon.core.reliability import Reliability
from traymon.core.target import Target

log = logging.getLogger(__name__)

WINDOWS = {"7d": 7 * 86_400.0, "30d": 30 * 86_400.0, "90d": 90 * 86_400.0}  # seconds
READ_AGAIN_AFTER = 600.0  # seconds

Ratios = Mapping[tuple[str, str], float]  # by window and hours: `30d`, `trading`
NO_RATIOS: Ratios = MappingProxyType({})


class ReliabilityRatios:
    """The availability of every target, as it was read last."""

    def __init__(
        self,
        reader: HistoryReader | None,
        now: Callable[[], float],
        calendar_of: Callable[[Target], Calendar],
    ) -> None:
        """Without a `reader` no history is kept, and nothing is known."""
        self._reader, self._now, self._calendar_of = reader, now, calendar_of
        self._ratios: dict[str, Ratios] = {}  # by target name
        self._read_at: dict[str, float] = {}

    def of(self, target: str) -> Ratios:
        """Return what is known of a target; returns at once."""
        return self._ratios.get(target, NO_RATIOS)

    def is_due(self, status: Status) -> bool:
        """Tell whether a target's history is to be read again."""
        if self._reader is None or status.target.demo:  # whose faults are made up
            return False
        return abs(self._now() - self._read_at.get(status.target.name, -inf)) >= READ_AGAIN_AFTER

    def read(self, status: Status) -> None:
        """Read a target's history; waits for the disk."""
        target, now = status.target, self._now()
        self._read_at[target.name] = now
        if self._reader is None:
            return
        hours = self._calendar_of(target).hours
        try:
            found = read_reliability(self._reader, target.name, [*WINDOWS.values()], now, hours)
        except HistoryError as error:
            log.warning("no reliability of %s: %s", target.name, error)
            found = ()
        self._ratios[target.name] = dict(_ratios(dict(zip(WINDOWS, found, strict=False))))


def _ratios(found: Mapping[str, Reliability]) -> Iterator[tuple[tuple[str, str], float]]:
    for window, reliability in found.items():
        figures = {"all": reliability.all_hours, "trading": reliability.trading_hours}
        for hours, one in figures.items():
            if one is not None and one.availability is not None:
                yield (window, hours), one.availability
