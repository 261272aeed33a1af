"""The fast path of `traymon gate` reads a command line as the whole command does, or leaves it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from traymon.cli import quick_gate
from traymon.cli.commands import app
from traymon.gate import DEFAULT_MARGIN, Gate

COMMAND = typer.main.get_command(app).commands["gate"]  # type: ignore[attr-defined]
USUAL = [
    "",
    "--json",
    "--market --json",
    "--client-id 10",
    "--client-id=10 --port=4002",
    "--margin 0",
    "--margin 2.5 --host localhost --port 7497",
    "--client-id 1 --client-id 2",
    "--env .env",
    "--env=.env --market",
    "--target live --json",
    "--target=live",
]
LEFT = [
    *("--help", "-h", "--wait", "--timeout 5", "--client-id", "--client-id x", "--client-id=-1"),
    *("--client-id -1", "--port 0", "--port 65536", "--margin -1", "--margin nan", "--margin 1e9"),
    *(
        "--market=1",
        "--json=yes",
        "--mar",
        "extra",
        "--env missing",
        "--",
        "-- --json",
        "--host=",
        "--host --json",
        "--target=",
        "--target --json",
    ),
]


def as_the_command_reads(words: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = COMMAND.make_context("gate", [*words]).params
    return found


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").touch()


@pytest.mark.parametrize("line", USUAL)
def test_it_reads_the_usual_lines_as_the_command_does(line: str) -> None:
    read = quick_gate.parse(line.split())
    assert read is not None
    found = as_the_command_reads(line.split())
    assert (found.pop("wait"), found.pop("timeout")) == (False, None)
    found["env"] = found["env"] and os.fspath(found["env"])
    found["margin_minutes"] = found.pop("margin")
    rest = {"client_id": None, "market": False, "env": None, "host": None, "port": None}
    rest["target"] = None
    assert {**rest, "margin_minutes": DEFAULT_MARGIN, "as_json": False, **read} == found


@pytest.mark.parametrize("line", LEFT)
def test_it_leaves_what_needs_the_whole_command(
    line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert quick_gate.run(line.split()) is None


def answer(**more: Any) -> Gate:
    target = {"name": "bot", "host": "127.0.0.1", "port": 7497, "env_file": ""}
    plain = {"schema": 1, "open": True, "reasons": [], "next_change_at": None, "target": target}
    return Gate({**plain, **more})


def test_an_open_gate_is_a_line() -> None:
    assert quick_gate.as_text(answer(), False) == "Open: bot, 127.0.0.1:7497"


def test_a_closed_gate_names_every_reason_and_when_it_opens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1_795_000_000.0
    monkeypatch.setattr("time.time", lambda: now)
    monkeypatch.setattr("time.localtime", __import__("time").gmtime)
    reasons = [
        {"code": "market-closed", "text": "the market is closed", "until": now + 86_400},
        {"code": "paused", "text": "traymon is paused", "until": None},
    ]
    closed = answer(open=False, reasons=reasons, next_change_at=now + 3600)
    assert quick_gate.as_text(closed, False).splitlines() == [
        "Closed: bot, 127.0.0.1:7497",
        "  the market is closed, until Thu 11:06 (market-closed)",
        "  traymon is paused (paused)",
        "Opens at 12:06, as planned",
    ]
    assert quick_gate.as_text(answer(open=False, reasons=reasons[1:], target=None), False) == (
        "Closed\n  traymon is paused (paused)"
    )


class Broken:
    encoding = "ascii"

    def __init__(self, error: OSError) -> None:
        self._error = error

    def write(self, text: str) -> int:
        raise self._error

    def flush(self) -> None:
        raise self._error


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "No space left")])
def test_the_exit_code_is_the_answer_whatever_becomes_of_the_output(
    error: OSError, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quick_gate, "gate", lambda **_: answer())
    monkeypatch.setattr(sys, "stdout", Broken(error))
    assert quick_gate.run(["--json"]) == 0
    monkeypatch.setattr(sys, "stdout", None)
    assert quick_gate.run([]) == 0
