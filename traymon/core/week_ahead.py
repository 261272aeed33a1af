"""What comes next, to the minute: restarts, IB's resets, the weekly login, days that differ.

The events are those of the calendar by which faults are diagnosed and notifications held back.
Pure: the time is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from traymon.core.calendar import WEEKLY_LOGIN, Calendar
from traymon.core.facts import Fact
from traymon.core.model import Evidence
from traymon.core.vocabulary import SensorName

DAY = 86_400.0  # seconds
MAX_DAYS = 400  # that can be asked for


class EventKind(StrEnum):
    """What an event is. A name is never changed: calendar programs know events by it."""

    RESTART = "restart"  # TWS restarts, as the user has configured it
    RESET = "reset"  # IB resets its servers
    LOGIN = "login"  # IB drops saved logins
    CLOSED = "market-closed"  # all day, on a working day
    OPENS_LATE = "opens-late"
    CLOSES_EARLY = "closes-early"
    SUPPORT_ENDS = "support-ends"  # of this version of TWS; all day
    DRILL = "drill"  # traymon sends its test alarm


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """Something that is going to happen; epoch seconds."""

    begins: float
    ends: float  # as `begins` if it is a moment
    kind: EventKind
    day: date | None = None  # if it is about a whole day, in whatever time zone

    @property
    def is_moment(self) -> bool:
        """Whether it has no length."""
        return self.begins == self.ends


def upcoming(
    calendar: Calendar, now: float, days: float, support_ends: date | None = None
) -> tuple[Event, ...]:
    """Return the events of so many days, in order, and those that are going on at `now`.

    `support_ends`: the day on which IBKR stops supporting this version of TWS, if that is known.
    Of the market, only the days are known for which IB has given its hours.
    """
    until = now + days * DAY
    events = [*_windows(calendar, now, until), *_logins(now, until), *_market_days(calendar)]
    if support_ends is not None:
        events.append(_all_day(EventKind.SUPPORT_ENDS, support_ends, UTC))
    return tuple(
        sorted(
            event
            for event in events
            if event.begins < until and (event.ends > now or event.begins >= now)
        )
    )


def support_end(evidence: Evidence) -> date | None:
    """Return when IBKR stops supporting this version of TWS (message 2172); None if unknown."""
    ends = evidence.fact(SensorName.SUPPORT, Fact.SUPPORT_ENDS)
    return None if ends is None else date.fromisoformat(ends)


def _windows(calendar: Calendar, now: float, until: float) -> Iterator[Event]:
    for schedule, kind in (
        (calendar.maintenance, EventKind.RESTART),
        (calendar.reset, EventKind.RESET),
    ):
        for span in schedule.between(now, until):
            yield Event(span.begins, span.ends, kind)


def _logins(now: float, until: float) -> Iterator[Event]:
    for span in WEEKLY_LOGIN.between(now, until):
        yield Event(span.begins, span.begins, EventKind.LOGIN)


def _market_days(calendar: Calendar) -> Iterator[Event]:
    for unusual in () if calendar.hours is None else calendar.hours.unusual:
        if unusual.opens is None and unusual.closes is None:
            yield _all_day(EventKind.CLOSED, unusual.day, unusual.zone)
        if unusual.opens is not None:
            yield Event(unusual.opens, unusual.opens, EventKind.OPENS_LATE)
        if unusual.closes is not None:
            yield Event(unusual.closes, unusual.closes, EventKind.CLOSES_EARLY)


def _all_day(kind: EventKind, day: date, zone: tzinfo) -> Event:
    begins, ends = (
        datetime.combine(midnight, time(), zone).timestamp()
        for midnight in (day, day + timedelta(days=1))
    )
    return Event(begins, ends, kind, day)
