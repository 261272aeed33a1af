"""docs/troubleshooting.md names only what there is: commands, settings, words, labels, logs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer.main
from platformdirs import macos, unix, windows

from support.repository import ROOT
from traymon.cli.commands import app
from traymon.config.documents import env_example

PAGE = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
TEXT = " ".join(PAGE.split())
FILES = [
    *(ROOT / "traymon").rglob("*.py"),
    *(ROOT / "assets").glob("*.js"),
    *(ROOT / "assets").glob("*.j2"),
]
SOURCES = "".join(path.read_text(encoding="utf-8") for path in FILES)


def test_every_command_and_option_is_there() -> None:
    commands = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in typer.main.get_command(app).commands.items()  # type: ignore[attr-defined]
    }
    named = re.findall(r"^traymon .*$|`traymon ([a-z][^`]*)`", PAGE, re.MULTILINE)
    assert len(named) >= 10
    for words in (line.split() for line in named if line):
        assert words[0] in commands
        assert {word for word in words if word.startswith("--")} <= commands[words[0]]


def test_every_setting_is_there() -> None:
    named = set(re.findall(r"TRAYMON_[A-Z_]+", PAGE))
    assert named
    assert named <= set(re.findall(r"TRAYMON_[A-Z_]+", env_example()))


def test_what_is_quoted_is_what_traymon_says() -> None:
    quoted = set(re.findall(r'"([^"]+)"', TEXT))
    assert len(quoted) >= 10
    for words in quoted:
        assert words.replace("4711", "{info.pid}") in SOURCES, words


@pytest.mark.parametrize("label", ["Open log folder", "Copy diagnosis", "Quit"])
def test_a_menu_label_is_as_it_is_called_here(label: str) -> None:
    assert f"**{label}**" in PAGE
    assert f'_item("{label}"' in SOURCES


def test_the_log_lies_where_the_page_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    local = "%LOCALAPPDATA%"
    monkeypatch.setattr(windows, "get_win_folder", lambda folder: local)
    told = dict(re.findall(r"^\| (\w+) \| `([^`]+)` \|$", PAGE, re.MULTILINE))
    logs = {
        "Linux": unix.Unix("traymon").user_log_dir.replace(str(tmp_path), "~"),
        "macOS": macos.MacOS("traymon").user_log_dir.replace(str(tmp_path), "~"),
        "Windows": windows.Windows("traymon").user_log_dir,
    }
    assert {system: path.replace("\\", "/") for system, path in told.items()} == {
        system: f"{path}/traymon.log".replace("\\", "/") for system, path in logs.items()
    }
