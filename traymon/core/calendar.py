"""What the time of day means for one target: expected faults, quiet hours, market hours.

Pure: the time is an argument.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from traymon.core.facts import Fact, FactKey
from traymon.core.model import Reading
from traymon.core.time_windows import NEVER, Schedule
from traymon.core.vocabulary import SensorName, Symptom

EARLY = 60.0  # seconds before an expected window in which it counts already: clocks differ
GRACE = 300.0  # seconds that a fault may outlive an expected window: logging in takes its time
IB_ZONE = ZoneInfo("America/New_York")  # the zone of IB's weekly login


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
