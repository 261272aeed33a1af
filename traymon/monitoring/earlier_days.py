"""Lets the monitor know what was usual before traymon was started."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from traymon.core.history import HistoryError, HistoryReader
from traymon.core.periods import Condition
from traymon.core.program_habits import KEPT_FOR, Habits
from traymon.core.target import Target
from traymon.core.time_windows import Span
from traymon.monitoring.monitor import Monitor

log = logging.getLogger(__name__)


class EarlierDays:
    """Reads, once for each target, when which program is usually connected."""

    def __init__(
        self, reader: HistoryReader, monitor: Monitor, post: Callable[[Callable[[], None]], None]
    ) -> None:
        """`post` runs what waits for the disk."""
        self._reader, self._monitor, self._post = reader, monitor, post
        self._known: set[str] = set()  # the targets that were read

    def learn(self, target: Target) -> None:
        """Read what is usual for a target, if that was not done yet; returns at once."""
        if target.name not in self._known:
            self._known.add(target.name)
            self._post(partial(self._read, target))

    def _read(self, target: Target) -> None:
        if target.program_grace is None or target.demo:
            return
        try:
            habits = read_habits(self._reader, target.name, self._monitor.clock())
        except HistoryError as error:  # then they are learned again
            log.warning("what is usual for your programs cannot be read: %s", error)
        else:
            self._monitor.remember_programs(habits, target.name)


def read_habits(reader: HistoryReader, target: str, now: float) -> Habits:
    """Return what the last weeks show of a target's programs. Raises HistoryError."""
    since = now - KEPT_FOR
    good = [
        Span(one.start, one.end)
        for one in reader.read_periods(target, since, now)
        if one.condition in (Condition.UP, Condition.DEGRADED)
    ]
    return Habits(reader.read_visits(target, since, now), tuple(good))
