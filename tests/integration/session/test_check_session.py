"""`traymon check` against a Gateway that starts sessions and does not keep them, in real time."""

from __future__ import annotations

import time

import pytest

from support.scripted_gateway import AnswersOnly, DropsSessions, SaysAtStart
from traymon.core.model import Status
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.diagnosis.checks import CheckStep, check_steps
from traymon.monitoring import one_shot
from traymon.monitoring.one_shot import is_ready, run_once
from traymon.sensors import session_connection
from traymon.sim.gateway import HEALTHY, Behaviour, running
from traymon.sim.script import ORDINARY, Script


def checked(script: Script, behaviour: Behaviour = HEALTHY) -> tuple[Status, CheckStep]:
    """Check once; return the status and the step of the session."""
    with running(behaviour, script=script) as gateway:
        target = Target("project", port=gateway.port, own_client_id=9_100)
        status = run_once(target)
    (step,) = (step for step in check_steps(status.evidence) if step.name == "session")
    return status, step


SAYS_NOTHING = Behaviour(reports_farms=False)
FARM_DOWN = Behaviour(says=((2103, "Market data farm connection is broken:usfarm"),))


@pytest.mark.parametrize(
    ("after", "behaviour"),
    [(0.0, HEALTHY), (0.2, HEALTHY), (0.5, SAYS_NOTHING), (1.0, SAYS_NOTHING), (1.0, FARM_DOWN)],
)
def test_a_session_that_is_dropped_soon_after_its_start_does_not_pass(
    after: float, behaviour: Behaviour
) -> None:
    status, step = checked(DropsSessions(after), behaviour)
    assert (status.diagnosis.code, status.diagnosis.light) == ("session-lost", Light.AMBER)
    assert (step.light, step.passed) == (Light.RED, False)
    assert not is_ready(status, "session")


def test_a_check_is_over_as_soon_as_tws_has_reported_its_data_servers_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(one_shot, "TWS_MESSAGES_DELAY", 60.0)
    monkeypatch.setattr(one_shot, "STREAMS_TIMEOUT", 60.0)
    began = time.monotonic()
    status, step = checked(ORDINARY)
    assert (status.diagnosis.code, step.passed) == ("healthy", True)
    assert time.monotonic() - began < 30.0


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (SaysAtStart((10141, "accept the notice")), "paper-notice-unanswered"),
        (SaysAtStart((1100, "lost"), then_closes=False), "ib-link-down"),
        (SaysAtStart((0, "API support is not available")), "start-rejected"),
        (AnswersOnly(), "session-hung"),
    ],
)
def test_a_session_that_is_not_served_does_not_pass(
    script: Script, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if isinstance(script, SaysAtStart) and not script.then_closes:  # nothing more would come
        monkeypatch.setattr(session_connection, "START_TIMEOUT", 2.0)
    status, step = checked(script)
    assert status.diagnosis.code == code
    assert not step.passed
    if isinstance(script, SaysAtStart):
        assert script.messages[0][1] in step.finding


@pytest.mark.parametrize(
    ("accounts", "finding"),
    [
        (("DU123456",), "paper account DU123456"),
        (("U123456", "U123457"), "live account U123456, U123457"),
        (("DU123456", "U123456"), "accounts DU123456 (paper), U123456 (live)"),
        (("I123456",), "account I123456 (paper or live: unknown)"),
    ],
)
def test_the_step_of_the_session_names_paper_or_live(
    accounts: tuple[str, ...], finding: str
) -> None:
    status, step = checked(ORDINARY, Behaviour(accounts=accounts))
    assert status.diagnosis.code == "healthy"
    assert status.evidence.symptom(SensorName.SESSION) is Symptom.OK
    assert any(detail.finding.startswith(finding) for detail in step.details)
