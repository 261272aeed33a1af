"""A calendar file (RFC 5545) of the week ahead.

Times are in UTC, so that no program needs to know a time zone or when its clocks change. This
module loads the library that writes the format: import it only to write a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import icalendar

from traymon import __version__
from traymon.core.week_ahead import Event
from traymon.ui.coming_up import Planned, words

MEDIA_TYPE = "text/calendar"
RENEW_INTERVAL = timedelta(hours=1)  # after which calendar programs are asked to come back


def calendar_file(plan: Sequence[Planned], now: float) -> bytes:
    """Return the events as a calendar file that was made `now`."""
    calendar = icalendar.Calendar()
    name = words()["calendar"]["name"]
    calendar.add("prodid", f"-//traymon//traymon {__version__}//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)  # what programs read that do not know NAME
    calendar.add("refresh-interval", RENEW_INTERVAL, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", icalendar.vDuration(RENEW_INTERVAL))
    for planned in plan:
        calendar.add_component(_entry(planned, now))
    file: bytes = calendar.to_ical()
    return file


def _entry(planned: Planned, now: float) -> icalendar.Event:
    event, entry = planned.event, icalendar.Event()
    entry.add("uid", _uid(event))
    entry.add("dtstamp", _utc(now))
    entry.add("summary", planned.title)
    entry.add("description", planned.explanation)
    entry.add("transp", "TRANSPARENT")  # nobody is busy because IB resets its servers
    if event.day is not None:
        entry.add("dtstart", event.day)
        entry.add("dtend", event.day + timedelta(days=1))
    else:
        entry.add("dtstart", _utc(event.begins))
        if not event.is_moment:
            entry.add("dtend", _utc(event.ends))
    return entry


def _uid(event: Event) -> str:
    """Return the name by which a calendar program knows an event again in a newer file."""
    when = (
        f"{event.day:%Y%m%d}"
        if event.day is not None
        else f"{_utc(event.begins):%Y%m%dT%H%M%SZ}-{_utc(event.ends):%Y%m%dT%H%M%SZ}"
    )
    return f"{event.kind}-{when}@traymon"


def _utc(at: float) -> datetime:
    return datetime.fromtimestamp(int(at), UTC)
