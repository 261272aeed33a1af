"""While all is well, the page begins with what there is to know."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest

from support.page_scenes import TEN_CODES, scene
from support.page_server import NOW
from traymon.core.facts import Fact, Facts
from traymon.core.model import LatencyStats, Reading, Status
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.core.week_ahead import Event, EventKind
from traymon.ui.coming_up import Planned
from traymon.ui.web.glance import glance


def rows(status: Status, plan: tuple[Planned, ...] = ()) -> dict[str, tuple[str, ...]]:
    return {row.label: row.lines for row in glance(status, NOW, None, plan)}


def with_facts(status: Status, sensor: SensorName, facts: Facts) -> Status:
    reading = Reading(sensor, Symptom.OK, facts=facts, at=NOW)
    return replace(status, evidence=status.evidence.with_reading(reading))


def test_account_version_latency_and_programs_are_named() -> None:
    status = with_facts(
        scene("healthy"),
        SensorName.HANDSHAKE,
        {Fact.SERVER_VERSION: 203, Fact.TWS_LINE: "10.37"},
    )
    status = with_facts(status, SensorName.LISTENER, {Fact.CLIENTS: 2})
    figures = {SensorName.SESSION: LatencyStats(0.002, 0.002, 0.008, 700)}
    shown = rows(replace(status, figures=MappingProxyType(figures)))
    assert shown["Account"] == ("Paper account DU***567", "the one in IB_ACCOUNT")
    assert shown["TWS"] == ("Version 10.37", "API version 203")
    assert shown["Latency"] == ("heartbeat 2 ms (median 2 ms, p95 8 ms)",)
    assert shown["Programs"][0] == "2 connected"
    assert shown["Programs"][1].startswith("client ID 10: used by run_live.py")
    assert "Last 7 days" not in shown, "nothing is known of them"


@pytest.mark.parametrize(
    ("clients", "words"), [(0, "none connected"), (1, "1 connected"), (3, "3 connected")]
)
def test_connected_programs_are_counted(clients: int, words: str) -> None:
    status = with_facts(scene("healthy"), SensorName.LISTENER, {Fact.CLIENTS: clients})
    assert rows(status)["Programs"][0] == words


def test_an_account_that_nothing_was_compared_with_says_so() -> None:
    status = scene("healthy")
    target = replace(status.target, account="")
    assert rows(replace(status, target=target))["Account"][1] == (
        "not compared: IB_ACCOUNT is not set"
    )


def test_what_comes_next_is_the_first_event_of_this_target() -> None:
    others = Planned(Event(NOW + 60, NOW + 120, EventKind.RESTART), ("other",))
    reset = Planned(Event(NOW + 3600, NOW + 7200, EventKind.RESET))
    (line,) = rows(scene("healthy"), (others, reset))["Next"]
    assert line.endswith(": IB server reset")


@pytest.mark.parametrize("code", [code for code in TEN_CODES if code != "healthy"])
def test_a_fault_comes_first_instead(code: str) -> None:
    assert scene(code).diagnosis.light is not Light.GREEN
    assert rows(scene(code)) == {}
