"""The command that runs a part of traymon in a process of its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from traymon.own_process import own_process


def test_python_runs_the_module_and_takes_nothing_from_the_current_folder() -> None:
    assert own_process("traymon.x") == [sys.executable, "-P", "-m", "traymon.x"]


def test_a_built_program_starts_the_one_with_a_console(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "traymon-tray.exe"))
    program, *arguments = own_process("traymon.x")
    name = "traymon.exe" if sys.platform == "win32" else "traymon"
    assert Path(program) == tmp_path / name
    assert arguments == ["-m", "traymon.x"]
