"""When programs were connected, as the history keeps it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from support.monitor_harness import Scene, play
from support.page_scenes import scene
from support.trading_days import program_of
from support.virtual_time import BEGAN
from traymon.core.facts import Fact
from traymon.core.program_habits import Visit
from traymon.core.programs import ProgramState, Standing
from traymon.core.target import SeenProgram
from traymon.monitoring.earlier_days import read_habits
from traymon.storage.history.reader import HistoryFile
from traymon.storage.history.recorder import HistoryRecorder
from traymon.storage.history.visits import VisitRecorder
from traymon.ui.past import describe


def record(folder: Path, *, script: str = "bot.py") -> HistoryFile:
    """Keep a run of a program of 1000 s, and its second one."""
    path = folder / "history.db"
    recorder = HistoryRecorder(path, describe, "test")
    here = {Fact.OWN_PROGRAMS: (SeenProgram(program_of(script), True),)}

    async def story(scene: Scene) -> None:
        scene.listener.facts = here
        await scene.until(1000)
        scene.listener.facts = {Fact.OWN_PROGRAMS: ()}
        await scene.until(1500)
        scene.listener.facts = here
        await scene.until(1800)

    play(story, subscribers=[recorder.on_update], program_grace=300.0)
    recorder.stop(30.0)
    return HistoryFile(path)


def test_comings_and_goings_outlive_a_restart(tmp_path: Path) -> None:
    reader = record(tmp_path)
    first, second = reader.read_visits("project", 0, BEGAN + 10_000)
    assert first.name == second.name == "bot.py"
    assert first.began - BEGAN < 40
    assert 960 <= first.ended - BEGAN <= 1040
    assert first.left_well
    assert 1500 <= second.began - BEGAN <= 1540
    assert second.ended - BEGAN > 1700  # at most a sign of life ago
    habits = read_habits(reader, "project", BEGAN + 1800)
    assert habits.visits == (first, second)
    assert sum(one.ends - one.begins for one in habits.good_times) > 1700


def test_no_path_is_kept(tmp_path: Path) -> None:
    record(tmp_path)
    for file in tmp_path.glob("history.db*"):
        data = file.read_bytes()
        assert b"/home/me/bots" not in data
    assert b"bot.py" in (tmp_path / "history.db").read_bytes()


def test_a_history_without_the_table_has_no_visits(tmp_path: Path) -> None:
    assert HistoryFile(tmp_path / "history.db").read_visits("project", 0, 1e12) == ()


def test_a_visit_is_written_when_there_is_news_alone() -> None:

    written: list[object] = []

    def post(write: object, *, can_be_missed: bool) -> bool:
        written.append(write)
        return True

    recorder = VisitRecorder(post)
    visit = Visit("a", "bot.py", 100.0, 100.0)
    for ended in range(100, 400, 5):
        state = ProgramState("a", "bot.py", Standing.CONNECTED, 100.0, True)
        state = replace(state, visit=replace(visit, ended=float(ended)))
        recorder.take(replace(scene("healthy"), programs=(state,)))
    assert len(written) == 5  # the first, and a sign of life each minute
