"""A traymon that is killed at any moment: its history opens, and invents nothing."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from support.killed_writers import BEGAN, is_up
from traymon.core.periods import Condition
from traymon.core.reliability import measure
from traymon.storage.history.reader import HistoryFile

KILLS = 200


@pytest.mark.skipif(sys.platform == "win32", reason="it has no fork")
@pytest.mark.timeout(300)
def test_a_history_whose_writers_were_killed_holds_only_what_they_observed(tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    done = subprocess.run(
        [sys.executable, "-m", "support.killed_writers", tmp_path, str(KILLS), str(seed)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
        timeout=250,
    )
    observed = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(observed) == KILLS
    database = sqlite3.connect(tmp_path / "history.db")
    assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
    assert list(tmp_path.glob("*damaged*")) == []

    end = observed[-1]["began"] + observed[-1]["updates"] + 100
    periods = HistoryFile(tmp_path / "history.db").read_periods("bot", BEGAN - 100, end)
    good = {
        int(run["began"]) + number
        for run in observed
        for number in range(run["updates"])
        if is_up(number)
    }
    last = {int(run["began"]) + run["updates"] - 1 for run in observed}
    for period in periods:
        if period.condition is Condition.UP:
            seconds = set(range(int(period.start), int(period.end)))
            assert seconds <= good - last, "counted as up, and nobody observed it"
    figures = measure(periods, BEGAN - 100, end).all_hours
    assert figures.seconds[Condition.UP] <= len(good)
    assert figures.seconds[Condition.UP] > len(good) / 10, "the most of it was lost"
