"""The week ahead in words and as JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from traymon.core.week_ahead import DAY, Event, EventKind
from traymon.ui.coming_up import (
    Planned,
    as_json,
    day_text,
    from_json,
    join,
    only_of,
    rows,
    time_text,
    with_drill,
    words,
)

BERLIN, HOUR = ZoneInfo("Europe/Berlin"), 3600.0
NOW = datetime(2026, 11, 27, 12, tzinfo=BERLIN).timestamp()  # a Friday
RESET, HOLIDAY = EventKind.RESET, EventKind.CLOSED


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("this system's time zone cannot be changed for one process")
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


def holiday(day: str, zone: str) -> Event:
    begins = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone)).timestamp()
    return Event(begins, begins + DAY, HOLIDAY, date.fromisoformat(day))


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_has_its_words(kind: EventKind) -> None:
    planned = Planned(Event(NOW, NOW, kind))
    assert 5 < len(planned.title) <= 40
    assert planned.explanation.endswith(".")
    assert set(words()) == {*EventKind, "calendar"}


@pytest.mark.parametrize(
    ("begins", "ends", "day", "clock"),
    [
        (1.0, 1.0, "Today", "13:00"),
        (1.0, 3.0, "Today", "13:00-15:00"),
        (-1.0, 3.0, "Today", "until 15:00"),
        (-30.0, 3.0, "Today", "until 15:00"),  # it began yesterday
        (0.0, 1.0, "Today", "until 13:00"),
        (10.0, 14.0, "Today", "22:00-02:00"),
        (24.0, 25.0, "Sat 28 Nov", "12:00-13:00"),
        (100.0, 172.0, "Tue 1 Dec", "16:00-Fri 16:00"),
        (-1.0, 40.0, "Today", "until Sun 04:00"),
    ],
)
def test_when_an_event_is(begins: float, ends: float, day: str, clock: str) -> None:
    event = Event(NOW + begins * HOUR, NOW + ends * HOUR, RESET)
    shown = time_text(event, NOW).replace("\N{EN DASH}", "-")
    assert (day_text(event, NOW), shown) == (day, clock)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "UTC"])
def test_a_whole_day_is_that_day_wherever_the_market_is(zone: str) -> None:
    event = holiday("2026-11-30", zone)
    assert (day_text(event, NOW), time_text(event, NOW)) == ("Mon 30 Nov", "all day")


def test_rows_are_in_the_order_of_the_days_as_they_are_shown() -> None:
    tokyo, new_york = holiday("2026-11-30", "Asia/Tokyo"), holiday("2026-11-30", "America/New_York")
    sunday = Event(NOW + 59 * HOUR, NOW + 59 * HOUR, RESET)  # 23:00: it is Monday in Tokyo
    early = Event(NOW + 61 * HOUR, NOW + 61 * HOUR, RESET)  # Monday 01:00, before New York's
    assert tokyo.begins < sunday.begins < early.begins < new_york.begins
    plan = [Planned(event) for event in sorted((tokyo, sunday, early, new_york))]
    assert [(row["day"], row["time"]) for row in rows(plan, NOW)] == [
        ("Sun 29 Nov", "23:00"),
        ("Mon 30 Nov", "all day"),
        ("Mon 30 Nov", "all day"),
        ("Mon 30 Nov", "01:00"),
    ]


def test_the_first_event_of_a_kind_comes_with_what_it_means() -> None:
    later = [Event(NOW + n * HOUR, NOW + n * HOUR, kind) for n, kind in enumerate([RESET] * 2)]
    plan = [Planned(event) for event in (*later, holiday("2026-11-30", "UTC"))]
    explained = [bool(row["explanation"]) for row in rows(plan, NOW)]
    assert explained == [True, False, True]


def test_what_concerns_every_target_names_none_and_is_there_once() -> None:
    shared, own = Event(NOW, NOW + 1, RESET), Event(NOW, NOW + 1, EventKind.RESTART)
    assert join({"bot": [shared]}) == [Planned(shared)]
    plan = join({"bot": [shared, own], "DU1234567": [shared]})
    assert [planned.targets for planned in plan] == [(), ("bot",)]
    assert plan[1].title.endswith("restarts (bot)")
    masked = join({"bot": [shared], "DU1234567": [shared, own]})[1]
    assert masked.title.endswith("(DU***567)")


def test_json_says_the_same() -> None:
    events = [Event(NOW, NOW, EventKind.LOGIN), holiday("2026-11-30", "UTC")]
    plan = join({"bot": events, "other": events[:1]})
    values = json.loads(json.dumps(as_json(plan, 7)))
    assert from_json(values) == plan
    assert values["events"][0]["ends"] is None
    assert values["events"][1]["date"] == "2026-11-30"


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        {},
        {"schema": 2, "events": []},
        {"schema": 1, "events": [None]},
        {"schema": 1, "events": [{"begins": "x", "ends": None, "kind": "reset", "date": None}]},
        {"schema": 1, "events": [{"begins": 1, "ends": 2, "kind": "other", "date": None}]},
        {"schema": 1, "events": [{"begins": 1, "ends": 2, "kind": "reset", "date": "Today"}]},
        {"schema": 1, "events": [{"begins": 1, "ends": 2, "kind": "reset", "date": None}]},
    ],
)
def test_what_is_no_plan_is_refused(values: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(values)


def test_what_concerns_one_target_is_told_as_if_there_were_no_other() -> None:
    of_all, of_one, of_two, of_another = (Event(NOW + n, NOW + n, RESET) for n in range(4))
    plan = [
        Planned(of_all),
        Planned(of_one, ("live",)),
        Planned(of_two, ("paper", "live")),
        Planned(of_another, ("paper",)),
    ]
    assert only_of("live", plan) == [Planned(of_all), Planned(of_one), Planned(of_two)]
    assert only_of("other", plan) == [Planned(of_all)]
    read = from_json(as_json([Planned(of_one, ("U1234567",))], 7))
    assert only_of("U1234567", read) == [Planned(of_one)]


def test_the_next_drill_stands_among_the_events_and_concerns_every_target() -> None:
    reset = Planned(Event(NOW + 3 * HOUR, NOW + 4 * HOUR, RESET), ("live",))
    plan = with_drill([reset], NOW + HOUR, NOW, 7)
    assert [one.event.kind for one in plan] == [EventKind.DRILL, RESET]
    assert plan[0].title == "Drill: the weekly test alarm"
    assert from_json(as_json(plan, 7)) == plan
    assert only_of("paper", plan) == [plan[0]]
    assert with_drill([reset], None, NOW, 7) == [reset]
    assert with_drill([reset], NOW + 7 * DAY, NOW, 7) == [reset]
