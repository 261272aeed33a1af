"""What to show of a target while its monitor hangs or has ended.

Pure: the time is an argument.
"""

from __future__ import annotations

from dataclasses import replace

from traymon.core.calendar import Calendar
from traymon.core.facts import Fact, Facts
from traymon.core.model import Diagnosis, Flip, Status, Update, what_changed
from traymon.diagnosis.catalogue import STALE


def stale_status(status: Status, calendar: Calendar, now: float) -> Status:
    """Return a target's last status, turned into one that says that monitoring has stopped.

    What depends on the time alone stays up to date: a snooze ends, quiet hours begin.
    """
    where: Facts = {Fact.HOST: status.target.host, Fact.PORT: status.target.port}
    diagnosis = Diagnosis(STALE.code, STALE.light, where)
    already_stale = status.diagnosis.same_as(diagnosis)
    snoozed_until = status.snoozed_until
    return replace(
        status,
        diagnosis=diagnosis,
        since=status.since if already_stale else now,
        light_since=status.light_since if already_stale else now,
        suspicion=None,
        snoozed_until=None if snoozed_until is None or now >= snoozed_until else snoozed_until,
        quiet_until=calendar.quiet_until(now),
        closed=calendar.closed(now),
        opens_at=calendar.opens(now),
    )


def stale_update(status: Status, calendar: Calendar, now: float) -> Update:
    """Return the update that shows a target as no longer monitored."""
    stale = stale_status(status, calendar, now)
    same = status.diagnosis.same_as(stale.diagnosis)
    flip = None if same else Flip(now, status.diagnosis, stale.diagnosis)
    return Update(stale, flip, what_changed(status, stale))
