"""Calendar files as two parsers read them that know nothing of each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
import vobject

from traymon.config import ib_resets
from traymon.core.calendar import Calendar
from traymon.core.ib_hours import from_ib
from traymon.core.time_windows import parse
from traymon.core.week_ahead import upcoming
from traymon.ui.coming_up import Planned, join
from traymon.ui.ics import calendar_file

NOW = datetime(2026, 10, 25, 0, 0, 17, 250_000, tzinfo=UTC).timestamp()
WINTER = 162  # days: to 4 April 2027, over both changes of the clocks of Berlin and New York
NEW_YORK = "America/New_York"
HOURS = [f"202611{n}:0930-202611{n}:1600" for n in (23, 24, 25)]
HOURS += ["20261126:CLOSED", "20261127:0930-20261127:1300"]
CALENDAR = Calendar(
    reset=ib_resets.read("europe", Path("/nowhere")),
    maintenance=parse(f"23:45+10m {NEW_YORK}"),
    hours=from_ib(HOURS, NEW_YORK),
)
Entry = tuple[
    str, str, object, object
]  # name, title, beginning and end; a moment ends as it begins


def plan(now: float = NOW, days: float = WINTER) -> list[Planned]:
    return join({"bot": upcoming(CALENDAR, now, days, date(2026, 12, 15))})


def with_icalendar(file: bytes) -> list[Entry]:
    entries = icalendar.Calendar.from_ical(file).walk("VEVENT")
    return [
        (
            str(e["UID"]),
            str(e["SUMMARY"]),
            e.decoded("DTSTART"),
            e.decoded("DTEND", e.decoded("DTSTART")),
        )
        for e in entries
    ]


def with_vobject(file: bytes) -> list[Entry]:
    (calendar,) = vobject.readComponents(file.decode())

    def value(entry: Any, name: str) -> Any:
        return getattr(entry, name).value

    return [
        (
            value(e, "uid"),
            value(e, "summary"),
            value(e, "dtstart"),
            value(e, "dtend" if hasattr(e, "dtend") else "dtstart"),
        )
        for e in calendar.vevent_list
    ]


PARSERS = [with_icalendar, with_vobject]


@pytest.mark.parametrize("read", PARSERS)
def test_every_entry_of_the_winter_arrives_to_the_minute(
    read: Callable[[bytes], list[Entry]],
) -> None:
    events = [planned.event for planned in plan()]
    assert len(events) > 2 * WINTER
    entries = read(calendar_file(plan(), NOW))
    assert len({name for name, *_ in entries}) == len(entries) == len(events)
    for event, (name, _, begins, ends) in zip(events, entries, strict=True):
        assert name.startswith(f"{event.kind}-")
        if event.day is not None:
            assert (begins, ends) == (event.day, event.day + timedelta(days=1))
            assert not isinstance(begins, datetime)
            continue
        for shown, meant in ((begins, event.begins), (ends, event.ends)):
            assert isinstance(shown, datetime)
            assert shown.utcoffset() == timedelta(0)
            assert shown.timestamp() == meant


@pytest.mark.parametrize("read", PARSERS)
def test_the_nights_of_the_changes_as_a_calendar_program_shows_them(
    read: Callable[[bytes], list[Entry]],
) -> None:
    shown = {(title, begins, ends) for _, title, begins, ends in read(calendar_file(plan(), NOW))}

    def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
        return datetime(2026 if month > 6 else 2027, month, day, hour, minute, tzinfo=UTC)

    restart, reset, login = "TWS or IB Gateway restarts", "IB server reset", "Weekly login"
    for entry in (
        (restart, utc(10, 25, 3, 45), utc(10, 25, 3, 55)),  # Berlin has set its clocks back
        (reset, utc(10, 25, 4, 45), utc(10, 25, 6, 45)),
        (login, utc(10, 25, 5), utc(10, 25, 5)),
        (restart, utc(11, 1, 3, 45), utc(11, 1, 3, 55)),
        (login, utc(11, 1, 5), utc(11, 1, 5)),  # an hour before New York does
        (restart, utc(11, 2, 4, 45), utc(11, 2, 4, 55)),
        (login, utc(11, 8, 6), utc(11, 8, 6)),
        ("Market closed", date(2026, 11, 26), date(2026, 11, 27)),
        ("Market closes early", utc(11, 27, 18), utc(11, 27, 18)),
        ("Support for your TWS version ends", date(2026, 12, 15), date(2026, 12, 16)),
        (restart, utc(3, 14, 4, 45), utc(3, 14, 4, 55)),
        (login, utc(3, 14, 6), utc(3, 14, 6)),  # an hour before New York sets them forward
        (restart, utc(3, 15, 3, 45), utc(3, 15, 3, 55)),
        (login, utc(3, 21, 5), utc(3, 21, 5)),
        (reset, utc(3, 26, 4, 45), utc(3, 26, 6, 45)),
        (reset, utc(3, 28, 3, 45), utc(3, 28, 5, 45)),  # Berlin has, too
    ):
        assert entry in shown, entry


def test_an_event_keeps_its_name_while_it_comes_closer_and_is_going_on() -> None:
    first = {name: rest for name, *rest in with_icalendar(calendar_file(plan(), NOW))}
    for later in (3600.0, 4 * 3600.0, 5 * 86_400.0, 40 * 86_400.0):
        entries = with_icalendar(calendar_file(plan(NOW + later, 20), NOW + later))
        assert entries
        assert all(first[name] == rest for name, *rest in entries)


def test_the_lines_are_those_of_the_format() -> None:
    names = ["Ünïcode, and; more\\" * 4, "other"]
    events = upcoming(CALENDAR, NOW, 7)
    file = calendar_file(join({names[0]: events, names[1]: events[1:]}), NOW)
    lines = file.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert lines[0] == b"BEGIN:VCALENDAR"
    assert lines[-2:] == [b"END:VCALENDAR", b""]
    assert file.count(b"DTSTAMP:20261025T000017Z") == len(events)
    assert b"TZID" not in file
    for read in PARSERS:
        assert read(file)[0][1].endswith(f"({names[0]})")


def test_a_calendar_without_events_is_a_calendar() -> None:
    file = calendar_file([], NOW)
    assert with_icalendar(file) == []
    assert b"X-WR-CALNAME:TWS / IB Gateway" in file
