"""What the time of day means for one target: expected faults, quiet hours, market hours.

Pure: the time is an argument.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from traymon.core.facts import Fact, FactKey
from traymon.core.model import Reading
from traymon.core.time_windows import NEVER, Rule, Schedule
from traymon.core.vocabulary import CutKind, SensorName, Symptom

EARLY = 60.0  # seconds by which an expected window counts earlier, since clocks differ
GRACE = 300.0  # seconds for which a fault may outlast an expected window: logging in takes time
IB_ZONE = ZoneInfo("America/New_York")  # of IB's weekly login
# When IB drops saved logins: as this begins (IBKR Guides, "Auto Restart Considerations").
WEEKLY_LOGIN = Rule(frozenset({6}), time(1), timedelta(minutes=1), IB_ZONE)


@dataclass(frozen=True, slots=True, order=True)
class Cut:
    """A planned interruption; epoch seconds. The weekly login is a moment and not a window."""

    begins: float
    ends: float
    kind: CutKind


@dataclass(frozen=True, slots=True)
class Calendar:
    """The windows that apply to one target."""

    reset: Schedule = NEVER  # when IB resets its servers
    maintenance: Schedule = NEVER  # when TWS restarts, as the user has configured it
    quiet: Schedule = NEVER  # when the user wants no notifications
    hours: Schedule | None = None  # when the market is open; None: always

    def reading(self, now: float, down_since: float | None) -> Reading:
        """Return the calendar's reading: whether a fault is expected at this time.

        A fault that began before the window (`down_since`) does not count as expected.
        """
        facts: dict[FactKey[Any], Any] = {}
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
        return Reading(SensorName.CALENDAR, symptom, detail, facts, at=now)

    def cuts(self, now: float) -> tuple[Cut, ...]:
        """Return the planned interruptions that are not over, in order, of the next days."""
        moment = next_weekly_login(now)
        found = [Cut(moment, moment, CutKind.WEEKLY_LOGIN)]
        for schedule, kind in (
            (self.maintenance, CutKind.MAINTENANCE),
            (self.reset, CutKind.RESET_WINDOW),
        ):
            spans = schedule.around(now)
            found += (Cut(span.begins, span.ends, kind) for span in spans if span.ends > now)
        return tuple(sorted(found))

    def quiet_until(self, now: float) -> float | None:
        """Return when the current quiet hours end; None outside them."""
        span = self.quiet.at(now)
        return None if span is None else span.ends

    def closed(self, now: float) -> bool:
        """Tell whether the market is closed, which is known only if its next opening is known."""
        return self.hours is not None and self.hours.at(now) is None and self.opens(now) is not None

    def opens(self, now: float) -> float | None:
        """Return when the market opens next; None if no hours are set or known."""
        span = None if self.hours is None else self.hours.next(now)
        return None if span is None else span.begins


UNTIL_OPEN, NO_SNOOZE = "open", "off"
SNOOZE_EXAMPLES = (
    f"30m, 2h, 1h30m, until 15:30, {UNTIL_OPEN} (until the market opens) or {NO_SNOOZE}"
)
MAX_SNOOZE = 7 * 86_400.0  # seconds; longer, and it would be forgotten
BEFORE_OPEN = 900.0  # seconds before the market opens, which leaves time to fix something
_LENGTH = re.compile(
    r"(?=\S)(?:(?P<days>\d{1,3}) ?d(?:ays?)?)? ?(?:(?P<hours>\d{1,4}) ?h(?:(?:ou)?rs?)?)? ?"
    r"(?:(?P<minutes>\d{1,5}) ?(?:m(?:in(?:ute)?s?)?)?)?",
    re.ASCII,
)
_CLOCK_TIME = re.compile(r"(?:until )?(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)", re.ASCII)


def snooze_until(option: str, now: float, calendar: Calendar) -> float | None:
    """Return when a snooze ends: after a length, at a local time, or UNTIL_OPEN.

    None for NO_SNOOZE. A bare number is minutes. UNTIL_OPEN ends in time for the pre-open
    notification. Raises ValueError with what to write instead; also if it is not known when the
    market opens.
    """
    option = " ".join(option.lower().split())
    if option == NO_SNOOZE:
        return None
    if option == UNTIL_OPEN:
        opens = calendar.opens(now + BEFORE_OPEN)
        if opens is None:
            raise ValueError(
                "Set TRAYMON_HOURS first, so that traymon knows when the market opens."
            )
        return opens - BEFORE_OPEN
    if clock_time := _CLOCK_TIME.fullmatch(option):
        return _next_local(now, time(int(clock_time["hour"]), int(clock_time["minute"])))
    length = _LENGTH.fullmatch(option)
    seconds = 0.0
    if length is not None:
        parts = {unit: int(number or 0) for unit, number in length.groupdict().items()}
        seconds = timedelta(**parts).total_seconds()
    if seconds <= 0:
        raise ValueError(f"Use {SNOOZE_EXAMPLES}.")
    if seconds > MAX_SNOOZE:
        raise ValueError("The longest snooze is 7 days.")
    return now + seconds


def _next_local(now: float, at: time) -> float:
    """Return when the computer's clock next shows a time of day."""
    today = datetime.fromtimestamp(now).date()
    ends = datetime.combine(today, at).timestamp()
    return ends if ends > now else datetime.combine(today + timedelta(days=1), at).timestamp()


def login_lapsed(now: float) -> float | None:
    """Return when IB dropped saved logins this week, if `now` is a Sunday or Monday after it."""
    local = datetime.fromtimestamp(now, IB_ZONE)
    lapsed = _weekly_login(local.date() - timedelta(days=(local.weekday() + 1) % 7))
    return lapsed if now >= lapsed and local.weekday() in (6, 0) else None


def next_weekly_login(now: float) -> float:
    """Return when IB drops saved logins next."""
    today = datetime.fromtimestamp(now, IB_ZONE).date()
    sunday = today + timedelta(days=(6 - today.weekday()) % 7)
    moment = _weekly_login(sunday)
    return moment if moment > now else _weekly_login(sunday + timedelta(days=7))


def _weekly_login(sunday: date) -> float:
    return WEEKLY_LOGIN.on(sunday).begins
