"""What is kept of the sensors' readings around an incident: enough for the story, never much."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from support.monitor_harness import Scene, play
from support.virtual_time import BEGAN
from traymon.core.history import Observation
from traymon.core.model import Reading
from traymon.core.periods import Condition
from traymon.core.vocabulary import SensorName, Symptom
from traymon.storage.history.black_box import AFTER, BEFORE, MAX_AN_HOUR, MAX_REMEMBERED, BlackBox
from traymon.storage.history.database import Database, FlipRow, Run
from traymon.storage.history.reader import HistoryFile
from traymon.storage.history.recorder import HistoryRecorder
from traymon.storage.history.retention import MAX_OBSERVATIONS
from traymon.ui.past import describe

S = Symptom
STOP_TIMEOUT = 30.0


def seen(at: float, symptom: Symptom, sensor: SensorName = SensorName.HANDSHAKE) -> Reading:
    return Reading(sensor, symptom, f"{symptom} at {at:g}", at=at)


def take(
    box: BlackBox, *readings: Reading, changed: bool = False, now: float | None = None
) -> list[Observation]:
    at = readings[-1].at if now is None else now
    return box.take({one.sensor: one for one in readings}, at, changed=changed)


def test_nothing_is_given_out_while_nothing_happens() -> None:
    box = BlackBox()
    for at, symptom in enumerate((S.OK, S.SLOW, S.OK, S.SILENT)):
        assert take(box, seen(at, symptom)) == []


def test_a_change_brings_what_was_seen_before_with_the_last_good_answer() -> None:
    box = BlackBox()
    for at in range(0, 300, 30):
        take(box, seen(at, S.OK))
    given = take(box, seen(305, S.SILENT), changed=True)
    assert [(one.first, one.last, one.symptom) for one in given] == [
        (0, 270, S.OK),
        (305, 305, S.SILENT),
    ]
    assert given[1].detail == "silent at 305"


def test_what_ended_long_before_the_change_is_left_out() -> None:
    box = BlackBox()
    take(box, seen(0, S.SLOW))
    take(box, seen(30, S.OK))
    given = take(box, seen(30 + BEFORE + 1, S.SILENT), changed=True)
    assert [one.symptom for one in given] == [S.SILENT]


def test_what_follows_a_change_is_given_out_for_ten_minutes_and_then_once_more() -> None:
    box = BlackBox()
    take(box, seen(0, S.SILENT), changed=True)
    assert take(box, seen(30, S.SILENT)) == []
    assert [one.symptom for one in take(box, seen(60, S.OK))] == [S.SILENT, S.OK]
    ends = AFTER + 1
    assert [(one.first, one.last) for one in take(box, seen(ends, S.OK))] == [(60, ends)]
    assert take(box, seen(ends + 30, S.SILENT)) == []


def test_a_sensor_that_flaps_fills_neither_memory_nor_the_file() -> None:
    box = BlackBox()
    given = 0
    for at in range(3000):
        given += len(take(box, seen(at, (S.OK, S.SLOW)[at % 2]), changed=at % 10 == 0))
    assert len(box._ended) <= MAX_REMEMBERED
    assert given <= 2 * (MAX_AN_HOUR + MAX_REMEMBERED)
    later = take(box, seen(3000 + 3600, S.SILENT), changed=True)
    assert later  # the next hour is kept again


def test_an_outage_is_kept_with_what_each_sensor_saw(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    recorder = HistoryRecorder(path, describe, "test")

    async def story(scene: Scene) -> None:
        await scene.until(900)
        scene.handshake.sees, scene.listener.sees = S.REFUSED, S.NOBODY_LISTENS
        scene.monitor.check_now()
        await scene.until(1200)
        scene.handshake.sees = scene.listener.sees = S.OK
        scene.monitor.check_now()
        await scene.until(3600)

    play(story, subscribers=[recorder.on_update])
    recorder.stop(STOP_TIMEOUT)
    reader = HistoryFile(path)
    (incident,) = (
        one
        for one in reader.read_incidents("project", BEGAN, BEGAN + 3600)
        if one.condition is Condition.DOWN
    )
    kept = reader.read_observations("project", incident.start - BEFORE, incident.end + AFTER)
    handshake = [one for one in kept if one.sensor is SensorName.HANDSHAKE]
    assert [one.symptom for one in handshake] == [S.OK, S.REFUSED, S.OK]
    good, bad, good_again = handshake
    assert incident.start - 31 < good.last < incident.start
    assert bad.first == incident.start
    assert incident.end == good_again.first
    assert good_again.last >= incident.end + AFTER - 31  # that it lasted is kept, too
    other_target = reader.read_observations("other", BEGAN, BEGAN + 3600)
    assert other_target == ()


def fill(path: Path, count: int, detail: Callable[[int], str] = str) -> None:
    database, run = Database(path), Run("bot", BEGAN, "test")

    def write(database: Database) -> None:
        database.add_flip(run, FlipRow(BEGAN, Condition.UP, "healthy"))
        database.keep_observations(
            run,
            [
                Observation(BEGAN + at, BEGAN + at, SensorName.HANDSHAKE, S.SLOW, detail(at))
                for at in range(count)
            ],
        )
        database.prune(run, BEGAN + count)

    database.transaction(write)
    database.close()


def firsts(seen: Sequence[Observation]) -> list[float]:
    return [one.first - BEGAN for one in seen]


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    fill(path, MAX_OBSERVATIONS + 500)
    kept = HistoryFile(path).read_observations("bot", BEGAN, BEGAN + 1e6)
    assert firsts(kept)[0] in (499, 500)
    assert len(kept) in (MAX_OBSERVATIONS, MAX_OBSERVATIONS + 1)


@pytest.mark.parametrize("column", ["sensor", "symptom"])
def test_what_a_later_version_has_seen_is_left_out(tmp_path: Path, column: str) -> None:
    path = tmp_path / "history.db"
    fill(path, 2)
    database = Database(path)
    database._connection.execute(f"UPDATE observation SET {column} = 'new' WHERE detail = '0'")
    database.close()
    assert firsts(HistoryFile(path).read_observations("bot", BEGAN, BEGAN + 9)) == [1]


def test_account_numbers_are_masked_and_long_words_cut() -> None:
    box = BlackBox()
    given = take(
        box, Reading(SensorName.SESSION, S.MUTE, "DU1234567 " + "x" * 999, at=1), changed=True
    )
    assert given[0].detail.startswith("DU***567 x")
    assert len(given[0].detail) == 300
