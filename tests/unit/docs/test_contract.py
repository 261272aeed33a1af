"""docs/contract.md promises what there is, and everything that it promises is still there."""

from __future__ import annotations

import re

import pytest
import typer.main
from platformdirs import macos, unix, windows

from support.repository import ROOT
from traymon import gate
from traymon.cli.commands import app
from traymon.cli.common import EXIT_OF_LIGHT, EXIT_USAGE
from traymon.cli.main import EXIT_INTERRUPTED
from traymon.cli.push import EXIT_NOT_DELIVERED
from traymon.cli.quick_gate import EXIT_CLOSED, EXIT_OPEN
from traymon.config.schema import FIELDS
from traymon.core import events
from traymon.core.vocabulary import Light
from traymon.diagnosis.stages import STAGES
from traymon.outbound import message
from traymon.ui import coming_up, drill_text, gate_json, history_export, status_json

PAGE = (ROOT / "docs" / "contract.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """Return the cells of a section's table, without its head."""
    lines = re.findall(r"^\| (.*) \|$", section(title), re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines[1:]]


def quoted(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def test_every_code_is_promised_where_it_shows() -> None:
    promised = {stage: tuple(quoted(codes)) for stage, codes in rows("Codes of diagnoses")}
    assert promised == dict(STAGES)


def test_the_exit_codes_are_those_of_the_commands() -> None:
    said = {cells[0]: cells[1:] for cells in rows("Exit codes")}
    lights = {light.word: code for light, code in EXIT_OF_LIGHT.items()}
    for code, words in enumerate(said["`check`, `status`"][:3]):
        assert {word for word, number in lights.items() if number == code} == set(
            words.split(" or ")
        )
    assert set(lights) == {light.word for light in Light}
    assert (said["`gate`"][EXIT_OPEN], said["`gate`"][EXIT_CLOSED]) == ("open", "closed")
    assert said["`push test`"][EXIT_NOT_DELIVERED] == "not delivered"
    assert "cannot be used" in said["every other command"][EXIT_USAGE]
    assert f"Ctrl-C gives {EXIT_INTERRUPTED}." in section("Exit codes")


def test_every_command_that_it_names_exists() -> None:
    known = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    named = [
        name
        for title in ("Exit codes", "JSON")
        for cells in rows(title)
        for name in quoted(cells[0])
    ]
    assert named
    assert {name.split()[0] for name in named} <= set(known)


def test_the_schemas_are_those_of_the_documents() -> None:
    promised = {document: int(number) for document, number, _ in rows("JSON")}
    assert gate.SCHEMA == gate_json.SCHEMA
    assert promised == {
        "`check --json`, `status --json`": status_json.SCHEMA,
        "`gate --json`": gate.SCHEMA,
        "`history --json`": history_export.SCHEMA,
        "`events --json`, hooks": events.SCHEMA,
        "`calendar --json`": coming_up.SCHEMA,
        "`drill status --json`": drill_text.SCHEMA,
        "webhook": message.SCHEMA,
    }


def test_every_setting_is_promised() -> None:
    keys = section("Settings").partition("\n\n")[2]
    assert re.findall(r"`((?:IB|TRAYMON)_\w+)`", keys) == list(FIELDS)


@pytest.mark.parametrize(
    ("column", "system"),
    [(1, unix.Unix("traymon")), (2, macos.MacOS("traymon")), (3, windows.Windows("traymon"))],
    ids=["Linux", "macOS", "Windows"],
)
def test_the_files_lie_where_it_says(
    column: int, system: unix.Unix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(windows, "get_win_folder", lambda folder: "%LOCALAPPDATA%")
    places = [system.user_config_dir, system.user_state_dir, system.user_log_dir]
    told = [quoted(cells[column])[0] for cells in rows("Places of files")]
    assert told == [place.replace("/home/me", "~").replace("\\", "/") for place in places]
