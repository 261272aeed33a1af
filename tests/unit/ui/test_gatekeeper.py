"""Which target a question is about, and the answer as JSON, in the words of docs/gate.md."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from traymon.core.calendar import Calendar
from traymon.core.gate import GateOptions, Why
from traymon.core.model import Evidence, Reading, Status, Suspicion
from traymon.core.target import Target
from traymon.core.time_windows import Schedule, Span
from traymon.core.vocabulary import CutKind, SensorName, Symptom
from traymon.diagnosis.catalogue import diagnose
from traymon.ui.gate_json import CUT_WORDS, WORDS
from traymon.ui.gatekeeper import Gatekeeper, GateQuestion

NOW = 1_795_000_000.0
BOT = Target("bot", port=7497, own_client_id=9100, client_ids=(10,), env_file="/home/a/bot/.env")
OTHER = replace(BOT, name="other", port=4002, env_file="/home/a/öther/.env")
ANY = GateOptions(margin=None)


def status(target: Target, handshake: Symptom = Symptom.OK) -> Status:
    evidence = Evidence(target, NOW)
    for sensor, symptom in ((SensorName.HANDSHAKE, handshake), (SensorName.SESSION, Symptom.OK)):
        evidence = evidence.with_reading(Reading(sensor, symptom, at=NOW - 1.5))
    return Status(target, diagnose(evidence), NOW, NOW, evidence, NOW)


def keeper(*statuses: Status, calendar: Calendar | None = None) -> Gatekeeper:
    return Gatekeeper(lambda: statuses, lambda target: calendar or Calendar(), lambda: NOW)


def test_an_answer_says_all_that_was_looked_at() -> None:
    calendar = Calendar(reset=Schedule(dated=(Span(NOW + 3600, NOW + 7200),)))
    question = GateQuestion(GateOptions(client_id=10))
    answer = keeper(status(BOT), calendar=calendar).answer(question)
    assert json.loads(json.dumps(answer)) == {
        "schema": 1,
        "open": True,
        "reasons": [],
        "next_change_at": NOW + 3000,
        "at": NOW,
        "target": {
            "name": "bot",
            "host": "127.0.0.1",
            "port": 7497,
            "env_file": "/home/a/bot/.env",
        },
        "light": "green",
        "diagnosis": "healthy",
        "account": "not-compared",
        "client_id": 10,
        "client_id_use": "unknown",
        "cut": {"kind": "reset-window", "begins_at": NOW + 3600, "ends_at": NOW + 7200},
        "handshake_age_s": 1.5,
        "session_age_s": 1.5,
    }


def test_a_fault_is_named_by_its_headline() -> None:
    answer = keeper(status(BOT, Symptom.REFUSED)).answer(GateQuestion(ANY))
    assert answer["open"] is False
    assert answer["diagnosis"] == "port-refused"
    fault = answer["reasons"][0]
    assert (fault["code"], fault["until"]) == ("fault", None)
    assert "7497" in fault["text"]


def test_what_was_seen_once_is_named_too() -> None:
    seen = status(BOT, Symptom.REFUSED).diagnosis
    suspected = replace(status(BOT), suspicion=Suspicion(seen, 1, 2))
    (reason,) = keeper(suspected).answer(GateQuestion(ANY))["reasons"]
    assert reason["code"] == "fault-suspected"
    assert reason["text"].startswith("seen once: 127.0.0.1 refuses")


@pytest.mark.parametrize(
    ("question", "name"),
    [
        (GateQuestion(ANY, port=4002), "other"),
        (GateQuestion(ANY, host="LOCALHOST", port=7497), "bot"),
        (GateQuestion(ANY, env_files=("/home/a/bot/.env", "/mnt/bot/.env")), "bot"),
        (GateQuestion(ANY, env_files=("/home/a/öther/.env",)), "other"),
    ],
)
def test_a_question_names_its_target(question: GateQuestion, name: str) -> None:
    assert keeper(status(BOT), status(OTHER)).answer(question)["target"]["name"] == name


@pytest.mark.parametrize(
    "question",
    [
        GateQuestion(ANY, port=7496),
        GateQuestion(ANY, host="10.0.0.1"),
        GateQuestion(ANY, env_files=("/home/a/.env",)),
        GateQuestion(ANY, env_files=("/home/a/bot/.env",), port=4002),
    ],
)
def test_what_is_not_watched_is_closed(question: GateQuestion) -> None:
    answer = keeper(status(BOT), status(OTHER)).answer(question)
    assert (answer["open"], answer["target"]) == (False, None)
    (reason,) = answer["reasons"]
    assert reason["code"] == "not-watched"
    assert reason["text"] == "the running traymon watches 127.0.0.1:7497, 127.0.0.1:4002"


def test_a_question_about_several_targets_is_closed() -> None:
    answer = keeper(status(BOT), status(OTHER)).answer(GateQuestion(ANY))
    assert [reason["code"] for reason in answer["reasons"]] == ["several-targets"]


def test_before_the_first_status_it_is_closed() -> None:
    answer = keeper().answer(GateQuestion(ANY))
    assert [reason["code"] for reason in answer["reasons"]] == ["starting"]


def test_every_reason_has_words() -> None:
    assert set(Why) - set(WORDS) == {Why.FAULT, Why.FAULT_SUSPECTED, Why.PLANNED_CUT}
    assert set(CUT_WORDS) == set(CutKind)
