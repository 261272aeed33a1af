"""What comes next, to the minute, and by the same windows by which faults are diagnosed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traymon.config import ib_resets
from traymon.core.calendar import EARLY, GRACE, Calendar, login_lapsed
from traymon.core.facts import Fact
from traymon.core.ib_hours import from_ib
from traymon.core.model import Evidence, Reading
from traymon.core.target import Target
from traymon.core.time_windows import Schedule, Span, UnusualDay, parse
from traymon.core.vocabulary import SensorName, Symptom
from traymon.core.week_ahead import DAY, Event, EventKind, support_end, upcoming
from traymon.diagnosis.conditions import support_ends_within

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"
FIRST, LAST = date(2026, 10, 25), date(2027, 4, 4)  # both changes of both clocks lie between
DAYS = (LAST - FIRST).days + 1
START = datetime(2026, 10, 25, tzinfo=UTC).timestamp()
RESTART, RESET = EventKind.RESTART, EventKind.RESET


def at(text: str, zone: str = NEW_YORK) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def resets(region: str) -> Schedule:
    return ib_resets.read(region, Path("/nowhere"))


def utc(event: Event) -> tuple[str, str]:
    begins, ends = (datetime.fromtimestamp(at, UTC) for at in (event.begins, event.ends))
    return f"{begins:%m-%d %H:%M}", f"{ends:%m-%d %H:%M}"


def of_kind(kind: EventKind, calendar: Calendar) -> list[tuple[str, str]]:
    events = upcoming(calendar, START, DAYS)
    return [utc(event) for event in events if event.kind is kind]


# --- both changes of the clocks, and the weeks in which America and Europe differ

# (zone, weekdays, begins, ends) as docs and users say it; 0 is Monday. The windows of a region
# that touch are written as one, as they are shown.
SEASON = {
    "america": [
        (NEW_YORK, {5, 6, 0, 1, 2, 3}, "23:45", "01:45"),  # Sat to Thu evening
        (NEW_YORK, {4}, "23:00", "03:00"),
    ],
    "europe": [
        (BERLIN, {6, 0, 1, 2, 3, 4}, "05:45", "07:45"),
        (NEW_YORK, {4}, "23:00", "03:00"),  # Europe's own window on Saturdays lies within it
    ],
    "asia": [
        ("Asia/Hong_Kong", {6, 0, 1, 2, 3, 4}, "04:45", "06:05"),
        ("Asia/Hong_Kong", {6, 0, 1, 2, 3, 4}, "20:15", "21:15"),
        (NEW_YORK, {4}, "23:00", "03:00"),
    ],
}


def expected(
    windows: list[tuple[str, set[int], str, str]],
) -> Iterator[tuple[str, str]]:
    """Yield the windows of the season in UTC, by zoneinfo alone."""
    for zone, weekdays, begins, ends in windows:
        for number in range(-1, DAYS + 1):
            day = FIRST + timedelta(days=number)
            last = day if ends > begins else day + timedelta(days=1)
            if day.weekday() in weekdays:
                one, two = at(f"{day}T{begins}", zone), at(f"{last}T{ends}", zone)
                if two > START and one < START + DAYS * DAY:
                    yield utc(Event(one, two, RESET))


@pytest.mark.parametrize("region", SEASON)
def test_every_reset_of_the_winter_is_right_to_the_minute(region: str) -> None:
    shown = of_kind(RESET, Calendar(reset=resets(region)))
    assert len(shown) > 150
    assert sorted(shown) == sorted(expected(SEASON[region]))


@pytest.mark.parametrize(
    ("rule", "night", "shown"),
    [
        # Berlin sets its clocks back on 25 October, New York a week later
        (f"23:45+10m {NEW_YORK}", "10-25", ("10-25 03:45", "10-25 03:55")),
        (f"23:45+10m {NEW_YORK}", "11-01", ("11-01 03:45", "11-01 03:55")),
        (f"23:45+10m {NEW_YORK}", "11-02", ("11-02 04:45", "11-02 04:55")),
        (f"03:00+10m {BERLIN}", "10-25", ("10-25 02:00", "10-25 02:10")),
        (f"02:30+10m {BERLIN}", "10-25", ("10-25 00:30", "10-25 00:40")),  # the first of two
        (f"01:30+10m {NEW_YORK}", "11-01", ("11-01 05:30", "11-01 05:40")),  # likewise
        # New York sets them forward on 14 March, Berlin two weeks later
        (f"23:45+10m {NEW_YORK}", "03-14", ("03-14 04:45", "03-14 04:55")),
        (f"23:45+10m {NEW_YORK}", "03-15", ("03-15 03:45", "03-15 03:55")),
        (f"02:30+10m {NEW_YORK}", "03-14", ("03-14 07:30", "03-14 07:40")),  # 03:30 there
        (f"05:45+10m {BERLIN}", "03-27", ("03-27 04:45", "03-27 04:55")),
        (f"05:45+10m {BERLIN}", "03-28", ("03-28 03:45", "03-28 03:55")),
        (f"02:30+10m {BERLIN}", "03-28", ("03-28 01:30", "03-28 01:40")),  # 03:30 there
        ("23:45+10m Asia/Hong_Kong", "03-14", ("03-14 15:45", "03-14 15:55")),  # never changes
    ],
)
def test_a_restart_keeps_its_time_of_day(rule: str, night: str, shown: tuple[str, str]) -> None:
    restarts = of_kind(RESTART, Calendar(maintenance=parse(rule)))
    assert shown in restarts
    on_that_day = [begins for begins, _ in restarts if begins.startswith(night)]
    assert on_that_day == [shown[0]]
    assert len(restarts) in {DAYS, DAYS + 1}  # a day of the zone is no day of UTC


def test_the_weekly_login_is_each_sunday_at_one_in_new_york() -> None:
    logins = of_kind(EventKind.LOGIN, Calendar())
    sundays = [FIRST + timedelta(days=7 * week) for week in range(DAYS // 7 + 1)]
    assert [begins for begins, _ in logins] == [
        # summer time until 1 November, whose first 01:00 it still is, and from 14 March 02:00 on
        f"{day:%m-%d} {5 if day <= date(2026, 11, 1) or day > date(2027, 3, 14) else 6:02}:00"
        for day in sundays
    ]
    assert all(begins == ends for begins, ends in logins)


def test_a_time_meets_the_windows_that_it_touches_and_no_others() -> None:
    schedule = parse("10:00-11:00 UTC")
    first, second = (
        Span(at(f"2026-11-{day}T10:00", "UTC"), at(f"2026-11-{day}T11:00", "UTC"))
        for day in (24, 25)
    )
    assert schedule.between(first.ends - 1, second.begins + 1) == (first, second)
    assert schedule.between(first.ends, second.begins) == ()
    assert schedule.between(first.begins, first.begins + 1) == (first,)
    dated = Schedule(dated=(first, second))
    assert dated.between(first.ends, second.ends) == (second,)


# --- what IB's trading hours say


def day(text: str) -> date:
    return date.fromisoformat(text)


WEEK = [f"202611{n}:0930-202611{n}:1600" for n in (23, 24, 25)]
NEXT_WEEK = ["20261130:0930-20261130:1600", "20261201:0930-20261201:1600"]


@pytest.mark.parametrize(
    ("days", "zone", "events"),
    [
        pytest.param(
            [*WEEK, "20261126:CLOSED", "20261127:0930-20261127:1300", "20261128:CLOSED"],
            "US/Eastern",
            [
                (EventKind.CLOSED, "11-26 05:00", "11-27 05:00"),
                (EventKind.CLOSES_EARLY, "11-27 18:00", "11-27 18:00"),
            ],
            id="Thanksgiving, and a weekend that is like any other",
        ),
        pytest.param(
            ["20261127:0930-20261127:1300", *NEXT_WEEK[:1]],
            "EST (Eastern Standard Time)",
            [(EventKind.CLOSES_EARLY, "11-27 18:00", "11-27 18:00")],
            id="one day of each kind: the longer is the usual one",
        ),
        pytest.param(
            ["20261123:1000-20261123:1600", *WEEK[1:], *NEXT_WEEK],
            NEW_YORK,
            [(EventKind.OPENS_LATE, "11-23 15:00", "11-23 15:00")],
            id="a late opening",
        ),
        pytest.param(
            [
                *(f"202611{n - 1}:1700-202611{n}:1600" for n in (24, 25)),
                "20261125:1700-20261126:1200",
                "20261126:1700-20261127:1215",
                "20261128:CLOSED",
                "20261129:1700-20261130:1600",
            ],
            "US/Central",
            [
                (EventKind.CLOSES_EARLY, "11-26 18:00", "11-26 18:00"),
                (EventKind.CLOSES_EARLY, "11-27 18:15", "11-27 18:15"),
            ],
            id="futures, whose day begins on the evening before",
        ),
        pytest.param(
            [
                *(
                    f"202612{n}:{hours}"
                    for n in (22, 23)
                    for hours in (f"0930-202612{n}:1200", f"1300-202612{n}:1600")
                ),
                "20261224:0930-20261224:1200",
                "20261225:CLOSED",
            ],
            "Asia/Hong_Kong",
            [
                (EventKind.CLOSES_EARLY, "12-24 04:00", "12-24 04:00"),
                (EventKind.CLOSED, "12-24 16:00", "12-25 16:00"),
            ],
            id="a lunch break",
        ),
        pytest.param(
            ["20261030:0930-20261030:1600", "20261102:0930-20261102:1600"],
            NEW_YORK,
            [],
            id="the clocks change: the same hours of the day",
        ),
        pytest.param(
            [*(f"202611{n}:0000-202611{n + 1}:0000" for n in (23, 24, 25)), "20261126:0000-1300"],
            "UTC",
            [(EventKind.CLOSES_EARLY, "11-26 13:00", "11-26 13:00")],
            id="around the clock",
        ),
        pytest.param(
            [
                *("20261223:1300-1600", "20261223:0930-1200"),
                *("20261224:0930-1200", "20261224:1300-1600"),
                *("20261228:0930-1200", "20261228:1300-1600"),
            ],
            "Asia/Hong_Kong",
            [],
            id="two sessions a day, in any order",
        ),
        pytest.param(
            ["20261126:CLOSED"], NEW_YORK, [(EventKind.CLOSED, "11-26 05:00", "11-27 05:00")]
        ),
        pytest.param(["20261128:CLOSED", "20261129:CLOSED"], NEW_YORK, [], id="a weekend alone"),
    ],
)
def test_holidays_and_half_days(
    days: list[str], zone: str, events: list[tuple[EventKind, str, str]]
) -> None:
    hours = from_ib(days, zone)
    found = upcoming(Calendar(hours=hours), START, DAYS)
    assert [
        (event.kind, *utc(event)) for event in found if event.kind is not EventKind.LOGIN
    ] == events


def test_hours_that_the_user_wrote_have_no_holidays() -> None:
    calendar = Calendar(hours=parse(f"Mon-Fri 09:30-16:00 {NEW_YORK}"))
    assert {event.kind for event in upcoming(calendar, START, DAYS)} == {EventKind.LOGIN}


def test_a_day_that_is_late_and_short_has_both() -> None:
    hours = from_ib([*WEEK, "20261127:1100-20261127:1300"], NEW_YORK)
    opens, closes = at("2026-11-27T11:00"), at("2026-11-27T13:00")
    assert hours.unusual == (UnusualDay(day("2026-11-27"), ZoneInfo(NEW_YORK), opens, closes),)


# --- the end of support


def evidence(text: str, now: float) -> Evidence:
    facts = {Fact.SUPPORT_ENDS: text}
    reading = Reading(SensorName.SUPPORT, Symptom.VERSION_ENDS, facts=facts, at=now)
    return Evidence(Target("bot"), now).with_reading(reading)


def test_the_end_of_support_is_a_day_of_its_own() -> None:
    now = at("2026-12-10T12:00", "UTC")
    seen = evidence("2026-12-15", now)
    ends = support_end(seen)
    events = upcoming(Calendar(), now, 7, ends)
    (event,) = (event for event in events if event.kind is EventKind.SUPPORT_ENDS)
    assert event.day == ends == day("2026-12-15")
    assert support_end(Evidence(Target("bot"), now)) is None
    assert not {e.kind for e in upcoming(Calendar(), now, 3, ends)} & {EventKind.SUPPORT_ENDS}
    assert not {e.kind for e in upcoming(Calendar(), now + 7 * DAY, 7, ends)} & {
        EventKind.SUPPORT_ENDS
    }


# --- one source


FULL = Calendar(
    reset=resets("europe"),
    maintenance=parse(f"23:45+10m {NEW_YORK}"),
    hours=from_ib([*WEEK, "20261126:CLOSED", "20261127:0930-20261127:1300", *NEXT_WEEK], NEW_YORK),
)


def test_an_event_is_what_the_diagnosis_expects() -> None:
    alone = {
        RESTART: (Calendar(maintenance=FULL.maintenance), Symptom.MAINTENANCE),
        RESET: (Calendar(reset=FULL.reset), Symptom.RESET_WINDOW),
    }
    for event in upcoming(FULL, START, DAYS):
        if event.kind not in alone:
            continue
        calendar, symptom = alone[event.kind]
        for now, seen in (
            (event.begins - EARLY - 1, Symptom.OK),
            (event.begins - EARLY, symptom),
            (event.ends + GRACE - 1, symptom),
            (event.ends + GRACE, Symptom.OK),
        ):
            assert calendar.reading(now, None).symptom is seen, utc(event)
        assert calendar.reading(event.begins, None).facts[Fact.WINDOW_ENDS] == event.ends


def test_a_login_and_a_day_of_the_market_are_what_notifications_go_by() -> None:
    for event in upcoming(FULL, START, DAYS):
        if event.kind is EventKind.LOGIN:
            assert login_lapsed(event.begins) == event.begins
            assert login_lapsed(event.begins - 1) is None
        elif event.kind is EventKind.CLOSED:
            assert FULL.closed(event.begins)
            assert FULL.closed(event.ends - 1)
        elif event.kind is EventKind.CLOSES_EARLY:
            assert not FULL.closed(event.begins - 1)
            assert FULL.closed(event.begins)


def test_the_end_of_support_is_the_diagnosis_own() -> None:
    for text in ("2026-12-15", "2027-02-28"):
        last = datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
        for now in (last - 1, last, last + DAY - 1, last + DAY):
            ends = support_end(evidence(text, now))
            begins = next(
                e.begins
                for e in upcoming(Calendar(), START, 400, ends)
                if e.kind is EventKind.SUPPORT_ENDS
            )
            is_due = support_ends_within(0).witnesses(evidence(text, now)) is not None
            assert is_due is (now >= begins)


# --- from wherever one looks


@settings(deadline=None, max_examples=50)  # a busy machine needs patience
@given(st.floats(START, START + DAYS * DAY), st.integers(1, 40))
def test_what_is_shown_is_going_on_or_begins_in_time_and_is_in_order(now: float, days: int) -> None:
    events = upcoming(FULL, now, days, day("2026-12-15"))
    assert list(events) == sorted(set(events))
    assert all(event.begins < now + days * DAY for event in events)
    assert all(event.ends > now or event.begins >= now for event in events)
    # nothing between two looks is lost, and nothing changes as it comes closer
    later = upcoming(FULL, now + DAY, days, day("2026-12-15"))
    within = {event for event in later if event.begins < now + days * DAY}
    assert {event for event in events if event.ends > now + DAY and event.begins != event.ends} == {
        event for event in within if event.begins != event.ends
    }


def test_what_is_going_on_is_shown_with_its_own_times() -> None:
    now = at("2026-11-24T00:30")
    (event, *_) = upcoming(Calendar(reset=resets("america")), now, 7)
    assert (event.begins, event.ends) == (at("2026-11-23T23:45"), at("2026-11-24T01:45"))
    assert event not in upcoming(Calendar(reset=resets("america")), event.ends, 7)
    assert event in upcoming(Calendar(reset=resets("america")), event.ends - 1, 7)
