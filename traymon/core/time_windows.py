"""When a fault is expected, when nobody wants to be told, and when the market is open.

Pure: the time is an argument. Windows are written in the wall-clock time of a zone and asked for
in epoch seconds, so that daylight saving and midnight are the business of this module alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from traymon.core.model import Fact, FactValue, Reading, Symptom

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EARLY = 60.0  # seconds before an expected window in which it counts already: clocks differ
GRACE = 300.0  # seconds that a fault may outlive an expected window: logging in takes its time
BACK, AHEAD = 2, 9  # days around a moment in which windows are looked for
IB_ZONE = ZoneInfo("America/New_York")  # the zone of IB's weekly login
HOW_WRITTEN = (
    "a window like 22:00-07:00 Europe/Berlin, Mon-Fri 09:30-16:00 America/New_York "
    "or 23:45+10m America/New_York"
)
# How TWS writes zones, for those that would be misread: tzdata's EST knows no summer.
IB_ZONES = {
    "EST": "America/New_York",
    "EST5EDT": "America/New_York",
    "US/Eastern": "America/New_York",
    "CST": "America/Chicago",
    "US/Central": "America/Chicago",
    "MET": "Europe/Berlin",
    "GB": "Europe/London",
    "JST": "Asia/Tokyo",
}

_RULE = re.compile(
    r"(?:(?P<days>[A-Za-z,\-]+)\s+)?(?P<begins>\d\d:\d\d)"
    r"(?:-(?P<ends>\d\d:\d\d)|\+(?P<minutes>\d{1,4})m)\s+(?P<zone>[A-Za-z0-9_+\-/]+)"
)
_IB_DAY = re.compile(r"(\d{8}):(\d{4})-(?:(\d{8}):)?(\d{4})|(\d{8}):CLOSED")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From one moment to before another; epoch seconds."""

    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A window that comes again on some days of the week, in the wall-clock time of a zone."""

    days: frozenset[int]  # on which it begins; 0 is Monday
    begins: time
    ends: time | timedelta  # a time up to `begins` is one of the next day
    zone: ZoneInfo

    def on(self, day: date) -> Span:
        """Return the window that begins on `day`.

        A time that the clock leaps over is taken as many minutes later; of a time that comes
        twice, the first counts.
        """
        begins = datetime.combine(day, self.begins, self.zone).timestamp()
        if isinstance(self.ends, timedelta):
            return Span(begins, begins + self.ends.total_seconds())
        last = day if self.ends > self.begins else day + timedelta(days=1)
        return Span(begins, datetime.combine(last, self.ends, self.zone).timestamp())

    def around(self, now: float) -> Iterator[Span]:
        """Yield the windows of the days around a moment."""
        today = datetime.fromtimestamp(now, self.zone).date()
        for day in (today + timedelta(days=n) for n in range(-BACK, AHEAD)):
            if day.weekday() in self.days and (span := self.on(day)).ends > span.begins:
                yield span


@dataclass(frozen=True, slots=True)
class Schedule:
    """Windows by rule, or on given days; those that touch count as one."""

    rules: tuple[Rule, ...] = ()
    dated: tuple[Span, ...] = ()

    def around(self, now: float) -> tuple[Span, ...]:
        """Return the windows of the days around a moment, in order, none touching another."""
        return _around(self, now // 3600)

    def at(self, now: float, early: float = 0.0, late: float = 0.0) -> Span | None:
        """Return the window that holds now; `early` and `late` widen it by so many seconds."""
        around = self.around(now)
        return next((s for s in around if s.begins - early <= now < s.ends + late), None)

    def next(self, now: float) -> Span | None:
        """Return the first window that begins later than now; None where none is known."""
        return next((span for span in self.around(now) if span.begins > now), None)


NEVER = Schedule()


@lru_cache(maxsize=32)  # asked for with every look, and the same for an hour
def _around(schedule: Schedule, hour: float) -> tuple[Span, ...]:
    now = hour * 3600
    every = (*schedule.dated, *(span for rule in schedule.rules for span in rule.around(now)))
    joined: list[Span] = []
    for span in sorted(every):
        if joined and span.begins <= joined[-1].ends:
            joined[-1] = Span(joined[-1].begins, max(joined[-1].ends, span.ends))
        else:
            joined.append(span)
    return tuple(joined)


@dataclass(frozen=True, slots=True)
class Calendar:
    """All that the time of day tells about one target."""

    reset: Schedule = NEVER  # IB resets its servers
    maintenance: Schedule = NEVER  # TWS restarts itself, as the user has set it
    quiet: Schedule = NEVER
    hours: Schedule | None = None  # when the market is open; None: always

    def reading(self, now: float, down_since: float | None) -> Reading:
        """Return what the calendar sees, as a sensor does.

        A fault that was there before a window began (`down_since`) is none of the window's.
        """
        facts: dict[Fact, FactValue] = {}
        if (lapsed := login_lapsed(now)) is not None:
            facts[Fact.LOGIN_LAPSED] = lapsed
        symptom, detail = Symptom.OK, "no fault is expected at this time"
        for schedule, kind in (
            (self.maintenance, Symptom.MAINTENANCE),
            (self.reset, Symptom.RESET_WINDOW),
        ):
            span = schedule.at(now, EARLY, GRACE)
            if span is not None and (down_since is None or down_since >= span.begins - EARLY):
                facts[Fact.WINDOW_ENDS] = span.ends
                symptom, detail = kind, "a fault is expected at this time"
                break
        return Reading("calendar", symptom, detail, facts, at=now)

    def quiet_until(self, now: float) -> float | None:
        """Return when the quiet hours end that hold now."""
        span = self.quiet.at(now)
        return None if span is None else span.ends

    def closed(self, now: float) -> bool:
        """Tell whether the market is known to be closed: hours of which the next is known."""
        return self.hours is not None and self.hours.at(now) is None and self.opens(now) is not None

    def opens(self, now: float) -> float | None:
        """Return when the market opens next; None where no hours are set or known."""
        span = None if self.hours is None else self.hours.next(now)
        return None if span is None else span.begins


SNOOZES = {"15m": 900.0, "1h": 3600.0}  # seconds
UNTIL_OPEN, NO_SNOOZE = "open", "off"
BEFORE_OPEN = 900.0  # seconds before the market opens: time to mend something


def snooze_until(wish: str, now: float, calendar: Calendar) -> float | None:
    """Return when a snooze ends: a wish of SNOOZES, UNTIL_OPEN or NO_SNOOZE, which is None.

    Until the market opens means until the check that comes before. Raises ValueError for any
    other wish, and where it is not known when the market opens.
    """
    if wish == NO_SNOOZE:
        return None
    if wish in SNOOZES:
        return now + SNOOZES[wish]
    if wish != UNTIL_OPEN:
        raise ValueError(f"{', '.join(SNOOZES)}, {UNTIL_OPEN} or {NO_SNOOZE}")
    opens = calendar.opens(now + BEFORE_OPEN)
    if opens is None:
        raise ValueError("it is not known when the market opens: TRAYMON_HOURS tells")
    return opens - BEFORE_OPEN


def login_lapsed(now: float) -> float | None:
    """Return when IB dropped saved logins, on the Sunday and Monday that follow; else None.

    On Sunday 01:00 in New York (IBKR Guides, "Auto Restart Considerations").
    """
    local = datetime.fromtimestamp(now, IB_ZONE)
    sunday = local.date() - timedelta(days=(local.weekday() + 1) % 7)
    lapsed = datetime.combine(sunday, time(1), IB_ZONE).timestamp()
    return lapsed if now >= lapsed and local.weekday() in (6, 0) else None


def parse(text: str) -> Schedule:
    """Return the windows of `Mon-Fri 09:30-16:00 America/New_York`; several are parted by `;`.

    Raises ValueError with what is wrong.
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
    """Return a time zone by its name. Raises ValueError where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name} is no time zone; one is America/New_York") from None


def from_ib(days: Iterable[str], zone_name: str) -> Schedule:
    """Return the hours that IB gives: `20261123:0930-20261123:1600`, `20261126:CLOSED`.

    (TWS API, ContractDetails.liquidHours and timeZoneId.) Raises ValueError where they read
    differently.
    """
    short = zone_name.partition(" (")[0].strip()  # older: `EST (Eastern Standard Time)`
    where, spans = zone(IB_ZONES.get(short, short)), []
    for text in days:
        match = _IB_DAY.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"hours that read differently: {text[:40]!r}")
        if match[5] is None:
            begins, ends = (
                datetime.strptime(part, "%Y%m%d%H%M").replace(tzinfo=where).timestamp()
                for part in (match[1] + match[2], (match[3] or match[1]) + match[4])
            )
            spans.append(Span(begins, ends))
    return Schedule(dated=tuple(spans))
