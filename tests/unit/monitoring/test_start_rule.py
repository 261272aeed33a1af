"""What `traymon wait` wants beside its checks: the judgement of the gate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from traymon.core.calendar import Calendar
from traymon.core.gate import GateOptions, Why
from traymon.core.model import Evidence, Reading, Status
from traymon.core.target import Target
from traymon.core.time_windows import Schedule, Span
from traymon.core.vocabulary import SensorName, Symptom
from traymon.diagnosis.catalogue import diagnose
from traymon.monitoring.one_shot import StartRule

NOW = 1_795_000_000.0
NO_MARGIN = GateOptions(margin=None)
CLOSED = Calendar(hours=Schedule(dated=(Span(NOW + 3600, NOW + 7200),)))


def status(session: str = "hold", **symptoms: Symptom) -> Status:
    target = Target("bot", own_client_id=9100 if session == "hold" else None)
    seen = {"handshake": Symptom.OK, "listener": Symptom.OK, **symptoms}
    if session == "hold":
        seen = {"session": Symptom.OK, **seen}
    evidence = Evidence(target, NOW)
    for name, symptom in seen.items():
        evidence = evidence.with_reading(Reading(SensorName(name), symptom, at=NOW))
    return Status(target, diagnose(evidence), NOW, NOW, evidence, NOW)


def test_a_program_is_started_where_the_gate_is_open() -> None:
    assert StartRule("ids", Calendar(), NO_MARGIN).holds(status())


def test_a_session_that_the_user_does_without_is_not_waited_for() -> None:
    assert StartRule("ids", Calendar(), NO_MARGIN).holds(status(session="off"))


@pytest.mark.parametrize(
    ("symptoms", "why"),
    [
        ({"link": Symptom.LINK_DOWN}, Why.LINK_DOWN),
        ({"farms": Symptom.FARM_DOWN}, Why.DATA_FARM_DOWN),
        ({"calls": Symptom.COMPETING_SESSION}, Why.FAULT),
    ],
)
def test_what_closes_the_gate_is_waited_for_unless_less_is_asked(
    symptoms: dict[str, Symptom], why: Why
) -> None:
    rule = StartRule("ids", Calendar(), NO_MARGIN)
    assert why in {closing.why for closing in rule.closings(status(**symptoms))}
    assert not rule.holds(status(**symptoms))
    assert replace(rule, need="handshake").holds(status(**symptoms))


@pytest.mark.parametrize("need", ["port", "ids"])
def test_the_market_counts_for_every_check_if_it_is_asked_for(need: str) -> None:
    assert StartRule(need, CLOSED, NO_MARGIN).holds(status())
    rule = StartRule(need, CLOSED, GateOptions(market=True, margin=None))
    assert [closing.why for closing in rule.closings(status())] == [Why.MARKET_CLOSED]
    assert not rule.holds(status())
