"""Recurring windows of time, such as `Mon-Fri 09:30-16:00 America/New_York`.

Pure: the time is an argument. Windows are written in the wall-clock time of a zone and queried in
epoch seconds, so daylight saving and midnight concern this module alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DAYS_BEFORE, DAYS_AFTER = 2, 9  # a moment or a time; the windows of these days are considered
HOW_WRITTEN = (
    "a window like 22:00-07:00 Europe/Berlin, Mon-Fri 09:30-16:00 America/New_York "
    "or 23:45+10m America/New_York"
)

_RULE = re.compile(
    r"(?:(?P<days>[A-Za-z,\-]+)\s+)?(?P<begins>\d\d:\d\d)"
    r"(?:-(?P<ends>\d\d:\d\d)|\+(?P<minutes>\d{1,4})m)\s+(?P<zone>[A-Za-z0-9_+\-/]+)"
)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From one moment up to another, which is not part of it; epoch seconds."""

    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A window that recurs on some days of the week, in the wall-clock time of a zone."""

    days: frozenset[int]  # on which it begins; 0 is Monday
    begins: time
    ends: time | timedelta  # a time no later than `begins` is on the next day
    zone: ZoneInfo

    def on(self, day: date) -> Span:
        """Return the window that begins on `day`.

        When the clock changes, a time that is skipped counts as many minutes later, and a time
        that occurs twice means the first one.
        """
        begins = datetime.combine(day, self.begins, self.zone).timestamp()
        if isinstance(self.ends, timedelta):
            return Span(begins, begins + self.ends.total_seconds())
        last = day if self.ends > self.begins else day + timedelta(days=1)
        return Span(begins, datetime.combine(last, self.ends, self.zone).timestamp())

    def between(self, begins: float, ends: float) -> Iterator[Span]:
        """Yield the windows that begin on the days from one moment to another, or on those around.

        Those around are the days of `DAYS_BEFORE` and `DAYS_AFTER`.
        """
        first = datetime.fromtimestamp(begins, self.zone).date() - timedelta(days=DAYS_BEFORE)
        last = datetime.fromtimestamp(ends, self.zone).date() + timedelta(days=DAYS_AFTER)
        for day in (first + timedelta(days=n) for n in range((last - first).days)):
            if day.weekday() in self.days and (span := self.on(day)).ends > span.begins:
                yield span


@dataclass(frozen=True, slots=True)
class UnusualDay:
    """A working day on which a market is closed, or keeps other hours than usual."""

    day: date
    zone: ZoneInfo
    opens: float | None = None  # later than usual; epoch seconds
    closes: float | None = None  # earlier than usual; without either it is closed all day


@dataclass(frozen=True, slots=True)
class Schedule:
    """Recurring windows and dated ones. Windows that touch count as one."""

    rules: tuple[Rule, ...] = ()
    dated: tuple[Span, ...] = ()
    unusual: tuple[UnusualDay, ...] = ()  # what is special about the days of the dated windows

    def around(self, now: float) -> tuple[Span, ...]:
        """Return the windows of the days around a moment, in order; no two of them touch."""
        return _around(self, now // 3600)

    def between(self, begins: float, ends: float) -> tuple[Span, ...]:
        """Return the windows that a time meets, in order; no two of them touch."""
        windows = _joined(self, begins, ends)
        return tuple(span for span in windows if span.begins < ends and span.ends > begins)

    def at(self, now: float, early: float = 0.0, late: float = 0.0) -> Span | None:
        """Return the window that contains `now`; `early` and `late` widen it by so many seconds."""
        around = self.around(now)
        return next((s for s in around if s.begins - early <= now < s.ends + late), None)

    def next(self, now: float) -> Span | None:
        """Return the first window that begins after `now`; None if none is known."""
        return next((span for span in self.around(now) if span.begins > now), None)


NEVER = Schedule()


@lru_cache(maxsize=32)  # queried with every evaluation, and the same for an hour
def _around(schedule: Schedule, hour: float) -> tuple[Span, ...]:
    return _joined(schedule, hour * 3600, hour * 3600)


def _joined(schedule: Schedule, begins: float, ends: float) -> tuple[Span, ...]:
    recurring = (span for rule in schedule.rules for span in rule.between(begins, ends))
    every = (*schedule.dated, *recurring)
    joined: list[Span] = []
    for span in sorted(every):
        if joined and span.begins <= joined[-1].ends:
            joined[-1] = Span(joined[-1].begins, max(joined[-1].ends, span.ends))
        else:
            joined.append(span)
    return tuple(joined)


def parse(text: str) -> Schedule:
    """Return the windows that a text describes; several are separated by `;`.

    Raises ValueError, with what is wrong for the user.
    """
    return Schedule(tuple(_rule(part.strip()) for part in text.split(";")))


def _rule(text: str) -> Rule:
    match = _RULE.fullmatch(text)
    if match is None:
        raise ValueError(HOW_WRITTEN)
    try:
        begins = time.fromisoformat(match["begins"])
        ends: time | timedelta = (
            timedelta(minutes=int(match["minutes"]))
            if match["minutes"]
            else time.fromisoformat(match["ends"])
        )
    except ValueError:
        raise ValueError("times from 00:00 to 23:59") from None
    if isinstance(ends, timedelta) and not timedelta(0) < ends < timedelta(days=1):
        raise ValueError("a window of 1 to 1439 minutes")
    return Rule(_days(match["days"] or "Mon-Sun"), begins, ends, zone(match["zone"]))


def _days(text: str) -> frozenset[int]:
    """Return the weekdays of `Mon-Fri`, `Sun-Thu` or `Mon,Wed`."""
    days: set[int] = set()
    for part in text.split(","):
        names = [name.strip().capitalize() for name in part.split("-")]
        if len(names) > 2 or any(name not in DAYS for name in names):
            raise ValueError(f"days are {', '.join(DAYS)}, as Mon-Fri or Mon,Wed")
        first, last = DAYS.index(names[0]), DAYS.index(names[-1])
        days.update((first + n) % 7 for n in range((last - first) % 7 + 1))
    return frozenset(days)


def zone(name: str) -> ZoneInfo:
    """Return the time zone of this name. Raises ValueError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name} is no time zone; one is America/New_York") from None
