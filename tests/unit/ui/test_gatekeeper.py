"""Which target a question is about, and the answer as JSON, in the words of docs/gate.md."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

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
LIVE = replace(BOT, name="live", one_of_many=True)
PAPER = replace(OTHER, name="paper", one_of_many=True)
ANY = GateOptions(margin=None)


def status(target: Target, handshake: Symptom = Symptom.OK) -> Status:
    evidence = Evidence(target, NOW)
    for sensor, symptom in ((SensorName.HANDSHAKE, handshake), (SensorName.SESSION, Symptom.OK)):
        evidence = evidence.with_reading(Reading(sensor, symptom, at=NOW - 1.5))
    return Status(target, diagnose(evidence), NOW, NOW, evidence, NOW)


def keeper(*statuses: Status, calendar: Calendar | None = None) -> Gatekeeper:
    targets = [status.target for status in statuses]
    return Gatekeeper(
        lambda: targets, lambda: statuses, lambda target: calendar or Calendar(), lambda: NOW
    )


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
        (GateQuestion(ANY, target="bot"), "bot"),
        (GateQuestion(ANY, target="OTHER"), "other"),
        (GateQuestion(ANY, target="other", port=4002), "other"),
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
        GateQuestion(ANY, target="bo"),
        GateQuestion(ANY, target=""),
        GateQuestion(ANY, target="bot", port=4002),
    ],
)
def test_what_is_not_watched_is_closed(question: GateQuestion) -> None:
    answer = keeper(status(BOT), status(OTHER)).answer(question)
    assert (answer["open"], answer["target"]) == (False, None)
    (reason,) = answer["reasons"]
    assert reason["code"] == "not-watched"
    assert reason["text"] == "the running traymon watches 127.0.0.1:7497, 127.0.0.1:4002"


def codes(answer: dict[str, Any]) -> list[str]:
    assert not answer["open"]
    return [reason["code"] for reason in answer["reasons"]]


@pytest.mark.parametrize(
    ("question", "fit"),
    [
        (GateQuestion(ANY), (LIVE, PAPER)),
        (GateQuestion(ANY, host="127.0.0.1"), (LIVE, PAPER)),
        (GateQuestion(ANY, port=7497), (LIVE, replace(LIVE, name="the same again"))),
    ],
)
def test_a_question_that_fits_several_targets_is_closed_and_answered_with_their_names(
    question: GateQuestion, fit: tuple[Target, ...]
) -> None:
    answer = keeper(*map(status, fit)).answer(question)
    assert codes(answer) == ["several-targets"]
    names = ", ".join(f"{target.name} ({target.address})" for target in fit)
    assert answer["reasons"][0]["text"].endswith(f"name one of: {names}")


def test_the_one_that_is_left_of_several_is_not_taken_to_be_meant() -> None:
    left = keeper(status(PAPER))
    assert codes(left.answer(GateQuestion(ANY))) == ["several-targets"]
    assert left.answer(GateQuestion(ANY, port=PAPER.port))["open"]


def test_a_target_that_has_no_status_yet_may_be_the_one_that_is_meant() -> None:
    shown = [status(PAPER)]
    gatekeeper = Gatekeeper(lambda: [LIVE, PAPER], lambda: shown, lambda _: Calendar(), lambda: NOW)
    assert codes(gatekeeper.answer(GateQuestion(ANY, host="localhost"))) == ["several-targets"]
    assert codes(gatekeeper.answer(GateQuestion(ANY, target="live"))) == ["starting"]
    assert gatekeeper.answer(GateQuestion(ANY, target="paper"))["open"]


def test_a_port_that_was_found_is_that_of_the_status() -> None:
    found = status(replace(BOT, discovered=True, port=4001))
    settings = replace(BOT, discovered=True)
    gatekeeper = Gatekeeper(lambda: [settings], lambda: [found], lambda _: Calendar(), lambda: NOW)
    assert gatekeeper.answer(GateQuestion(ANY, port=4001))["open"]
    assert codes(gatekeeper.answer(GateQuestion(ANY, port=settings.port))) == ["not-watched"]


def test_before_the_first_status_it_is_closed() -> None:
    answer = keeper().answer(GateQuestion(ANY))
    assert [reason["code"] for reason in answer["reasons"]] == ["starting"]


def test_every_reason_has_words() -> None:
    assert set(Why) - set(WORDS) == {Why.FAULT, Why.FAULT_SUSPECTED, Why.PLANNED_CUT}
    assert set(CUT_WORDS) == set(CutKind)
