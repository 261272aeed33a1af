"""What a second start wants that the running traymon does not watch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from traymon.cli.second_start import addresses, describe, not_watched
from traymon.core.target import Target

BOT, OTHER = "/home/me/bot/.env", "/home/me/other/.env"


def running(host: str = "127.0.0.1", port: int = 7497, env: str = "") -> list[dict[str, Any]]:
    return [{"name": "bot", "host": host, "port": port, "env_file": env}]


@pytest.mark.parametrize(
    ("watched", "wanted"),
    [
        (running(), Target("", port=7497)),
        (running("localhost"), Target("", port=7497)),
        (running("127.1"), Target("", "LocalHost", 7497)),
        (running(env=BOT), Target("", port=7497)),
        (running(env=BOT), Target("", port=7497, env_file=BOT)),
        (running(env=BOT), Target("", discovered=True, env_file=BOT)),
        (running(port=4002, env=BOT), Target("", discovered=True)),
        (running("::1"), Target("", "::1")),
        (running(env="/bot/\\udcf6/.env"), Target("", env_file="/bot/\udcf6/.env")),
        ([*running(port=1), *running()], Target("", port=7497)),
    ],
)
def test_a_start_for_what_is_watched_misses_nothing(
    watched: list[dict[str, Any]], wanted: Target
) -> None:
    assert not_watched(wanted, watched) == ""


@pytest.mark.parametrize(
    ("watched", "wanted", "missing"),
    [
        (running(), Target("", port=7496), "127.0.0.1:7496"),
        (running(), Target("", "10.0.0.9"), "10.0.0.9:7497"),
        (running(), Target("", "::1"), "[::1]:7497"),
        (running(env=BOT), Target("", port=4002, env_file=BOT), "127.0.0.1:4002"),
        (running(env=BOT), Target("", port=4002, env_file=OTHER), "127.0.0.1:4002"),
        (running(env=BOT), Target("", env_file=OTHER), OTHER),
        (running(), Target("", env_file=BOT), BOT),
        (running(), Target("", discovered=True, env_file=BOT), BOT),
        ([*running(port=1), *running(port=2)], Target("", port=3), "127.0.0.1:3"),
    ],
)
def test_another_address_or_another_env_file_is_named(
    watched: list[dict[str, Any]], wanted: Target, missing: str
) -> None:
    assert not_watched(wanted, watched) == missing


def test_a_link_to_the_same_env_file_is_the_same(tmp_path: Path) -> None:
    file, link = tmp_path / ".env", tmp_path / "link.env"
    file.touch()
    link.symlink_to(file)
    assert not_watched(Target("", env_file=str(link)), running(env=str(file))) == ""


def test_what_is_watched_is_named_with_its_pid() -> None:
    both = [*running(), *running("::1", 4001)]
    assert addresses(both) == "127.0.0.1:7497, [::1]:4001"
    said = "traymon is already running (pid 4711, watching 127.0.0.1:7497)"
    assert describe(4711, running()) == said
