"""What is new in a status: each surface acts on its part alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from traymon.core.facts import Fact
from traymon.core.model import (
    Change,
    Diagnosis,
    Evidence,
    LatencyStats,
    Reading,
    Status,
    Suspicion,
    what_changed,
)
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, Symptom

NOW = 1_800_000_000.0
TARGET = Target("project")
SERVED = Reading(SensorName.HANDSHAKE, Symptom.OK, "176", took=0.01, at=NOW, ttl=60.0)
SILENT = Diagnosis("handshake-silent", Light.RED, {Fact.PORT: 7497})
STATUS = Status(
    TARGET,
    Diagnosis("healthy", Light.GREEN, {Fact.PORT: 7497}),
    since=NOW,
    light_since=NOW,
    evidence=Evidence(TARGET, NOW).with_reading(SERVED),
    checked_at=NOW,
    suspicion=Suspicion(SILENT, 1, 2),
)


def seen(**news: Any) -> Evidence:
    """Return the evidence after another handshake."""
    return STATUS.evidence.with_reading(replace(SERVED, **news))


def test_in_the_first_status_everything_is_new() -> None:
    changed = what_changed(None, STATUS)
    assert all(change in changed for change in Change)


def test_nothing_is_new_when_only_time_goes_by() -> None:
    later = replace(STATUS.evidence, now=NOW + 5)
    same_calendar = Reading(SensorName.CALENDAR, Symptom.OK, at=NOW)
    before = replace(STATUS, evidence=STATUS.evidence.with_reading(same_calendar))
    after = replace(STATUS, evidence=later.with_reading(replace(same_calendar, at=NOW + 5)))
    assert what_changed(before, after) is Change.NOTHING


@pytest.mark.parametrize(
    "news",
    [
        {"diagnosis": replace(STATUS.diagnosis, code="just-started")},
        {"diagnosis": replace(STATUS.diagnosis, light=Light.AMBER)},
        {"suspicion": None},
        {"suspicion": Suspicion(SILENT, 2, 2)},
        {"suspicion": Suspicion(replace(SILENT, light=Light.AMBER), 1, 2)},
    ],
)
def test_the_headline(news: dict[str, Any]) -> None:
    assert Change.HEADLINE in what_changed(STATUS, replace(STATUS, **news))


@pytest.mark.parametrize(
    "news",
    [
        {"diagnosis": replace(STATUS.diagnosis, facts={Fact.PORT: 4002})},
        {"suspicion": Suspicion(replace(SILENT, facts={Fact.PORT: 4002}), 1, 2)},
        {"since": NOW + 1},
        {"light_since": NOW + 1},
        {"streak": 2},
        {"checked_at": NOW + 5},
        {"paused": True},
        {"down_since": NOW},
        {"was_down": 60.0},
        {"figures": {SensorName.HANDSHAKE: LatencyStats(0.1, 0.1, 0.1, 1)}},
        {"evidence": replace(STATUS.evidence, target=replace(TARGET, port=4002))},
        {"evidence": Evidence(TARGET, NOW)},
        {"evidence": replace(STATUS.evidence, now=NOW + 61)},  # it does not count any more
        {"evidence": seen(symptom=Symptom.SLOW)},
        {"evidence": seen(detail="177")},
        {"evidence": seen(took=0.02)},
        {"evidence": seen(facts={Fact.SERVER_VERSION: 177})},
    ],
)
def test_the_details(news: dict[str, Any]) -> None:
    assert what_changed(STATUS, replace(STATUS, **news)) is Change.DETAILS


@pytest.mark.parametrize(
    "news",
    [{"snoozed_until": NOW}, {"quiet_until": NOW}, {"closed": True}, {"opens_at": NOW}],
)
def test_the_mute(news: dict[str, Any]) -> None:
    assert what_changed(STATUS, replace(STATUS, **news)) is Change.MUTE


def test_hours_that_ib_gives_are_new_even_when_they_are_the_same() -> None:
    hours = Reading(SensorName.HOURS, Symptom.OK, facts={Fact.HOURS: ("20261126:CLOSED",)})
    first = replace(STATUS, evidence=STATUS.evidence.with_reading(hours))
    assert Change.HOURS in what_changed(STATUS, first)
    assert what_changed(first, first) is Change.NOTHING
    again = replace(first, evidence=first.evidence.with_reading(replace(hours)))
    assert what_changed(first, again) is Change.HOURS
