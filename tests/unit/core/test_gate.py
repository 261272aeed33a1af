"""The gate is open on proof alone: every doubt has its reason, and planned times are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from traymon.core.calendar import IB_ZONE, Calendar, next_weekly_login
from traymon.core.facts import Fact, FactKey
from traymon.core.gate import (
    SESSION_FRESH,
    AccountState,
    Closing,
    Gate,
    GateOptions,
    Why,
    judge,
)
from traymon.core.model import Evidence, Reading, SettingsState, Status, Suspicion
from traymon.core.target import IdUse, Limits, Target
from traymon.core.time_windows import Schedule, Span, parse
from traymon.core.vocabulary import CutKind, SensorName, SettingsNews, Symptom, Use
from traymon.diagnosis.catalogue import ENTRIES, diagnose

S = SensorName
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
NOW = datetime(2026, 11, 25, 10, 0, tzinfo=IB_ZONE).timestamp()  # a Wednesday
TARGET = Target(
    "bot", port=7497, own_client_id=9100, client_ids=(10, 11), account="DU123456", limits=Limits()
)
ACCOUNTS = {Fact.ACCOUNTS: ("DU123456",)}
PLAIN = GateOptions(margin=None)


def reading(
    sensor: SensorName,
    symptom: Symptom = Symptom.OK,
    facts: dict[FactKey[Any], Any] | None = None,
    age: float = 0.0,
) -> Reading:
    return Reading(sensor, symptom, "", facts or {}, at=NOW - age)


WELL = (
    reading(S.HANDSHAKE, age=29.0),
    reading(S.SESSION, facts=ACCOUNTS, age=8.9),
    reading(S.CALENDAR),
)


def status(*readings: Reading, target: Target = TARGET, **more: Any) -> Status:
    """Return the status of a target that is well, but for what these readings say."""
    evidence = Evidence(target, NOW)
    for one in (*WELL, *readings):
        evidence = evidence.with_reading(one)
    return Status(target, diagnose(evidence), NOW, NOW, evidence, NOW, **more)


def ask(
    status: Status, options: GateOptions = PLAIN, calendar: Calendar | None = None, at: float = NOW
) -> Gate:
    return judge(status, calendar or Calendar(), at, options)


def codes(gate: Gate) -> list[str]:
    return [str(closing.why) for closing in gate.reasons]


def test_it_is_open_where_everything_is_proven() -> None:
    gate = ask(status())
    assert gate.open
    assert gate.account is AccountState.MATCHES


def not_checked() -> Status:
    evidence = Evidence(TARGET, NOW)
    return Status(TARGET, diagnose(evidence), NOW, NOW, evidence, None)


def stale() -> Status:
    shown = replace(status().diagnosis, code="stale", light=ENTRIES["stale"].light)
    return replace(status(), diagnosis=shown)


def suspected() -> Status:
    seen = status(reading(S.HANDSHAKE, Symptom.REFUSED)).diagnosis
    return replace(status(), suspicion=Suspicion(seen, 1, 2))


PAUSED = reading(S.MONITOR, Symptom.PAUSED)
REASONS: dict[str, tuple[Callable[[], Status], list[str]]] = {
    "just started": (not_checked, ["starting"]),
    "no session yet": (lambda: status(reading(S.SESSION, Symptom.UNKNOWN)), ["starting"]),
    "paused": (lambda: status(PAUSED, paused=True), ["paused"]),
    "woken": (
        lambda: status(reading(S.MONITOR, Symptom.RESUMED), reading(S.HANDSHAKE, Symptom.UNKNOWN)),
        ["starting"],
    ),
    "hung itself": (stale, ["stale"]),
    "seen once": (suspected, ["fault-suspected"]),
    "refused": (
        lambda: status(reading(S.HANDSHAKE, Symptom.REFUSED)),
        ["fault", "no-handshake"],
    ),
    "an old handshake": (lambda: status(reading(S.HANDSHAKE, age=41)), ["no-handshake"]),
    "slow": (lambda: status(reading(S.HANDSHAKE, Symptom.SLOW)), ["fault"]),
    "mute": (
        lambda: status(reading(S.SESSION, Symptom.MUTE, ACCOUNTS)),
        ["fault", "no-session"],
    ),
    "an old answer": (
        lambda: status(reading(S.SESSION, facts=ACCOUNTS, age=SESSION_FRESH + 0.1)),
        ["no-session"],
    ),
    "without a session": (
        lambda: status(target=replace(TARGET, own_client_id=None)),
        ["session-off"],
    ),
    "no link": (lambda: status(reading(S.LINK, Symptom.LINK_DOWN)), ["fault", "link-down"]),
    "a farm, for a moment": (
        lambda: status(reading(S.FARMS, Symptom.FARM_DOWN, {Fact.FARMS_SINCE: NOW})),
        ["data-farm-down"],
    ),
    "another account": (
        lambda: status(reading(S.SESSION, facts={Fact.ACCOUNTS: ("DU654321",)})),
        ["fault", "wrong-account"],
    ),
    "an account that is not named": (lambda: status(reading(S.SESSION)), ["account-unknown"]),
    "live for paper": (
        lambda: status(reading(S.SESSION, facts={Fact.ACCOUNTS: ("U123456",)})),
        ["fault", "wrong-account"],
    ),
    "a demo": (lambda: status(target=replace(TARGET, demo=True)), ["demo"]),
    "a changed .env": (
        lambda: status(settings=SettingsState(SettingsNews.CHANGED)),
        ["settings-changed"],
    ),
    "a spoiled .env": (
        lambda: status(settings=SettingsState(SettingsNews.UNUSABLE, "IB_PORT=x")),
        ["settings-changed"],
    ),
    "the sensor crashed": (lambda: status(reading(S.INTERNET, Symptom.CRASHED)), ["fault"]),
    "competing": (lambda: status(reading(S.CALLS, Symptom.COMPETING_SESSION)), ["fault"]),
}


@pytest.mark.parametrize("name", REASONS)
def test_what_is_seen_closes_it(name: str) -> None:
    make, why = REASONS[name]
    assert codes(ask(make())) == why


def test_every_reason_has_a_test() -> None:
    about_time = {Why.MARKET_CLOSED, Why.MARKET_UNKNOWN, Why.PLANNED_CUT}
    about_ids = {Why.CLIENT_ID_TAKEN, Why.CLIENT_ID_NOT_WATCHED}
    about_the_question = {Why.NOT_WATCHED, Why.SEVERAL_TARGETS}  # test_gatekeeper.py
    tested = {code for _, why in REASONS.values() for code in why}
    assert tested == set(Why) - about_time - about_ids - about_the_question


@pytest.mark.parametrize("news", [SettingsNews.FLAWED, SettingsNews.INCOMPLETE])
def test_a_mistake_in_the_settings_of_others_closes_nothing(news: SettingsNews) -> None:
    assert ask(status(settings=SettingsState(news, "line 9: prot: no such key"))).open


@pytest.mark.parametrize("news", [SettingsNews.CHANGED, SettingsNews.UNUSABLE])
def test_new_settings_close_it_for_the_targets_that_they_concern(news: SettingsNews) -> None:
    others = SettingsState(news, untouched=frozenset({TARGET.name}))
    assert ask(status(settings=others)).open
    own = replace(others, untouched=frozenset({"another"}))
    assert codes(ask(status(settings=own))) == ["settings-changed"]


def test_without_an_account_in_the_settings_it_says_that_none_was_compared() -> None:
    gate = ask(status(target=replace(TARGET, account="")))
    assert gate.open
    assert gate.account is AccountState.NOT_COMPARED


def test_what_only_forewarns_leaves_it_open_until_the_last_day() -> None:
    def ends(day: str) -> Status:
        return status(reading(S.SUPPORT, Symptom.VERSION_ENDS, {Fact.SUPPORT_ENDS: day}))

    assert ends("2026-12-10").diagnosis.code == "version-ends"
    assert ask(ends("2026-12-10")).open
    assert codes(ask(ends("2026-11-26"))) == ["fault"]
    forewarned = replace(status(), suspicion=Suspicion(ends("2026-12-10").diagnosis, 1, 2))
    assert ask(forewarned).open


def test_it_closes_by_itself_when_nothing_is_seen_any_more() -> None:
    # the status is as it was when the monitor hung
    assert ask(status(), at=NOW + 2.0).open
    assert codes(ask(status(), at=NOW + 2.2)) == ["no-session"]
    assert codes(ask(status(), at=NOW + 12.0)) == ["no-handshake", "no-session"]


@pytest.mark.parametrize("use", Use)
def test_an_id_is_good_unless_somebody_else_has_it(use: Use) -> None:
    symptom = Symptom.OK if use in (Use.FREE, Use.YOURS) else Symptom.UNKNOWN
    uses = {Fact.ID_USES: (IdUse(10, use), IdUse(11, Use.FREE))}
    gate = ask(status(reading(S.CLIENT_IDS, symptom, uses)), GateOptions(10, margin=None))
    good = use in (Use.FREE, Use.YOURS, Use.UNKNOWN)
    assert codes(gate) == ([] if good else ["client-id-taken"])
    assert gate.use is use


def test_an_id_that_was_not_tried_is_said_and_does_not_close_it() -> None:
    gate = ask(status(), GateOptions(10, margin=None))
    assert gate.open
    assert gate.use is Use.UNKNOWN


def test_an_id_that_traymon_does_not_know_closes_it() -> None:
    assert codes(ask(status(), GateOptions(77, margin=None))) == ["client-id-not-watched"]


# --- the calendar ---

MARKET = parse("Mon-Fri 09:30-16:00 America/New_York")
NIGHTLY = parse("23:45+10m America/New_York")


def new_york(text: str) -> float:
    return datetime.fromisoformat(f"2026-11-{text}").replace(tzinfo=IB_ZONE).timestamp()


def at(moment: float, calendar: Calendar, options: GateOptions) -> Gate:
    """Return the gate at a moment at which all else is well."""
    well = status()
    readings = [replace(one, at=moment) for one in well.evidence.readings.values()]
    evidence = Evidence(TARGET, moment, {one.sensor: one for one in readings})
    return judge(replace(well, evidence=evidence), calendar, moment, options)


@pytest.mark.parametrize(
    ("moment", "reasons", "change"),
    [
        ("25 10:00", [], "25 16:00"),
        ("25 09:29", ["market-closed"], "25 09:30"),
        ("25 16:00", ["market-closed"], "26 09:30"),
        ("28 12:00", ["market-closed"], "30 09:30"),  # over the weekend
    ],
)
def test_the_market_is_open_if_asked(moment: str, reasons: list[str], change: str) -> None:
    gate = at(new_york(moment), Calendar(hours=MARKET), GateOptions(market=True, margin=None))
    assert codes(gate) == reasons
    assert gate.next_change_at == new_york(change)
    assert at(new_york(moment), Calendar(hours=MARKET), PLAIN).open


@pytest.mark.parametrize("hours", [None, Schedule(dated=(Span(NOW - 2 * DAY, NOW - DAY),))])
def test_hours_that_are_not_known_close_it(hours: Schedule | None) -> None:
    gate = ask(status(), GateOptions(market=True), Calendar(hours=hours))
    assert codes(gate) == ["market-unknown"]
    assert gate.next_change_at is None


@pytest.mark.parametrize(
    ("moment", "reasons", "change"),
    [
        ("25 23:34", [], "25 23:35"),
        ("25 23:35", ["planned-cut"], "25 23:55"),
        ("25 23:50", ["planned-cut"], "25 23:55"),
        ("25 23:55", [], "26 23:35"),
    ],
)
def test_a_restart_closes_it_for_the_margin_before(
    moment: str, reasons: list[str], change: str
) -> None:
    gate = at(new_york(moment), Calendar(maintenance=NIGHTLY), GateOptions(margin=10 * MINUTE))
    assert codes(gate) == reasons
    assert gate.next_change_at == new_york(change)
    assert at(new_york(moment), Calendar(maintenance=NIGHTLY), PLAIN).open


def test_a_margin_of_nothing_closes_it_in_the_window_alone() -> None:
    calendar, options = Calendar(reset=NIGHTLY), GateOptions(margin=0)
    assert at(new_york("25 23:44"), calendar, options).open
    closed = at(new_york("25 23:46"), calendar, options)
    until = new_york("25 23:55")
    assert closed.reasons == (Closing(Why.PLANNED_CUT, until, CutKind.RESET_WINDOW),)


def test_cuts_that_follow_each_other_are_followed_to_the_end_of_the_last() -> None:
    calendar = Calendar(
        maintenance=NIGHTLY,
        reset=parse("00:00-00:30 America/New_York"),
        hours=parse("Mon-Fri 00:20-16:00 America/New_York"),
    )
    gate = at(new_york("25 23:40"), calendar, GateOptions(market=True))
    assert codes(gate) == ["market-closed", "planned-cut"]
    assert gate.next_change_at == new_york("26 00:30")


def test_calendars_without_a_pause_have_no_next_change() -> None:
    calendar = Calendar(reset=parse("00:00-12:00 UTC; 12:05-23:55 UTC"))
    assert at(new_york("25 10:00"), calendar, GateOptions()).next_change_at is None


def test_while_something_is_wrong_nobody_knows_when_it_opens() -> None:
    gate = ask(status(reading(S.LINK, Symptom.LINK_DOWN)), GateOptions(), Calendar(hours=MARKET))
    assert gate.next_change_at is None


def test_the_weekly_login_closes_it_for_the_margin_before() -> None:
    for moment, is_open in (("29 00:49", True), ("29 00:51", False), ("29 01:00", True)):
        assert at(new_york(moment), Calendar(), GateOptions()).open is is_open
    gate = at(new_york("29 00:51"), Calendar(), GateOptions())
    assert [one.cut for one in gate.reasons] == [CutKind.WEEKLY_LOGIN]
    assert gate.next_change_at == new_york("29 01:00")


def test_the_weekly_login_is_at_one_in_new_york_through_the_change_of_the_clock() -> None:
    moment = datetime(2026, 10, 20, tzinfo=ZoneInfo("UTC")).timestamp()
    found = []
    for _ in range(3):
        moment = next_weekly_login(moment)
        found.append(datetime.fromtimestamp(moment, IB_ZONE).isoformat())
    assert found == [
        "2026-10-25T01:00:00-04:00",
        "2026-11-01T01:00:00-04:00",
        "2026-11-08T01:00:00-05:00",
    ]
