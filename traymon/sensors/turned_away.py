"""Detect that the Gateway keeps turning away new connections, and whose these probably are.

Pure: works on what was last seen. The socket table shows that the Gateway ended a connection first,
and no longer whose it was. So the user's programs are candidates by what else is known of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from traymon.core.target import IdUse, Program
from traymon.core.vocabulary import Use

MIN_REJECTIONS = 3  # in a row; fewer may be what every program does while TWS restarts
MIN_PAUSE = 90.0  # seconds without a rejection after which a series is over, at least
FIRST_PAUSE = 150.0  # the same after the first one: programs retry every minute or two
TRACE_TIME = 60.0  # seconds for which the system shows a connection that was ended
CONFIRM_TIME = 15.0  # seconds to wait for one more rejection, where there were some at the start
FIRST_MINUTES = 180.0  # seconds from its start in which a trading program makes its first attempt


@dataclass(frozen=True, slots=True)
class RejectionSeries:
    """Connections that the Gateway ended first, one after the other. Times are epoch seconds."""

    count: int
    began: float
    last: float
    whole: bool  # its beginning was seen
    confirmed: bool  # one was ended while we watched

    def is_over(self, now: float) -> bool:
        """Return whether the next one is overdue."""
        if self.count == 1:
            return now > self.last + FIRST_PAUSE
        usual_pause = (self.last - self.began) / (self.count - 1)
        return now > self.last + max(MIN_PAUSE, 2.5 * usual_pause)


class RejectionLog:
    """Counts the connections that the Gateway ended first."""

    def __init__(self) -> None:
        self._ports: frozenset[int] | None = None  # of the clients; None: not read yet
        self._first_read = 0.0
        self._series: RejectionSeries | None = None
        self.last: float | None = None  # epoch; when the Gateway was last seen to end one

    def update(self, now: float, ports: frozenset[int]) -> None:
        """Take the clients' ports whose connections the Gateway ended lately."""
        before, self._ports = self._ports, ports
        series = self.series(now)
        if before is None:  # what was there already: the system shows it for about a minute
            self._first_read = now
            if ports:
                self._series = RejectionSeries(len(ports), now - TRACE_TIME, now, False, False)
            return
        new = len(ports - before)
        if not new:
            self._series = series
            return
        self.last = now
        if series is None:
            self._series = RejectionSeries(new, now, now, True, True)
        else:
            self._series = replace(series, count=series.count + new, last=now, confirmed=True)

    def restart(self) -> None:
        """Count from here on."""
        self._series = None

    def series(self, now: float) -> RejectionSeries | None:
        """Return the series that goes on, if one does."""
        series = self._series
        return None if series is None or series.is_over(now) else series

    def awaits_confirmation(self, now: float) -> bool:
        """Return whether the next seconds may show that a series from before goes on."""
        series = self.series(now)
        if series is None or series.confirmed or series.count + 1 < MIN_REJECTIONS:
            return False
        return now < self._first_read + CONFIRM_TIME


@dataclass(frozen=True, slots=True)
class Unconnected:
    """A program of the user's own that runs without a connection."""

    program: Program
    connected_before: bool  # it, or an earlier run of the same script


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """The Gateway turns away one new connection after the other."""

    series: RejectionSeries
    programs: tuple[Program, ...]  # the user's, of which one is turned away; none if all got in
    holder: Program | None = None  # the user's, connected; then it may be its own obstacle
    client_id: int | None = None  # that it holds


def may_be_turned_away(one: Unconnected, series: RejectionSeries | None) -> bool:
    """Return whether the attempts may be a program's: by its start, or since it got in before."""
    if series is None:
        return False
    began = one.program.since or 0.0
    return one.connected_before or not series.whole or began > series.began - FIRST_MINUTES


class TurnedAwayDetector:
    """Remembers who is turned away: a program that ends and is restarted is not always there."""

    def __init__(self) -> None:
        self._candidates: dict[str, Program] = {}  # by script

    def update(
        self,
        series: RejectionSeries | None,
        unconnected: Sequence[Unconnected],
        connected: frozenset[int | None],
        usage: tuple[IdUse, ...],
    ) -> TurnedAway | None:
        """Return who is turned away, if the Gateway turns somebody away again and again.

        `connected`: the process IDs of the programs that are connected.
        """
        if series is None:
            self._candidates.clear()
            return None
        for one in unconnected:
            if may_be_turned_away(one, series):
                self._candidates[one.program.script or one.program.exe] = one.program
        self._candidates = {
            path: program
            for path, program in self._candidates.items()
            if program.pid not in connected
        }
        if series.count < MIN_REJECTIONS or not series.confirmed:
            return None
        if self._candidates:
            return TurnedAway(series, tuple(self._candidates.values()))
        for use in usage:
            if use.use is Use.YOURS and len(use.programs) == 1:
                return TurnedAway(series, (), use.programs[0], use.client_id)
        return None
