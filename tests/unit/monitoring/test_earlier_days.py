"""What was usual before the start is read once, off the monitor's loop, and may be unreadable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from traymon.core.target import Target
from traymon.monitoring.earlier_days import EarlierDays
from traymon.monitoring.monitor import Monitor
from traymon.sensors import sensors_for_target
from traymon.storage.history.reader import HistoryFile

BOT = Target("bot", program_grace=300.0)
UNREADABLE = "what is usual for your programs cannot be read"


def read(path: Path, *targets: Target) -> int:
    """Learn of each target in turn; return how many tasks that took."""
    tasks: list[Callable[[], None]] = []
    earlier = EarlierDays(HistoryFile(path), Monitor([], sensors_for_target), tasks.append)
    for target in targets:
        earlier.learn(target)
    for task in tasks:
        task()
    return len(tasks)


def test_each_target_is_read_once(tmp_path: Path) -> None:
    assert read(tmp_path / "history.db", BOT, replace(BOT, port=4001), replace(BOT, name="b")) == 2


def test_a_history_that_cannot_be_read_is_said_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"no database" * 100)
    read(path, BOT)
    assert UNREADABLE in caplog.text


@pytest.mark.parametrize("target", [replace(BOT, program_grace=None), replace(BOT, demo=True)])
def test_where_programs_are_not_watched_nothing_is_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, target: Target
) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"no database" * 100)
    read(path, target)
    assert UNREADABLE not in caplog.text
