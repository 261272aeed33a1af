"""When the drill is due, when it may run, and what it proves: on any clock, across its changes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from traymon.core.calendar import Calendar
from traymon.core.drill import (
    ANSWER_WITHIN,
    DAY,
    DrillRecord,
    DrillView,
    Hindrance,
    OffLimits,
    Proof,
    WeeklyTime,
    hindrance,
    is_due,
    next_drill,
    parse_weekly,
)
from traymon.core.model import Diagnosis, Evidence, Status
from traymon.core.target import Target
from traymon.core.time_windows import Schedule, parse
from traymon.core.vocabulary import Light

BERLIN = ZoneInfo("Europe/Berlin")
SATURDAY = parse_weekly("Sat 10:00")
NO_LIMITS = OffLimits()


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if not hasattr(time, "tzset"):
        pytest.skip("this platform cannot be put into another time zone")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


NOW = at("2026-11-28 10:00")  # a Saturday


def status(light: Light = Light.GREEN, *, now: float = NOW, **more: object) -> Status:
    target = Target("bot")
    one = Status(target, Diagnosis("x", light), now, now, Evidence(target, now), now)
    return replace(one, **more)  # type: ignore[arg-type]


def why(
    *statuses: Status, limits: OffLimits = NO_LIMITS, last: float | None = None
) -> Hindrance | None:
    return hindrance(DrillRecord(0.0, last), ["desktop"], statuses, limits, NOW)


def limits(hours: str = "", quiet: str = "", of_a_channel: str = "") -> OffLimits:
    calendar = Calendar(
        quiet=parse(quiet) if quiet else Schedule(), hours=parse(hours) if hours else None
    )
    return OffLimits.of([calendar], [parse(of_a_channel)] if of_a_channel else [])


def test_a_drill_runs_while_all_is_well() -> None:
    assert why(status()) is None


@pytest.mark.parametrize("light", [Light.AMBER, Light.RED, Light.GREY])
def test_no_drill_runs_during_a_fault_of_any_target_that_is_heard(light: Light) -> None:
    assert why(status(), status(light)) is Hindrance.FAULT
    assert why(status(), status(light, muted=True)) is None


def test_no_drill_runs_while_nobody_would_hear_or_look() -> None:
    assert why(status(paused=True)) is Hindrance.PAUSED
    assert why(status(snoozed_until=NOW + 60)) is Hindrance.SNOOZED
    assert why(status(quiet_until=NOW + 60)) is Hindrance.QUIET
    assert why(status(muted=True)) is Hindrance.NOT_WATCHING
    assert why() is Hindrance.NOT_WATCHING
    assert why(status(now=NOW - 3600)) is Hindrance.NOT_WATCHING, "it has slept"
    assert hindrance(DrillRecord(0.0), [], [status()], NO_LIMITS, NOW) is Hindrance.NO_CHANNEL


def test_no_drill_runs_in_trading_or_quiet_hours() -> None:
    trading = limits("Sat 09:00-11:00 Europe/Berlin")
    assert why(status(), limits=trading) is Hindrance.TRADING
    quiet = limits("Mon-Fri 09:00-17:00 Europe/Berlin", "22:00-10:01 Europe/Berlin")
    assert why(status(), limits=quiet) is Hindrance.QUIET
    of_a_channel = limits(of_a_channel="Sat 00:00-23:59 Europe/Berlin")
    assert why(status(), limits=of_a_channel) is Hindrance.QUIET


def test_two_drills_are_apart() -> None:
    assert why(status(), last=NOW - 1) is Hindrance.JUST_SENT
    assert why(status(), last=NOW - 61) is None
    assert why(status(), last=NOW + 5) is None, "by a clock that was wrong"


def test_it_is_due_once_a_week_and_one_that_was_missed_stays_due() -> None:
    record = DrillRecord(since=NOW - DAY)
    assert not is_due(record, SATURDAY, NOW - 1)
    assert is_due(record, SATURDAY, NOW)
    assert is_due(record, SATURDAY, NOW + 3 * DAY), "the computer was off"
    done = record.sent(["desktop"], NOW + 3 * DAY)
    assert not is_due(done, SATURDAY, NOW + 7 * DAY - 1)
    assert is_due(done, SATURDAY, NOW + 7 * DAY)


def test_it_is_not_due_before_the_first_saturday_after_it_was_wanted() -> None:
    assert not is_due(DrillRecord(since=NOW + 60), SATURDAY, NOW + DAY)


def test_a_clock_that_was_wrong_does_not_end_the_drills() -> None:
    record = DrillRecord(since=NOW, last=NOW + 400 * DAY)
    assert is_due(record, SATURDAY, NOW + 7 * DAY)
    assert not is_due(record.sent([], NOW + 7 * DAY), SATURDAY, NOW + 8 * DAY)


def test_the_time_of_the_week_follows_the_clock_when_that_changes() -> None:
    night = parse_weekly("Sun 02:30")
    spring, autumn = at("2027-03-28 12:00"), at("2026-10-25 12:00")
    assert night.last(spring) == at("2027-03-28 03:30"), "02:30 is skipped"
    assert night.last(autumn) == at("2026-10-25 02:30"), "the first of two"
    before = SATURDAY.last(at("2026-10-24 11:00"))
    assert SATURDAY.next(before) - before == 7 * DAY + 3600


def test_every_minute_of_a_year_has_one_time_before_and_one_after() -> None:
    one, week = WeeklyTime(6, SATURDAY.at), timedelta(days=7, hours=1).total_seconds()
    for hour in range(0, 366 * 24, 5):
        now = NOW + hour * 3600
        assert one.last(now) <= now < one.next(now)
        assert one.next(now) - one.last(now) <= week


def test_what_comes_next_leaves_out_trading_and_quiet_hours() -> None:
    record = DrillRecord(since=NOW)
    busy = limits("Sat 08:00-16:00 Europe/Berlin", "15:00-18:30 Europe/Berlin")
    assert next_drill(record, SATURDAY, busy, NOW + 60) == at("2026-12-05 18:30")
    missed = DrillRecord(since=NOW - DAY)
    assert next_drill(missed, SATURDAY, busy, NOW + 60) == at("2026-11-28 18:30")
    always = limits("00:00-00:00 Europe/Berlin")
    assert next_drill(record, SATURDAY, always, NOW) is None


def test_an_answer_proves_one_channel_while_it_is_waited_for() -> None:
    record = DrillRecord(NOW).sent(["desktop", "phone"], NOW)
    assert all(one.awaits_answer(NOW + 1) for one in record.channels.values())
    record = record.answered("phone", NOW + 1)
    assert not record.channels["phone"].awaits_answer(NOW + 2)
    assert record.channels["phone"].proven == NOW + 1
    assert record.channels["desktop"].awaits_answer(NOW + 2)
    assert not record.channels["desktop"].awaits_answer(NOW + ANSWER_WITHIN)


def test_what_was_not_delivered_waits_for_no_answer() -> None:
    proof = DrillRecord(NOW).sent(["phone"], NOW).failed("phone", "HTTP 500", NOW + 1)
    assert not proof.channels["phone"].awaits_answer(NOW + 2)
    assert proof.channels["phone"].has_failed
    again = proof.sent(["phone"], NOW + DAY)
    assert again.channels["phone"].awaits_answer(NOW + DAY)


def test_a_channel_is_overdue_once_it_was_not_proven_for_so_many_days() -> None:
    channels = {"desktop": Proof(NOW, proven=NOW + 5 * DAY), "phone": Proof(NOW)}

    def overdue(days: float) -> tuple[str, ...]:
        return DrillView(NOW + days * DAY, None, None, channels, 14).overdue

    assert overdue(13.99) == ()
    assert overdue(14) == ("phone",)
    assert overdue(19) == ("desktop", "phone")
    assert replace(DrillView(NOW + 99 * DAY, None, None, channels)).overdue == ()


@pytest.mark.parametrize("text", ["", "Sat", "10:00", "Sat 9:00", "Sat 24:00", "Sam 10:00"])
def test_a_time_of_the_week_is_written_in_one_way(text: str) -> None:
    with pytest.raises(ValueError, match="such as Sat 10:00"):
        parse_weekly(text)
