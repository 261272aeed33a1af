"""Which Pythons' client libraries are let in."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from traymon.sensors.interpreters import ENVIRONMENTS, IN_ENVIRONMENT, find_interpreters
from traymon.sensors.library_process import Interpreter

OWN = Interpreter(sys.executable, own=True)


def environment(folder: Path) -> Path:
    """Make what looks like a virtual environment; return its interpreter."""
    python = folder / IN_ENVIRONMENT
    python.parent.mkdir(parents=True)
    python.write_text("")
    python.chmod(0o755)
    return python


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_environment_beside_the_settings_comes_before_traymons_own(
    name: str, tmp_path: Path
) -> None:
    python = environment(tmp_path / name)
    found = find_interpreters(str(tmp_path / ".env"), None)
    assert found == (Interpreter(str(python), guessed=True), OWN)


def test_without_settings_or_an_environment_beside_them_it_is_traymons_own(tmp_path: Path) -> None:
    environment(tmp_path / ".venv" / "deeper")
    assert find_interpreters("", None) == (OWN,)
    assert find_interpreters(str(tmp_path / ".env"), None) == (OWN,)


@pytest.mark.parametrize("named", [".", IN_ENVIRONMENT], ids=["its folder", "its path"])
def test_one_that_is_named_is_the_only_one(named: str, tmp_path: Path) -> None:
    environment(tmp_path / ".venv")
    python = environment(tmp_path / "other")
    found = find_interpreters(str(tmp_path / ".env"), str(tmp_path / "other" / named))
    assert found == (Interpreter(str(python)),)


def test_one_can_be_named_as_the_shell_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = environment(tmp_path / "other")
    monkeypatch.setenv("PATH", str(python.parent))
    assert find_interpreters("", python.name) == (Interpreter(str(python)),)


@pytest.mark.parametrize("named", ["", "nowhere", "no/where"])
def test_one_that_is_not_there_is_refused(
    named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError):
        find_interpreters("", named)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows' permissions are inherited")
@pytest.mark.parametrize("folder", [".", ".venv", ".venv/bin"])
def test_an_environment_that_others_can_write_to_is_not_run(folder: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    environment(project / ".venv")
    os.chmod(project / folder, 0o777)
    assert find_interpreters(str(project / ".env"), None) == (OWN,)


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0, reason="takes root to give a folder away"
)
def test_an_environment_of_another_user_is_not_run(tmp_path: Path) -> None:
    python = environment(tmp_path / ".venv")
    shutil.chown(python.parent.parent, 65534, 65534)
    assert find_interpreters(str(tmp_path / ".env"), None) == (OWN,)
