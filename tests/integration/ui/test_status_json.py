"""docs/check-json.md and what `traymon check --json` prints, held together.

The targets are simulated Gateways; how the command behaves as a process is test_cli.py's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from support.repository import ROOT
from traymon.core.facts import FACTS
from traymon.core.model import Reading, Status
from traymon.core.target import Limits, Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.diagnosis.catalogue import ENTRIES
from traymon.monitoring.one_shot import run_once as check
from traymon.sensors import POLLING_SENSORS
from traymon.sim.gateway import Behaviour, Hello, running
from traymon.ui.status_json import SCHEMA, as_json

DOCUMENT = ROOT / "docs" / "check-json.md"
TYPES: dict[str, set[type]] = {
    "integer": {int},
    "string": {str},
    "boolean": {bool},
    "number": {float},
    "number or null": {float, type(None)},
    "array": {list},
    "array or null": {list, type(None)},
    "object": {dict},
}


def documented() -> dict[str, str]:
    """Return field -> type of every row of the document's tables."""
    rows = re.findall(
        r"^\| `([^`]+)` \| (\w+(?: or null)?) \|", DOCUMENT.read_text(encoding="utf-8"), re.M
    )
    assert len(rows) == len(dict(rows))
    return dict(rows)


def flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (field as the document writes it, value); the facts' names are not fields."""
    if name:
        yield name, value
    if isinstance(value, dict) and name != "readings[].facts":
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for inner in value:
            yield from (pair for pair in flat(inner, f"{name}[]") if pair[0] != f"{name}[]")


def look(behaviour: Behaviour, **target: Any) -> Status:
    limits = Limits(timeout=0.3 if behaviour.hello is Hello.SILENT else 30.0)
    with running(behaviour) as gateway:
        return check(Target("bot", port=gateway.port, limits=limits, **target))


def printed(status: Status, test: str = "") -> dict[str, Any]:
    result: dict[str, Any] = json.loads(json.dumps(as_json(status, test or None)))
    return result


@pytest.mark.parametrize("hello", [Hello.ANSWER, Hello.SILENT, Hello.HTTP], ids=lambda h: h.name)
def test_every_field_printed_is_documented_with_its_type_and_every_documented_one_printed(
    hello: Hello,
) -> None:
    status = look(Behaviour(hello=hello), env_file="/bot/.env", account="DU123456")
    fields = documented()
    alone = list(flat(printed(status, "handshake")))
    assert {name for name, _ in alone} == fields.keys()
    for name, value in alone:
        assert type(value) in TYPES[fields[name]], name
    whole = {name for name, _ in flat(printed(status))}
    assert fields.keys() - whole == {"test", "passed"}
    assert "DU123456" not in json.dumps(printed(status))


def test_the_example_in_the_document_is_one() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    example = json.loads(text.partition("```json")[2].partition("```")[0])
    fields = documented()
    assert {name for name, _ in flat(example)} == fields.keys() - {"test", "passed"}
    assert all(type(value) in TYPES[fields[name]] for name, value in flat(example))
    assert example["schema"] == SCHEMA
    assert example["code"] in ENTRIES
    for reading in example["readings"]:
        assert reading["symptom"] in set(Symptom)
        assert reading["facts"].keys() <= FACTS.keys()


def test_the_document_names_the_schema_and_every_sensor() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert f"| `schema` | integer | {SCHEMA} |" in text
    assert all(f"`{name}`" in text for name in POLLING_SENSORS)


def test_passed_is_that_of_the_one_test_and_light_and_code_those_of_the_whole_look() -> None:
    status = look(Behaviour(hello=Hello.SILENT))
    port, handshake = printed(status, "port"), printed(status, "handshake")
    assert (port["passed"], handshake["passed"]) == (True, False)
    assert port["code"] == handshake["code"] == "handshake-silent"
    assert port["light"] == "red"


def test_the_evidence_in_the_output_is_one_clean_line_whatever_came_over_the_wire() -> None:
    status = look(Behaviour())
    hostile = Reading(SensorName.HANDSHAKE, Symptom.OK, "a\nb\x1b[31m\u202e" + "x" * 100_000)
    evidence = status.evidence.with_reading(hostile)
    readings = printed(replace(status, evidence=evidence))["readings"]
    (reading,) = (r for r in readings if r["sensor"] == "handshake")
    assert reading["detail"].startswith("a b?[31m?xxx")
    assert len(reading["detail"]) <= 300


@pytest.mark.parametrize("name", ["B\udcf6rse", "\ud800"], ids=["Latin-1", "half a character"])
def test_a_file_name_that_is_no_unicode_is_text_that_can_be_sent(name: str) -> None:
    status = look(Behaviour(hello=Hello.SILENT), env_file=f"/home/{name}/.env")
    named = replace(status, target=replace(status.target, name=name))
    text = json.dumps(as_json(named), ensure_ascii=False).encode("utf-8").decode("utf-8")
    assert json.loads(text)["target"]["name"] == ascii(name)[1:-1]
    assert json.loads(text)["target"]["env_file"] == f"/home/{ascii(name)[1:-1]}/.env"
