"""At which hours a program is usually connected, learned from its earlier visits.

Pure. Hours are those of this computer's clock. Only days count on which the API could be used at
that hour, and weekends are compared with weekends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TypeAlias

from traymon.core.time_windows import Span

KEPT_FOR = 21 * 86_400.0  # seconds for which visits count
DAYS_BACK = 14  # in which comparable days are looked for
MAX_DAYS = 5  # comparable days: the last ones count
MIN_DAYS = 2  # on fewer it was connected by chance; one without it says that it is not usual
NEARLY_ALWAYS = 0.8  # the share of those days on which it was connected
REPAIRED_IN = 2 * 3600.0  # seconds; a program that was missed and came back in that time counts
# as if it had been connected all the time, so that faults do not become habits
MARGIN = 1800.0  # seconds around a moment in which it has to be connected: nobody is punctual
STEP = 30  # minutes between two looks at a day's hours

Hours: TypeAlias = tuple[tuple[int, int], ...]
"""Times of day, from and to, in minutes after midnight."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A time for which a program was connected; epoch seconds."""

    key: str  # of the program
    name: str  # its script's file name
    began: float
    ended: float  # when it was last seen connected
    client_id: int | None = None
    run: float = 0.0  # when the process was started
    runs: int = 1  # how many of its processes were connected at once, at most
    left_well: bool = False  # it left while the API could be used
    missed: bool = False  # it was missed afterwards

    @property
    def length(self) -> float:
        """How long it was connected, as far as was seen; seconds."""
        return self.ended - self.began


@dataclass(frozen=True, slots=True)
class Habits:
    """What earlier days show of a target's programs."""

    visits: tuple[Visit, ...] = ()
    good_times: tuple[Span, ...] = ()  # in which the API could be used


def is_usual(visits: Sequence[Visit], good_times: Sequence[Span], at: float) -> bool | None:
    """Tell whether a program is usually connected at this hour; None if too little is known."""
    days = _comparable_days(visits, good_times, at)
    times = _times_connected(visits)
    there = sum(_was_connected(times, good_times, moment) for moment in days)
    if there < NEARLY_ALWAYS * len(days):
        return False
    return True if len(days) >= MIN_DAYS else None


def usual_hours(visits: Sequence[Visit], good_times: Sequence[Span], now: float) -> Hours:
    """Return the hours of a day like today at which a program is usually connected."""
    midnight = datetime.fromtimestamp(now).replace(hour=0, minute=0, second=0, microsecond=0)
    found: list[tuple[int, int]] = []
    times = _times_connected(visits)
    for begins in range(0, 1440, STEP):
        moment = (midnight + timedelta(minutes=begins + STEP / 2)).timestamp()
        days = _comparable_days(visits, good_times, moment)
        there = sum(_is_within(times, day) for day in days)
        if len(days) < MIN_DAYS or there < NEARLY_ALWAYS * len(days):
            continue
        if found and found[-1][1] == begins:
            found[-1] = (found[-1][0], begins + STEP)
        else:
            found.append((begins, begins + STEP))
    return tuple(found)


def _comparable_days(visits: Sequence[Visit], good_times: Sequence[Span], at: float) -> list[float]:
    """Return this moment of the last days that say something about it, newest first.

    Days before the program was first seen do not, nor do those on which nobody could connect.
    """
    known_since = min((one.began for one in visits), default=at) - MARGIN
    days = _earlier_days(good_times, at)
    return [day for day in days if day >= known_since][:MAX_DAYS]


def _earlier_days(good_times: Sequence[Span], at: float) -> Iterator[float]:
    today = datetime.fromtimestamp(at)
    for back in range(1, DAYS_BACK + 1):
        day = today - timedelta(days=back)
        same_kind = (day.weekday() >= 5) is (today.weekday() >= 5)
        if same_kind and _is_within(good_times, moment := day.timestamp()):
            yield moment


def _was_connected(times: Sequence[Span], good_times: Sequence[Span], moment: float) -> bool:
    around = (moment - MARGIN, moment, moment + MARGIN)
    return all(_is_within(times, at) for at in around if _is_within(good_times, at))


def _times_connected(visits: Sequence[Visit]) -> list[Span]:
    """Return when a program was connected, or was missed and soon repaired."""
    times = [Span(one.began, one.ended) for one in visits]
    for before, after in pairwise(visits):
        if before.missed and after.began - before.ended <= REPAIRED_IN:
            times.append(Span(before.ended, after.began))
    return times


def _is_within(times: Sequence[Span], at: float) -> bool:
    return any(one.begins <= at < one.ends for one in times)
