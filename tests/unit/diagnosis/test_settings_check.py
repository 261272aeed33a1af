"""The step "TWS settings": a tick or a cross for each, and what it means for the other checks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from traymon.core import time_windows
from traymon.core.facts import Fact
from traymon.core.model import Evidence, Reading, Status
from traymon.core.target import Target
from traymon.core.tws_settings import TwsSettings
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.diagnosis.catalogue import diagnose
from traymon.diagnosis.checks import check_steps, every_step, light_of_check, steps_up_to
from traymon.diagnosis.settings_check import settings_step
from traymon.diagnosis.settings_words import words
from traymon.monitoring.one_shot import is_ready
from traymon.ui.chips import chips
from traymon.ui.status_json import as_json

NOW = 1_000.0
WELL = TwsSettings(
    read_only=False,
    socket_port=7497,
    localhost_only=True,
    trusted_ips=1,
    trusts_this_computer=True,
    master_client_id=None,
    exit_at="23:45",
    restarts=True,
    zone="Europe/Berlin",
)
TARGET = Target("bot", own_client_id=9_100, client_ids=(10, 11), tws_settings=True)


def looked_at(
    settings: TwsSettings | None, *more: Reading, handshake: Symptom = Symptom.OK, **target: Any
) -> Status:
    """A status with these settings; without any, TWS did not give them."""
    facts: dict[Any, Any] = {}
    if settings is not None:
        facts[Fact.TWS_SETTINGS] = settings
        if settings.master_client_id:
            facts[Fact.MASTER_CLIENT_ID] = settings.master_client_id
    symptom = Symptom.UNKNOWN if settings is None else Symptom.OK
    evidence = Evidence(replace(TARGET, **target), NOW)
    for reading in (
        Reading(SensorName.HANDSHAKE, handshake),
        Reading(SensorName.SESSION, Symptom.OK, facts={Fact.ACCOUNTS: ("DU123456",)}),
        Reading(SensorName.TWS_SETTINGS, symptom, "not known: no answer", facts),
        *more,
    ):
        evidence = evidence.with_reading(replace(reading, at=NOW))
    return Status(evidence.target, diagnose(evidence), NOW, NOW, evidence, NOW)


def rows(status: Status) -> dict[str, tuple[Light, str]]:
    """Return each row by its label, with its light and the rest of its words."""
    step = settings_step(status.evidence)
    assert step is not None
    parts = ((row.light, *row.finding.partition(":")) for row in step.details)
    return {label: (light, text.strip()) for light, label, _, text in parts}


def test_settings_that_suit_a_program_have_a_tick_each() -> None:
    status = looked_at(WELL)
    found = rows(status)
    assert {light for light, _ in found.values()} == {Light.GREEN}
    assert list(found)[:6] == [
        "Read-Only API",
        "Socket port",
        "Allow connections from localhost only",
        "Trusted IPs",
        "Master API client ID",
        "Auto restart",
    ]
    assert light_of_check(status, "settings") is Light.GREEN
    assert status.diagnosis.code == "healthy"
    chip = chips(check_steps(status.evidence))[-1]
    assert (chip.label, chip.state) == ("TWS settings", "passed")


def test_the_restart_is_offered_as_a_line_for_the_settings_file() -> None:
    step = settings_step(looked_at(WELL).evidence)
    assert step is not None
    key, _, window = step.details[-1].finding.partition("=")
    assert (key, window) == ("TRAYMON_MAINTENANCE", "23:45+10m Europe/Berlin")
    time_windows.parse(window)
    light, text = rows(looked_at(replace(WELL, zone="")))["Auto restart"]
    assert light is Light.GREEN
    assert "TRAYMON_MAINTENANCE=23:45+10m and that zone" in text
    light, text = rows(looked_at(replace(WELL, restarts=False)))["Auto log off"]
    assert light is Light.GREY
    assert "TRAYMON_MAINTENANCE" not in text


@pytest.mark.parametrize(
    ("changed", "label", "code"),
    [
        ({"read_only": True}, "Read-Only API", "read-only-api"),
        ({"master_client_id": 11}, "Master API client ID", "master-client-id"),
        ({"master_client_id": 9_100}, "Master API client ID", "healthy"),
        ({"trusts_this_computer": False}, "Trusted IPs", "healthy"),
        ({"trusts_this_computer": False, "trusted_ips": 0}, "Trusted IPs", "healthy"),
    ],
)
def test_what_makes_a_program_fail_is_amber_and_never_red(
    changed: dict[str, Any], label: str, code: str
) -> None:
    status = looked_at(replace(WELL, **changed))
    wrong = {name for name, (light, _) in rows(status).items() if light is not Light.GREEN}
    assert wrong == {label}
    assert light_of_check(status, "settings") is Light.AMBER
    assert status.diagnosis.code == code
    assert status.diagnosis.light <= Light.AMBER
    assert is_ready(status, "session"), "no program waits for it"


def test_a_master_id_that_nobody_uses_and_an_empty_field_are_no_fault() -> None:
    for master in (None, 0, -1, 77):
        status = looked_at(replace(WELL, master_client_id=master), client_ids=(0, 10))
        assert rows(status)["Master API client ID"][0] is Light.GREEN
        assert status.diagnosis.code == "healthy"


def test_another_port_is_a_fault_only_where_tws_itself_owns_the_one_that_is_used() -> None:
    other = replace(WELL, socket_port=4001)
    light, text = rows(looked_at(other))["Socket port"]
    assert (light, "forwards" in text) == (Light.GREEN, True)
    owner = Reading(SensorName.LISTENER, Symptom.OK, facts={Fact.APP: "IB Gateway"})
    light, text = rows(looked_at(other, owner))["Socket port"]
    assert (light, "4001" in text, "7497" in text) == (Light.AMBER, True, True)


def test_what_tws_does_not_give_is_not_known_and_no_fault() -> None:
    status = looked_at(TwsSettings())
    assert {light for light, _ in rows(status).values()} == {Light.GREY, Light.GREEN}
    for label, (light, text) in rows(status).items():
        if light is Light.GREEN:
            assert label == "Master API client ID"
        else:
            assert text == "not known"


def test_a_tws_that_does_not_tell_is_never_at_fault_and_keeps_no_program_waiting() -> None:
    status = looked_at(None)
    step = settings_step(status.evidence)
    assert step is not None
    assert (step.light, step.skipped, step.finding) == (Light.GREY, True, "not known: no answer")
    assert status.diagnosis.code == "healthy"
    assert light_of_check(status, None) is Light.GREEN
    assert light_of_check(status, "settings") is Light.GREY
    assert is_ready(status, "session")


def test_who_looks_once_by_hand_keeps_a_light_that_says_whether_programs_are_served() -> None:
    wrong = replace(WELL, read_only=True, master_client_id=10)
    status = looked_at(wrong, tws_settings=False)
    assert status.diagnosis.code == "healthy"
    assert light_of_check(status, "settings") is Light.AMBER


def test_settings_of_a_tws_that_is_not_served_name_no_cause() -> None:
    status = looked_at(replace(WELL, read_only=True), handshake=Symptom.REFUSED)
    assert status.diagnosis.code == "port-refused"


def test_where_tws_was_not_asked_there_is_no_such_step() -> None:
    served = Reading(SensorName.HANDSHAKE, Symptom.OK, at=NOW)
    evidence = Evidence(TARGET, NOW).with_reading(served)
    assert settings_step(evidence) is None
    (*_, last) = every_step(evidence)
    assert (last.name, last.light, last.finding) == ("settings", Light.GREY, "not reached")
    evidence = replace(evidence, target=replace(TARGET, tws_settings=False))
    assert "settings" not in {step.name for step in every_step(evidence)}
    assert every_step(looked_at(WELL).evidence)[-1].name == "settings"


@pytest.mark.parametrize("name", ["settings", "library", "ids"])
def test_a_check_that_is_not_reached_has_the_light_of_what_it_requires(name: str) -> None:
    evidence = Evidence(replace(TARGET, client_ids=()), NOW)
    refused = Reading(SensorName.HANDSHAKE, Symptom.REFUSED, at=NOW)
    evidence = evidence.with_reading(refused)
    status = Status(evidence.target, diagnose(evidence), NOW, NOW, evidence, NOW)
    assert light_of_check(status, name) is Light.RED
    assert name not in {step.name for step in steps_up_to(check_steps(evidence), name)}


@pytest.mark.parametrize("name", ["settings", "library"])
def test_a_check_that_nobody_made_is_grey_and_no_pass(name: str) -> None:
    evidence = looked_at(WELL).evidence
    readings = {key: one for key, one in evidence.readings.items() if key != "tws_settings"}
    evidence = replace(evidence, readings=readings)
    status = Status(evidence.target, diagnose(evidence), NOW, NOW, evidence, NOW)
    assert light_of_check(status, name) is Light.GREY
    assert as_json(status, name)["passed"] is False


def test_every_word_of_the_asset_is_used_with_the_values_that_it_names() -> None:
    values = {"port": 1, "tws_port": 2, "count": 1_000, "id": 4, "at": "5", "zone": "6"}
    for texts in words().values():
        for text in texts.values():
            assert "{" not in text.format(**values)
            assert len(text.format(**values)) <= 250
