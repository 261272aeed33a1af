"""Windows in the wall-clock time of a zone: daylight saving, midnight, weekdays, IB's own hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from traymon import assets
from traymon.config import ib_resets
from traymon.core.calendar import EARLY, GRACE, Calendar, login_lapsed, snooze_until
from traymon.core.facts import Fact
from traymon.core.ib_hours import from_ib
from traymon.core.time_windows import DAYS, NEVER, Schedule, Span, parse
from traymon.core.vocabulary import Symptom
from traymon.errors import ConfigError

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"
ZONES = (NEW_YORK, BERLIN, "Asia/Hong_Kong", "Australia/Lord_Howe")  # the last leaps half an hour
TWO_YEARS = (datetime(2026, 1, 1), datetime(2027, 12, 31))
HOUR, DAY = 3600.0, 86_400.0


def at(text: str, zone: str = NEW_YORK) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def days() -> Iterator[datetime]:
    day, last = TWO_YEARS
    while day <= last:
        yield day
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "moment", "holds"),
    [
        ("22:00-07:00", "2026-11-23T22:00", True),
        ("22:00-07:00", "2026-11-23T21:59", False),
        ("22:00-07:00", "2026-11-24T06:59", True),
        ("22:00-07:00", "2026-11-24T07:00", False),
        ("Mon-Fri 09:30-16:00", "2026-11-23T12:00", True),  # a Monday
        ("Mon-Fri 09:30-16:00", "2026-11-22T12:00", False),
        ("Mon-Fri 09:30-16:00", "2026-11-23T16:00", False),
        ("Fri 23:00-03:00", "2026-11-28T02:59", True),  # of Friday, on Saturday
        ("Fri 23:00-03:00", "2026-11-27T02:59", False),
        ("Sun-Thu 23:45+10m", "2026-11-22T23:50", True),
        ("Sun-Thu 23:45+10m", "2026-11-27T23:50", False),
        ("23:55+10m", "2026-11-24T00:04", True),
        ("00:00-00:00", "2026-11-24T13:00", True),
        ("Mon,Wed 10:00-11:00", "2026-11-25T10:30", True),
        ("Mon,Wed 10:00-11:00", "2026-11-24T10:30", False),
        ("mon 10:00-11:00", "2026-11-23T10:30", True),
        ("10:00-11:00 ZONE; 12:00-13:00", "2026-11-23T12:30", True),
        ("10:00-11:00 ZONE; 12:00-13:00", "2026-11-23T11:30", False),
    ],
)
def test_a_window_holds_when_it_says(text: str, moment: str, holds: bool) -> None:
    schedule = parse(f"{text.replace('ZONE', NEW_YORK)} {NEW_YORK}")
    assert (schedule.at(at(moment)) is not None) is holds


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "a window like"),
        ("22:00-07:00", "a window like"),
        ("22-07 Europe/Berlin", "a window like"),
        ("25:00-07:00 Europe/Berlin", "times from 00:00"),
        ("22:00-07:61 Europe/Berlin", "times from 00:00"),
        ("22:00-07:00 Europe/Atlantis", "no time zone"),
        ("22:00-07:00 ../etc/passwd", "a window like"),
        ("22:00-07:00 /etc/passwd", "no time zone"),
        ("Mo-Fr 22:00-07:00 Europe/Berlin", "days are Mon"),
        ("Mon-Wed-Fri 22:00-07:00 Europe/Berlin", "days are Mon"),
        ("22:00+0m Europe/Berlin", "1 to 1439"),
        ("22:00+1440m Europe/Berlin", "1 to 1439"),
        ("22:00-07:00 Europe/Berlin;", "a window like"),
    ],
)
def test_what_is_no_window_is_named(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse(text)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("text", ["22:00-07:00", "09:30-16:00", "00:15-01:45", "01:30-02:30"])
def test_over_two_years_every_day_has_its_window_once(text: str, zone: str) -> None:
    schedule = parse(f"{text} {zone}")
    begins, ends = (datetime.strptime(part, "%H:%M").time() for part in text.split("-"))
    nominal = (datetime.combine(TWO_YEARS[0], ends) - datetime.combine(TWO_YEARS[0], begins)) % (
        timedelta(days=1)
    )
    seen = []
    for day in days():
        noon = at(f"{day:%Y-%m-%d}T12:00", zone)
        (span,) = {
            s for s in schedule.around(noon) if noon - DAY / 2 - HOUR < s.begins <= noon
        } or {s for s in schedule.around(noon) if noon < s.begins < noon + DAY / 2}
        local = datetime.fromtimestamp(span.begins, ZoneInfo(zone))
        assert local.date() == day.date()
        if local.time() != begins:  # the clock leapt over it: as many minutes later
            assert local.utcoffset() != (local - timedelta(hours=3)).utcoffset()
        assert abs(span.ends - span.begins - nominal.total_seconds()) <= HOUR
        assert schedule.at(span.begins) == span == schedule.at(span.ends - 1)
        assert schedule.at(span.begins - 1) is None
        assert schedule.at(span.ends) is None
        seen.append(span)
    assert len(set(seen)) == len(seen)
    for one, two in pairwise(seen):
        assert one.ends < two.begins
        assert schedule.next(one.begins) == two == schedule.next(two.begins - 1)


def test_the_changes_of_the_clocks_to_the_minute() -> None:
    spring = parse(f"01:30-02:30 {NEW_YORK}").at(at("2026-03-08T01:45"))
    assert spring == Span(at("2026-03-08T01:30"), at("2026-03-08T03:30"))  # 02:30 is leapt over
    autumn = parse(f"00:30-01:30 {NEW_YORK}").at(at("2026-11-01T00:45"))
    assert autumn is not None
    assert autumn.ends - autumn.begins == HOUR  # up to the first 01:30 of two
    plus = parse(f"01:55+10m {NEW_YORK}").at(at("2026-03-08T01:56"))
    assert plus is not None
    assert plus.ends - plus.begins == 600


RULES = st.builds(
    lambda days, begins, ends, zone: (
        f"{','.join(days)} {begins // 60:02}:{begins % 60:02}-{ends // 60:02}:{ends % 60:02} {zone}"
    ),
    st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True),
    st.integers(0, 1439),
    st.integers(0, 1439),
    st.sampled_from(ZONES),
)
MOMENTS = st.floats(at("2026-01-01T00:00"), at("2028-01-01T00:00"))


@given(st.lists(RULES, min_size=1, max_size=3), MOMENTS)
def test_windows_are_in_order_apart_and_say_the_same_from_everywhere(
    texts: list[str], now: float
) -> None:
    schedule = parse("; ".join(texts))
    around = schedule.around(now)
    assert all(span.begins < span.ends for span in around)
    assert all(one.ends < two.begins for one, two in pairwise(around))
    here, later = schedule.at(now), schedule.next(now)
    if here is not None:
        assert here.begins <= now < here.ends
        assert schedule.at(here.begins) is not None
    if later is not None:
        assert later.begins > now
        assert schedule.at(later.begins) is not None
        assert schedule.next((now + later.begins) / 2) == later or here is not None


# --- the calendar


def test_an_expected_window_is_a_little_wider_and_names_its_end() -> None:
    calendar = Calendar(maintenance=parse(f"23:45+10m {NEW_YORK}"))
    begins, ends = at("2026-11-23T23:45"), at("2026-11-23T23:55")
    for now, symptom in (
        (begins - EARLY - 1, Symptom.OK),
        (begins - EARLY, Symptom.MAINTENANCE),
        (ends + GRACE - 1, Symptom.MAINTENANCE),
        (ends + GRACE, Symptom.OK),
    ):
        assert calendar.reading(now, None).symptom is symptom
    assert calendar.reading(begins, None).facts[Fact.WINDOW_ENDS] == ends


def test_a_fault_that_was_there_before_is_none_of_the_windows() -> None:
    calendar = Calendar(reset=parse(f"00:15-01:45 {NEW_YORK}"))
    begins = at("2026-11-24T00:15")
    assert calendar.reading(begins + 60, begins - 300).symptom is Symptom.OK
    assert calendar.reading(begins + 60, begins + 30).symptom is Symptom.RESET_WINDOW


def test_hours_say_when_the_market_opens() -> None:
    calendar = Calendar(hours=parse(f"Mon-Fri 09:30-16:00 {NEW_YORK}"))
    friday = at("2026-11-27T17:00")
    assert calendar.closed(friday)
    assert calendar.opens(friday) == at("2026-11-30T09:30")
    assert not calendar.closed(at("2026-11-27T12:00"))
    assert not Calendar().closed(friday)
    assert Calendar().opens(friday) is None


def test_hours_that_ran_out_close_nothing() -> None:
    calendar = Calendar(hours=from_ib(["20261123:0930-20261123:1600"], NEW_YORK))
    assert not calendar.closed(at("2026-11-23T12:00"))
    assert not calendar.closed(at("2026-11-24T12:00"))  # nobody knows


def test_quiet_hours_end() -> None:
    calendar = Calendar(quiet=parse(f"22:00-07:00 {BERLIN}"))
    night = at("2026-11-23T23:00", BERLIN)
    assert calendar.quiet_until(night) == at("2026-11-24T07:00", BERLIN)
    assert calendar.quiet_until(at("2026-11-23T12:00", BERLIN)) is None


@pytest.mark.parametrize(
    ("moment", "lapsed"),
    [
        ("2026-11-21T23:00", False),  # Saturday
        ("2026-11-22T00:59", False),
        ("2026-11-22T01:00", True),
        ("2026-11-23T23:59", True),  # Monday
        ("2026-11-24T00:00", False),
        ("2026-11-01T01:30", True),  # the Sunday on which 01:00 comes twice
    ],
)
def test_saved_logins_lapse_on_sunday(moment: str, lapsed: bool) -> None:
    found = login_lapsed(at(moment))
    assert (found is not None) is lapsed
    if found is not None:
        local = datetime.fromtimestamp(found, ZoneInfo(NEW_YORK))
        assert (local.strftime("%a %H:%M"), local.fold) == ("Sun 01:00", 0)


# --- what IB gives


def test_ibs_hours_with_a_holiday_and_half_a_day() -> None:
    hours = from_ib(
        ["20261125:0930-20261125:1600", "20261126:CLOSED", "20261127:0930-20261127:1300"], NEW_YORK
    )
    calendar = Calendar(hours=hours)
    assert calendar.closed(at("2026-11-26T12:00"))
    assert calendar.opens(at("2026-11-26T12:00")) == at("2026-11-27T09:30")
    assert not calendar.closed(at("2026-11-27T12:59"))
    assert hours.at(at("2026-11-27T13:00")) is None


@pytest.mark.parametrize(
    "zone", [NEW_YORK, "US/Eastern", "EST", "EST (Eastern Standard Time)", "EST5EDT"]
)
def test_ibs_names_of_zones_know_summer(zone: str) -> None:
    (span,) = from_ib(["20260701:0930-20260701:1600"], zone).dated
    assert span.begins == at("2026-07-01T09:30")


@pytest.mark.parametrize("days", [["tomorrow"], ["20261123:0930"], ["20261123:2530-20261123:1600"]])
def test_ibs_hours_that_read_differently_are_refused(days: list[str]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (whatever it says, nothing is believed)
        from_ib(days, NEW_YORK)


# --- snoozes


def test_a_snooze_ends_in_time_or_before_the_market_opens() -> None:
    calendar = Calendar(hours=parse(f"Mon-Fri 09:30-16:00 {NEW_YORK}"))
    now = at("2026-11-23T18:00")
    assert snooze_until("15m", now, calendar) == now + 900
    assert snooze_until("1h", now, calendar) == now + HOUR
    assert snooze_until("open", now, calendar) == at("2026-11-24T09:15")
    assert snooze_until("open", at("2026-11-24T09:20"), calendar) == at("2026-11-25T09:15")
    assert snooze_until("off", now, calendar) is None
    with pytest.raises(ValueError, match="TRAYMON_HOURS"):
        snooze_until("open", now, Calendar())


@pytest.mark.parametrize(
    ("wish", "minutes"),
    [
        ("30m", 30),
        ("2h", 120),
        ("90", 90),
        ("1h30m", 90),
        ("1h 30", 90),
        ("1H30M", 90),
        (" 45  min ", 45),
        ("2 hours 5 minutes", 125),
        ("1d12h", 36 * 60),
        ("7d", 7 * 24 * 60),
    ],
)
def test_a_snooze_can_have_any_length(wish: str, minutes: int) -> None:
    now = at("2026-11-23T18:00")
    assert snooze_until(wish, now, Calendar()) == now + 60 * minutes


@pytest.mark.parametrize("wish", ["until 15:30", "15:30", "UNTIL  15:30"])
def test_a_snooze_can_end_at_a_time_of_day(wish: str) -> None:
    for hour, days in ((9, 0), (15, 0), (16, 1)):  # by this computer's clock
        now = datetime(2026, 11, 23, hour, 10)
        ends = datetime(2026, 11, 23 + days, 15, 30)
        assert snooze_until(wish, now.timestamp(), Calendar()) == ends.timestamp()
    on_the_minute = datetime(2026, 11, 23, 15, 30).timestamp()
    assert snooze_until(wish, on_the_minute, Calendar()) == on_the_minute + 24 * HOUR


@pytest.mark.parametrize(
    "wish",
    ["", " ", "0", "0h0m", "m", "h", "-5", "1.5h", "30x", "24:00", "12:60", "until", "1m1h"],
)
def test_a_wish_that_is_no_snooze_is_refused_with_examples(wish: str) -> None:
    assert_refused(wish)


@pytest.mark.parametrize(
    "wish", ["../pause", "until tomorrow", "+30m", "1e3", "\u0663\u0660m", "9" * 100, "30m\n; off"]
)
def test_a_wish_that_only_looks_like_a_snooze_is_refused(wish: str) -> None:
    assert_refused(wish)


def assert_refused(wish: str) -> None:
    with pytest.raises(ValueError, match="30m, 2h, 1h30m, until 15:30, open"):
        snooze_until(wish, at("2026-11-23T18:00"), Calendar())


@pytest.mark.parametrize("wish", ["8d", "7d1m", "169h", "99999"])
def test_a_snooze_that_would_be_forgotten_is_refused(wish: str) -> None:
    with pytest.raises(ValueError, match="longest snooze is 7 days"):
        snooze_until(wish, at("2026-11-23T18:00"), Calendar())


# --- IB's resets


@pytest.mark.parametrize("region", ["america", "europe", "asia"])
def test_every_region_has_its_reset_and_the_weekends(region: str, tmp_path: Path) -> None:
    reset = ib_resets.read(region, tmp_path)
    assert reset.at(at("2026-11-28T01:00")) is not None  # the night to Saturday
    nightly = {
        "america": at("2026-11-24T00:30"),
        "europe": at("2026-11-24T07:00", BERLIN),
        "asia": at("2026-11-24T05:00", "Asia/Hong_Kong"),
    }
    assert reset.at(nightly[region]) is not None
    assert reset.at(at("2026-11-24T12:00")) is None
    assert ib_resets.read("off", tmp_path) is NEVER


def test_every_row_of_ours_says_where_it_is_from() -> None:
    import tomllib

    text = (assets.folder() / ib_resets.NAME).read_text(encoding="utf-8")
    for row in tomllib.loads(text)["window"]:
        assert row["source"]
        assert row["date"]
        assert row["region"] in ("america", "europe", "asia", "all")


def test_the_users_own_copy_is_used_instead(tmp_path: Path) -> None:
    own = tmp_path / ib_resets.NAME
    own.write_text('[[window]]\nregion = "all"\nwhen = "12:00-13:00 UTC"\n', encoding="utf-8")
    reset = ib_resets.read("america", tmp_path)
    assert reset == Schedule(parse("12:00-13:00 UTC").rules)


@pytest.mark.parametrize(
    "text",
    [
        "[[window",
        "window = 3",
        "window = [3]",
        '[[window]]\nwhen = "12:00-13:00 UTC"',
        '[[window]]\nregion = "all"',
        '[[window]]\nregion = "all"\nwhen = 12',
        '[[window]]\nregion = "all"\nwhen = "noon"',
        '[[window]]\nregion = "amerika"\nwhen = "12:00-13:00 UTC"',
        '[[windows]]\nregion = "all"\nwhen = "12:00-13:00 UTC"',
    ],
)
def test_a_copy_that_cannot_be_used_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / ib_resets.NAME).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=ib_resets.NAME):
        ib_resets.read("america", tmp_path)
