"""How a status is described to the history, and what is shown of it later."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from traymon.core.facts import Fact
from traymon.core.model import Diagnosis, Evidence, Reading, Status
from traymon.core.target import Program, Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.diagnosis.catalogue import ENTRIES
from traymon.storage.history.values import decode_facts, encode_evidence, encode_facts
from traymon.ui.past import describe

NOON = 1_790_000_000.0
TARGET = Target("bot", port=7497, account="DU1234567")


def status(code: str, *readings: Reading, **facts: object) -> Status:
    evidence = Evidence(TARGET, NOON)
    for reading in readings:
        evidence = evidence.with_reading(replace(reading, at=NOON))
    named = {getattr(Fact, name.upper()): value for name, value in facts.items()}
    diagnosis = Diagnosis(
        code, ENTRIES[code].light, named, frozenset(one.sensor for one in readings[:1])
    )
    return Status(TARGET, diagnosis, NOON, NOON, evidence, NOON)


def test_the_headline_is_the_one_that_was_shown() -> None:
    described = describe(status("port-refused", host="127.0.0.1", port=7497))
    assert described.headline == "127.0.0.1 refuses connections to port 7497"


def test_account_numbers_are_masked() -> None:
    silent = Reading(SensorName.HANDSHAKE, Symptom.SILENT, "said U7654321\x07")
    described = describe(
        status(
            "wrong-account", silent, account="DU1234567", accounts=("DU7654321",), detail="U1234567"
        )
    )
    kept = encode_facts(described.facts) + encode_evidence(described.evidence)
    assert "234567" not in kept.replace("***", "")
    assert described.evidence == {SensorName.HANDSHAKE: "silent: said U***321?"}
    assert described.facts[Fact.ACCOUNT] == "DU***567"


def test_only_what_was_wrong_or_decided_is_evidence() -> None:
    described = describe(
        status(
            "port-refused",
            Reading(SensorName.HANDSHAKE, Symptom.REFUSED, "errno 111"),
            Reading(SensorName.INTERNET, Symptom.OK),
            Reading(SensorName.LISTENER, Symptom.NOBODY_LISTENS),
            Reading(SensorName.SESSION, Symptom.UNKNOWN),
        )
    )
    assert described.evidence == {
        SensorName.HANDSHAKE: "refused: errno 111",
        SensorName.LISTENER: "nobody-listens",
    }


def test_of_a_good_time_only_which_tws_it_was_is_kept() -> None:
    described = describe(
        status("healthy", Reading(SensorName.HANDSHAKE, Symptom.OK, "12 ms"), port=1, took=0.012)
    )
    assert described.facts == {Fact.PORT: 1}
    assert described.evidence == {}


def test_commands_are_not_kept_and_programs_are_kept_in_words() -> None:
    program = Program("python.exe", 4711, "C:\\bot\\run_live.py")
    described = describe(
        status("client-id-clash", client_id=10, holder=(program,), traymon="C:\\traymon", port=1)
    )
    assert Fact.TRAYMON not in described.facts
    assert described.facts[Fact.HOLDER] == "run_live.py (pid 4711)"


@pytest.mark.parametrize("code", ENTRIES)
def test_what_was_kept_of_any_diagnosis_is_read_as_it_was(code: str) -> None:
    full = {
        "host": "127.0.0.1",
        "port": 7497,
        "detail": "raw",
        "took": 1.25,
        "window_ends": NOON + 60,
        "holder": (Program("a", 1),),
        "client_ids": (10, 11),
    }
    described = describe(status(code, **full))
    facts = decode_facts(encode_facts(described.facts))
    assert facts == described.facts
    assert json.loads(encode_facts(facts)) is not None
