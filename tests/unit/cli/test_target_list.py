"""A target that is added to the list, and what becomes of the list if that is impossible."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from traymon.cli import target_list
from traymon.cli.common import read_settings
from traymon.cli.settings_process import SettingsRequest
from traymon.cli.target_list import add_target, entry_of
from traymon.config import loader
from traymon.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A trading project, and a user without other settings."""
    for module in (loader, target_list):
        monkeypatch.setattr(module, "user_config_path", lambda _: tmp_path / "of-the-user")
    monkeypatch.setenv("TRAYMON_SESSION", "off")
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / ".env").write_text("IB_PORT=4001\nTRAYMON_TIMEOUT=4\n")
    return tmp_path


def request(folder: Path, **options: Any) -> SettingsRequest:
    return SettingsRequest(folder=str(folder / "bot"), **options)


def entries(path: Path) -> Any:
    return tomllib.loads(path.read_text(encoding="utf-8"))["target"]


def test_a_first_list_has_what_was_watched_and_what_is_added(folder: Path) -> None:
    old = request(folder, timeout="3")
    new = add_target(old, {"port": "4002"})
    path = folder / "of-the-user" / "targets.toml"
    assert new == SettingsRequest(targets=str(path), timeout="3", folder=old.folder)
    env = str(folder / "bot" / ".env")
    assert entries(path) == [{"name": "bot", "env": env}, {"port": 4002}]
    assert [one.target.port for one in read_settings(new).targets] == [4001, 4002]


def test_a_list_grows_at_its_end_through_a_link_and_keeps_what_is_written(folder: Path) -> None:
    real = folder / "dotfiles.toml"
    real.write_text("# mine\n[[target]]\nport = 4001 # live\n")
    link = folder / "bot" / "targets.toml"
    link.symlink_to(real)
    add_target(request(folder), {"env": str(folder / "bot" / ".env"), "port": "4002"})
    assert link.is_symlink()
    assert real.read_text().startswith("# mine\n[[target]]\nport = 4001 # live\n\n[[target]]\n")
    assert len(entries(real)) == 2


@pytest.mark.parametrize("listed", [False, True])
def test_what_cannot_be_watched_is_not_added(folder: Path, listed: bool) -> None:
    path = folder / "of-the-user" / "targets.toml"
    if listed:
        path.parent.mkdir()
        path.write_text("[[target]]\nport = 4001\n")
        (folder / "bot" / ".env").unlink()
    with pytest.raises(ConfigError, match="port=0: must be a whole number"):
        add_target(request(folder), {"port": "0"})
    assert path.exists() is listed
    assert not listed or len(entries(path)) == 1


def test_a_list_is_put_back_whatever_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_once(asked: SettingsRequest) -> Any:
        if asked.targets is not None:
            raise OSError("the disk is full")
        return read_settings(asked)

    monkeypatch.setattr(target_list, "read_settings", read_once)
    with pytest.raises(ConfigError, match="nothing can be added: the disk is full"):
        add_target(request(folder), {"port": "4002"})
    assert not (folder / "of-the-user" / "targets.toml").exists()


def test_a_list_that_is_not_in_use_is_left_alone(folder: Path) -> None:
    path = folder / "of-the-user" / "targets.toml"
    path.parent.mkdir()
    path.write_text("[[target]]\nport = 1\n")
    with pytest.raises(ConfigError, match="is there already"):
        add_target(request(folder), {"port": "4002"})
    assert entries(path) == [{"port": 1}]


def test_what_the_environment_and_the_command_line_say_of_one_target_goes_into_its_entry(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, text in (
        ("IB_ACCOUNT", "DU123456"),
        ("IB_DATA_CLIENT_ID", "12"),
        ("IB_CLIENT_ID", "10"),
        ("TRAYMON_QUIET", "22:00-07:00 UTC"),  # which speaks for every target
    ):
        monkeypatch.setenv(key, text)
    (config,) = read_settings(request(folder, port="4009")).targets
    assert entry_of(config) == {
        "env": str(folder / "bot" / ".env"),
        "account": "DU123456",
        "client_ids": "10,12",
        "port": "4009",
    }


def test_a_port_that_was_found_is_written_down(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traymon.sensors.port_discovery.listening_ports", lambda: {4002})
    (folder / "bot" / ".env").write_text("")
    (config,) = read_settings(request(folder)).targets
    assert config.target.discovered
    assert entry_of(config)["port"] == "4002"
