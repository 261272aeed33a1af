"""Which command runs a module of traymon as a process, and how a built program becomes it."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

from support.repository import ROOT
from traymon import child_process


def test_a_built_program_starts_the_one_with_a_console(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "traymon-tray.exe"))
    program, *arguments = child_process.command("traymon.outbound.send")
    name = "traymon.exe" if sys.platform == "win32" else "traymon"
    assert Path(program) == tmp_path / name
    assert arguments == ["-m", "traymon.outbound.send"]


@pytest.mark.parametrize("module", child_process.MODULES)
def test_a_program_that_is_asked_to_be_a_module_runs_it_and_ends(
    monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    ran: list[str] = []
    monkeypatch.setattr(import_module(module), "main", lambda: ran.append(module))
    monkeypatch.setattr(sys, "argv", ["traymon", "-m", module])
    with pytest.raises(SystemExit) as end:
        child_process.run_if_asked()
    assert end.value.code == 0
    assert ran == [module]


@pytest.mark.parametrize("words", [[], ["-m"], ["-m", "antigravity"], ["check", "-m"]])
def test_nothing_else_is_run(monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["traymon", *words])
    child_process.run_if_asked()


def test_every_module_that_is_started_so_is_in_the_table() -> None:
    starting = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "traymon").rglob("*.py")
        if "child_process.command(" in path.read_text(encoding="utf-8")
    }
    assert len(starting) == len(child_process.MODULES)
    for path in starting:
        module = import_module(path.removesuffix(".py").replace("/", "."))
        assert module.MODULE in child_process.MODULES
