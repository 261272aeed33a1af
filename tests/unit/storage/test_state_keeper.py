"""What is kept of the statuses for the next start: snoozes, and trading hours per contract."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from traymon.core.calendar import Calendar
from traymon.core.facts import Fact, Facts
from traymon.core.model import Change, Diagnosis, Evidence, Reading, Status
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.storage.state import StateStore
from traymon.storage.state_keeper import StateKeeper

NOON = 1_795_000_000.0
DAYS, ZONE = ("20261123:0930-20261123:1600",), "US/Eastern"
STOCK = Target("stock", hours_contract="SPY")
OTHER_STOCK = Target("other stock", hours_contract="SPY")
FUTURE = Target("future", hours_contract="ES")


def status(target: Target, days: tuple[str, ...] | None = None) -> Status:
    evidence = Evidence(target, NOON)
    if days is not None:
        facts: Facts = {Fact.HOURS: days, Fact.HOURS_ZONE: ZONE}
        reading = Reading(SensorName.HOURS, Symptom.OK, facts=facts, at=NOON)
        evidence = evidence.with_reading(reading)
    return Status(target, Diagnosis("healthy", Light.GREEN), NOON, NOON, evidence, NOON)


def test_ibs_hours_count_for_every_target_of_their_contract_and_after_a_restart(
    tmp_path: Path,
) -> None:
    store, told = StateStore(tmp_path), list[tuple[Calendar, str]]()
    keeper = StateKeeper(store, {}, lambda calendar, name: told.append((calendar, name)))
    assert keeper.calendar_of(STOCK).hours is None
    statuses = [status(STOCK, DAYS), status(OTHER_STOCK), status(FUTURE)]
    for _ in range(2):  # the second time they are not new
        keeper.show(statuses, {"stock": Change.HOURS})
    assert [name for _, name in told] == ["stock", "other stock"]
    assert all(calendar.hours is not None for calendar, _ in told)
    assert keeper.calendar_of(FUTURE).hours is None
    again = StateKeeper(StateStore(tmp_path), {}, lambda calendar, name: None)
    assert again.calendar_of(STOCK) == told[0][0]


def test_hours_are_looked_for_only_where_some_are_new(tmp_path: Path) -> None:
    told: list[str] = []
    keeper = StateKeeper(StateStore(tmp_path), {}, lambda calendar, name: told.append(name))
    keeper.show([status(STOCK, DAYS)], {"stock": Change.DETAILS})
    keeper.show([status(STOCK)], {"stock": Change.HOURS})
    assert told == []
    assert keeper.calendar_of(STOCK).hours is None


def test_one_targets_status_leaves_the_others_snooze_alone(tmp_path: Path) -> None:
    store = StateStore(tmp_path)
    keeper = StateKeeper(store, {}, lambda calendar, name: None)
    snoozed = replace(status(STOCK), snoozed_until=NOON + 60)
    keeper.show([snoozed, status(FUTURE)], {"stock": Change.MUTE, "future": Change.MUTE})
    for _ in range(2):
        assert StateStore(tmp_path).snoozed_until(STOCK) == NOON + 60
        assert StateStore(tmp_path).snoozed_until(FUTURE) is None
        keeper.show([snoozed, status(FUTURE)], {"future": ~Change.NOTHING})
    keeper.show([status(STOCK), status(FUTURE)], {"stock": Change.MUTE})
    assert StateStore(tmp_path).snoozed_until(STOCK) is None
