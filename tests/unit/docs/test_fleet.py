"""docs/fleet: its files follow from the program, and name nothing that it does not export."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML

from support.repository import ROOT
from traymon.diagnosis.catalogue import CATALOGUE

FLEET = ROOT / "docs" / "fleet"
NAME = re.compile(r"\b(?:traymon|process)_\w+")
LATER_PARTS = re.compile(r"_(?:bucket|count|sum)$")  # of a histogram


def script(name: str) -> ModuleType:
    """Return a script of docs/fleet as a module."""
    spec = importlib.util.spec_from_file_location(f"fleet_{name}", FLEET / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text_of(name: str) -> str:
    return (FLEET / name).read_text(encoding="utf-8")


def documented() -> set[str]:
    """Return the names that docs/metrics.md lists."""
    document = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    return set(re.findall(r"^\| `(\w+)` \|", document, re.MULTILINE))


def test_the_alerts_follow_from_the_catalogue_and_the_fix_pages() -> None:
    assert script("rules").with_alerts(text_of("rules.yml")) == text_of("rules.yml"), (
        "run docs/fleet/rules.py"
    )


def rules() -> list[dict[str, Any]]:
    (group,) = YAML(typ="safe").load(text_of("rules.yml"))["groups"]
    return list(group["rules"])


def asked_by_the_dashboard(part: Any) -> Iterator[str]:
    """Yield every expression and query of the dashboard."""
    if isinstance(part, dict):
        yield from (part[key] for key in ("expr", "query") if isinstance(part.get(key), str))
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            yield from asked_by_the_dashboard(inner)


def test_every_diagnosis_that_notifies_has_its_alert() -> None:
    alerted = {rule["labels"]["code"] for rule in rules() if "code" in rule.get("labels", {})}
    notified = {entry.code for entry in CATALOGUE if entry.announce and not entry.expected}
    assert alerted == notified | {"stale"}


def test_every_alert_of_a_diagnosis_has_headline_advice_and_steps() -> None:
    for rule in rules():
        if "code" in rule.get("labels", {}):
            texts = rule["annotations"]
            assert texts["summary"].startswith("{{ $labels.target }}: ")
            assert len(texts["description"]) > 20
            assert len(texts["fix"]) > 20
            left = "".join(texts.values()).replace("{{ $labels.", "").replace("{?", "{!")
            assert "{!" not in left


@pytest.mark.parametrize(
    "expressions",
    [
        [rule["expr"] for rule in rules()],
        [*asked_by_the_dashboard(json.loads(text_of("grafana-dashboard.json")))],
    ],
    ids=["alerts", "dashboard"],
)
def test_alerts_and_dashboard_name_only_what_is_exported(expressions: list[str]) -> None:
    named = {LATER_PARTS.sub("", name) for text in expressions for name in NAME.findall(text)}
    assert len(named) > 4
    assert named <= documented()


def test_the_dashboard_has_one_title_and_place_for_each_panel() -> None:
    panels = json.loads(text_of("grafana-dashboard.json"))["panels"]
    assert len({panel["title"] for panel in panels}) == len(panels)
    taken = {
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    }
    assert len(taken) == sum(panel["gridPos"]["w"] * panel["gridPos"]["h"] for panel in panels)
    assert max(x for x, _ in taken) < 24


def test_the_calculation_in_the_readme_is_the_scripts() -> None:
    assert script("size").table(1_000) in text_of("README.md"), "run docs/fleet/size.py"


def test_the_compose_file_is_one_by_its_schema() -> None:
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*check, str(FLEET / "compose.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_file_is_named_in_the_readme() -> None:
    files = {path.name for path in FLEET.iterdir() if path.is_file()} - {"README.md"}
    assert {name for name in files if f"]({name})" not in text_of("README.md")} == set()
