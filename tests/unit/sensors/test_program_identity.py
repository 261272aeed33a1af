"""Which programs are the user's own: by where they lie and by what they run."""

from __future__ import annotations

from pathlib import Path

import pytest

from traymon.core.target import Target
from traymon.sensors.program_identity import is_traymon, project_folder, script_of


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("run.py", "live/loop.py", "live/__main__.py", "bot.jar", "start.sh"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path.resolve()


@pytest.mark.parametrize(
    ("line", "script"),
    [
        (["python", "run.py"], "run.py"),
        (["/usr/bin/python3.11", "-u", "-W", "ignore", "run.py", "--live"], "run.py"),
        (["pythonw.exe", "live/loop.py"], "live/loop.py"),
        (["python3", "-m", "live.loop"], "live/loop.py"),
        (["python3", "-m", "live"], "live/__main__.py"),
        (["python3", "-m", "json.tool", "run.py"], ""),
        (["python3", "-c", "print(1)", "run.py"], ""),
        (["python3"], ""),
        (["java", "-Xmx1g", "-jar", "bot.jar"], "bot.jar"),
        (["bash", "start.sh"], "start.sh"),
        (["vim", "run.py"], ""),
        (["tail", "-f", "run.py"], ""),
        ([], ""),
    ],
)
def test_the_script_is_the_file_that_an_interpreter_runs(
    line: list[str], script: str, project: Path
) -> None:
    assert script_of(line, str(project)) == (str(project / script) if script else "")


def test_a_script_is_known_by_its_real_path(project: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.py"
    link.symlink_to(project / "run.py")
    assert script_of(["python3", str(link)], "/") == str(project / "run.py")


def test_the_projects_folder_is_that_of_its_env_file(project: Path) -> None:
    assert project_folder(Target("bot", env_file=str(project / ".env"))) == project
    assert project_folder(Target("bot")) is None


def test_a_home_folder_is_no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home" / "trader"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    assert project_folder(Target("bot", env_file=str(home / ".env"))) is None
    assert project_folder(Target("bot", env_file=str(home.parent / ".env"))) is None
    assert project_folder(Target("bot", env_file=str(home / "bot" / ".env"))) is not None


@pytest.mark.parametrize(
    ("name", "line", "script", "is_one"),
    [
        ("traymon", ["/venv/bin/traymon"], "", True),
        ("traymon-tray.exe", ["traymon-tray.exe"], "", True),
        ("python3", ["python3", "/venv/bin/traymon", "run"], "/venv/bin/traymon", True),
        ("python3", ["python3", "-m", "traymon", "wait"], "", True),
        ("python3", ["python3", "traymon_bot.py"], "/p/traymon_bot.py", False),
        ("python3", ["python3", "run.py", "traymon"], "/p/run.py", False),
    ],
)
def test_another_traymon_is_no_trading_program(
    name: str, line: list[str], script: str, is_one: bool
) -> None:
    assert is_traymon(name, line, script) is is_one
