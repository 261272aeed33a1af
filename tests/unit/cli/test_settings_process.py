"""Settings that another process reads are the same, mistakes and all."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from traymon import child_process
from traymon.cli import settings_process
from traymon.cli.common import read_settings
from traymon.cli.run import name_settings
from traymon.cli.settings_process import SettingsReader, SettingsRequest
from traymon.errors import ConfigError

SETTINGS = "IB_PORT=4001\nIB_CLIENT_ID=10-12\nTRAYMON_HOURS=Mon-Fri 09:30-16:00 America/New_York\n"


@pytest.fixture(autouse=True)
def no_settings_but_those_of_the_test(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / name))


def request(folder: Path, port: str | None = None, env: str | None = None) -> SettingsRequest:
    return SettingsRequest(envs=[env] if env else (), port=port, folder=str(folder))


def test_another_process_reads_the_same_settings(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(SETTINGS)
    here = name_settings(read_settings(request(tmp_path)), request(tmp_path))
    assert SettingsReader(request(tmp_path)).load() == here
    (other,) = SettingsReader(request(tmp_path, port="4002")).load().targets
    assert other.target.port == 4002


def test_every_mistake_comes_back(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("IB_PORT=x\nTRAYMON_QUICK=y\n")
    with pytest.raises(ConfigError) as error:
        SettingsReader(request(tmp_path)).load()
    assert [mistake.key for mistake in error.value.mistakes] == ["IB_PORT", "TRAYMON_QUICK"]
    with pytest.raises(ConfigError, match="there is no such file"):
        SettingsReader(request(tmp_path, env=str(tmp_path / "none"))).load()


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("-c", "raise SystemExit('No module named traymon')"), "No module named traymon"),
        (("-c", "raise SystemExit(7)"), "exit code 7"),
        (("-c", r"print('0.0.0\nwhatever')"), "traymon 0.0.0 is installed now"),
        (("-c", "import time; time.sleep(600)"), "timed out"),
    ],
)
def test_a_process_that_cannot_read_them_is_a_mistake_that_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], why: str
) -> None:
    monkeypatch.setattr(child_process, "command", lambda _: [sys.executable, *command])
    if why == "timed out":
        monkeypatch.setattr(settings_process, "TIMEOUT", 0.1)
    with pytest.raises(ConfigError, match=f"{why}.*restart traymon"):
        SettingsReader(request(tmp_path)).load()


def test_a_python_that_is_gone_is_a_mistake_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(ConfigError, match="restart traymon"):
        SettingsReader(request(tmp_path)).load()
