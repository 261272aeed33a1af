"""The step "client library": its lights, its words, and what it means for the other checks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from traymon.core.client_library import KEPT_OUT, LET_IN, LibraryResult
from traymon.core.client_library import LibraryOutcome as Outcome
from traymon.core.facts import Fact
from traymon.core.model import Evidence, Reading, Status
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.diagnosis import library_words
from traymon.diagnosis.catalogue import diagnose
from traymon.diagnosis.check_step import CheckStep
from traymon.diagnosis.checks import belongs, check_steps, every_step, light_of_check
from traymon.diagnosis.library_words import words
from traymon.monitoring.one_shot import is_ready

NOW = 1_000.0
TARGET = Target("bot", own_client_id=9_100)
PYTHON = "/home/you/bot/.venv/bin/python"
CONNECTED = LibraryResult("ib_insync", Outcome.CONNECTED, "0.9.86", session_version=176)
GREY_FOR_TRAYMONS_OWN = set(Outcome) - LET_IN - KEPT_OUT


def checked(
    *results: LibraryResult, own: bool = True, session: Symptom = Symptom.OK, **target: Any
) -> Status:
    """A status with these results, of a Gateway that lets traymon in, or not."""
    facts: dict[Any, Any] = {Fact.LIBRARIES: results}
    if not own:
        facts |= {Fact.INTERPRETER: PYTHON, Fact.PYTHON_VERSION: "3.14.0"}
    symptom = Symptom.OK if any(one.outcome in LET_IN for one in results) else Symptom.UNKNOWN
    evidence = Evidence(replace(TARGET, **target), NOW)
    for reading in (
        Reading(SensorName.LISTENER, Symptom.OK),
        Reading(SensorName.HANDSHAKE, Symptom.OK),
        Reading(SensorName.SESSION, session, facts={Fact.ACCOUNTS: ("DU123456",)}),
        Reading(SensorName.CLIENT_LIBRARY, symptom, facts=facts, took=0.25),
    ):
        evidence = evidence.with_reading(replace(reading, at=NOW))
    return Status(evidence.target, diagnose(evidence), NOW, NOW, evidence, NOW)


def step_of(status: Status) -> CheckStep:
    (step,) = (one for one in check_steps(status.evidence) if one.name == "library")
    return step


def told(step: CheckStep) -> str:
    return "\n".join((step.finding, *(detail.finding for detail in step.details)))


def test_a_library_that_connects_is_named_with_its_version() -> None:
    status = checked(CONNECTED)
    step = step_of(status)
    assert (step.light, step.passed, step.took) == (Light.GREEN, True, 0.25)
    assert step.finding == "ib_insync 0.9.86 connected"
    assert told(step).endswith("API version 176")
    assert light_of_check(status, "session") is light_of_check(status, None) is Light.GREEN
    assert is_ready(status, "session")


def test_there_is_no_such_step_where_no_library_was_to_be_let_in() -> None:
    readings: dict[SensorName, Reading] = {
        name: one
        for name, one in checked(CONNECTED).evidence.readings.items()
        if name is not SensorName.CLIENT_LIBRARY
    }
    names = [one.name for one in check_steps(Evidence(TARGET, NOW, readings))]
    assert names == ["port", "handshake", "session"]


@pytest.mark.parametrize("outcome", sorted(KEPT_OUT))
@pytest.mark.parametrize("own", [True, False])
def test_a_library_that_is_kept_out_where_traymon_is_let_in_is_amber(
    outcome: Outcome, own: bool
) -> None:
    status = checked(replace(CONNECTED, outcome=outcome, max_version=157), own=own)
    step = step_of(status)
    assert (step.light, step.passed, step.skipped) == (Light.AMBER, False, False)
    for test in (None, "session", "library"):
        assert light_of_check(status, test) is Light.AMBER
    assert light_of_check(status, "handshake") is Light.GREEN
    assert words()["comparison"]["library-fails"] in told(step)
    assert not is_ready(status, "session")
    assert is_ready(status, "handshake")


@pytest.mark.parametrize("outcome", sorted(GREY_FOR_TRAYMONS_OWN))
def test_what_concerns_traymons_own_environment_is_not_checked_and_keeps_nobody_waiting(
    outcome: Outcome,
) -> None:
    status = checked(LibraryResult("", outcome))
    step = step_of(status)
    assert (step.light, step.skipped, step.blocks) == (Light.GREY, True, False)
    assert step.finding.startswith("not checked: ")
    for test in (None, "session"):
        assert light_of_check(status, test) is Light.GREEN
    assert is_ready(status, "session")


@pytest.mark.parametrize("outcome", sorted(GREY_FOR_TRAYMONS_OWN - {Outcome.NO_FREE_ID}))
def test_what_is_wrong_with_the_trading_programs_python_is_amber_with_its_cure(
    outcome: Outcome,
) -> None:
    status = checked(LibraryResult("ib_insync", outcome, "0.9.86"), own=False)
    step = step_of(status)
    assert (step.light, step.passed) == (Light.AMBER, False)
    assert light_of_check(status, "session") is light_of_check(status, None) is Light.AMBER
    assert f"Python 3.14.0: {PYTHON}" in told(step)
    assert len(step.details) >= 2, "there is a cure"
    assert words()["comparison"]["library-fails"] not in told(step)


def test_one_library_of_several_is_enough_and_the_others_are_told() -> None:
    broken = LibraryResult("ibapi", Outcome.IMPORT_FAILED, "9.81.1", "No module named 'six'")
    status = checked(CONNECTED, broken, own=False)
    step = step_of(status)
    assert (step.light, step.passed) == (Light.AMBER, True)
    assert step.finding == "ib_insync 0.9.86 connected"
    assert "ibapi 9.81.1 cannot be imported: No module named 'six'" in told(step)
    assert light_of_check(status, None) is Light.GREEN
    assert light_of_check(status, "library") is Light.AMBER


def test_an_event_loop_that_is_missing_is_told_with_the_two_lines_that_mend_it() -> None:
    needs_loop = replace(CONNECTED, outcome=Outcome.NEEDS_EVENT_LOOP)
    step = step_of(checked(needs_loop, own=False))
    assert (step.light, step.passed) == (Light.AMBER, True)
    assert "asyncio.set_event_loop(asyncio.new_event_loop())" in told(step)
    assert "Python 3.14.0 creates no event loop" in told(step)
    assert step_of(checked(needs_loop)).light is Light.GREEN, "traymon sets one itself"


@pytest.mark.parametrize("session", [Symptom.START_SILENT, Symptom.START_REJECTED, Symptom.HUNG])
def test_a_library_that_gets_in_where_traymon_does_not_is_shown_with_what_it_means(
    session: Symptom,
) -> None:
    status = checked(CONNECTED, session=session)
    step = step_of(status)
    assert library_words.compared("session-fails", "traymon check") in told(step)
    assert step in every_step(status.evidence)
    assert light_of_check(status, None) is Light.RED
    assert light_of_check(status, "library") is Light.RED, "it requires the session"


def test_the_steps_after_one_that_was_skipped_are_shown_and_do_not_require_it() -> None:
    status = checked(LibraryResult("", Outcome.NOT_INSTALLED), client_ids=(10,))
    steps = every_step(status.evidence)
    assert [one.name for one in steps][-2:] == ["library", "ids"]
    assert [one.name for one in steps if belongs(one, "session")] == ["session", "library"]
    assert light_of_check(status, None) is Light.GREEN


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_words_that_name_known_values(outcome: Outcome) -> None:
    assert set(words()[outcome]) == {"finding", "advice"}
    result = LibraryResult("ib_async", outcome, "2.1.0", "why", 178, 176)
    text = told(step_of(checked(result, own=False)))
    assert "{" not in text.replace("{}", "")
    assert set(words()) == {*Outcome, "comparison"}
