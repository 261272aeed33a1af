"""A real traymon keeps a history, also if it is killed, and says if it cannot."""

from __future__ import annotations

from pathlib import Path

from support.polling import wait_for
from support.traymon_process import IsolatedTraymon, ResidentTraymon, end
from traymon.core.periods import Condition
from traymon.core.time_windows import Span
from traymon.sim.gateway import HEALTHY, running
from traymon.storage.history.reader import HistoryFile


def file_of(user: IsolatedTraymon) -> Path:
    return user.home / "state" / "traymon" / "history.db"


def extent(path: Path) -> Span:
    reader = HistoryFile(path)
    (target,) = wait_for(reader.read_targets, "a target")
    found = reader.read_extent(target)
    assert found is not None
    return found


def test_what_was_seen_before_a_kill_is_kept_and_nothing_else(tmp_path: Path) -> None:
    with running(HEALTHY) as gateway:
        user = ResidentTraymon(tmp_path, gateway)
        first = user.start_resident()
        wait_for(lambda: user.run("status").returncode == 0, "green")
        wait_for(file_of(user).exists, "the history")
        extent(file_of(user))
        told = wait_for(
            lambda: "observed" in user.run("history").stdout, "the history while it runs"
        )
        assert told
        first.kill()
        first.wait()
        killed = extent(file_of(user))
        second = user.start_resident()
        wait_for(lambda: user.run("status").returncode == 0, "green again")
        end(second)
    reader, (target,) = HistoryFile(file_of(user)), HistoryFile(file_of(user)).read_targets()
    runs = reader.read_runs(target, 0, 1e11)
    assert len(runs) == 2
    assert runs[0].last_alive == killed.ends
    assert runs[0].program.startswith("traymon ")
    between = reader.read_periods(target, runs[0].last_alive, runs[1].started)
    assert {one.condition for one in between} == {Condition.UNOBSERVED}
    flips = reader._query("SELECT run, code FROM flip ORDER BY id")
    codes = [code for run, code in flips if run == flips[-1][0]]
    assert (codes[0], codes[-1]) == ("starting", "healthy")


def test_a_history_that_cannot_be_kept_is_logged_once_and_watching_goes_on(tmp_path: Path) -> None:
    with running(HEALTHY) as gateway:
        user = ResidentTraymon(tmp_path, gateway)
        file_of(user).mkdir(parents=True)
        traymon = user.start_resident()
        wait_for(lambda: user.run("status").returncode == 0, "green")
        logs = tmp_path / "state" / "traymon" / "log"

        def lines() -> list[str]:
            texts = (path.read_text(encoding="utf-8") for path in logs.rglob("*.log*"))
            every = [line for text in texts for line in text.splitlines()]
            return [line for line in every if "history.db cannot be written" in line]

        wait_for(lines, "the line in the log")
        end(traymon)
        assert len(lines()) == 1
        assert "is a folder" in lines()[0]
