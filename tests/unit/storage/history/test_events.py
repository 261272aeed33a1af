"""Events in the file of the history: their ids grow by one, whatever happens to the others."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from support.monitor_harness import Scene, play
from support.virtual_time import BEGAN as VIRTUALLY
from traymon.core.events import Event, EventType
from traymon.core.model import Status
from traymon.core.notification_record import NotificationRecord
from traymon.core.periods import Description
from traymon.core.target import Target
from traymon.core.vocabulary import Symptom
from traymon.storage.history import retention
from traymon.storage.history.database import Database, Run
from traymon.storage.history.reader import HistoryFile
from traymon.storage.history.recorder import HistoryRecorder
from traymon.storage.history.retention import DAY, KEEP_EVENTS
from traymon.ui.past import describe

BEGAN = 1_790_000_000.0
STOP_TIMEOUT = 30.0


class File:
    """A history that events are written to."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "history.db"
        self.reader = HistoryFile(self.path)
        self.database = Database(self.path)

    def add(self, *moments: float) -> None:
        """Add events, each with its seconds since the story began."""
        for at in moments:
            event = Event(EventType.PAUSE, BEGAN + at, "bot", {"paused": True})
            self.database.transaction(lambda database, e=event: database.add_event(e), durable=True)  # type: ignore[misc]

    def open_again(self) -> None:
        self.database.close()
        self.database = Database(self.path)

    def prune(self, at: float) -> None:
        """Remove what is too old, seen from a run that has lasted until then."""
        run = Run("bot", BEGAN, "test")
        self.database.transaction(lambda database: database.keep_alive(run, BEGAN))
        self.database.transaction(lambda database: database.prune(run, BEGAN + at))

    @property
    def numbers(self) -> list[int]:
        return [event.number or 0 for event in self.reader.read_events(0, 100_000)]


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    file = File(tmp_path)
    yield file
    file.database.close()


def test_an_event_is_read_as_it_was_written(file: File) -> None:
    file.add(0.125)
    (event,) = file.reader.read_events(0, 10)
    assert (event.type, event.at, event.target) == ("pause", BEGAN + 0.125, "bot")
    assert (dict(event.data), event.number) == ({"paused": True}, file.reader.last_event())


def test_ids_grow_by_one_over_restarts_and_writes_that_failed(file: File) -> None:
    def fails(database: Database) -> None:
        database.add_event(Event(EventType.PAUSE, BEGAN))
        raise sqlite3.OperationalError("the disk is full")

    file.add(0, 1)
    first = file.numbers[0]
    with pytest.raises(sqlite3.OperationalError):
        file.database.transaction(fails)
    file.open_again()
    file.add(2, 3)
    assert file.numbers == [first, first + 1, first + 2, first + 3]


def test_ids_go_on_when_all_events_were_removed(file: File) -> None:
    file.add(0, 1, 2)
    last = file.numbers[-1]
    file.prune(KEEP_EVENTS + DAY)
    file.open_again()
    assert (file.numbers, file.reader.last_event()) == ([], last)
    file.add(KEEP_EVENTS + DAY)
    assert file.numbers == [last + 1]


def test_only_the_oldest_are_removed_even_if_the_clock_was_wrong(file: File) -> None:
    file.add(0, KEEP_EVENTS, 1, KEEP_EVENTS + 1)  # the third one by a clock that was set back
    first = file.numbers[0]
    file.prune(KEEP_EVENTS + 2)
    assert file.numbers == [first + 1, first + 2, first + 3]


def test_no_more_than_the_newest_are_kept(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "MAX_EVENTS", 3)
    file.add(*range(5))
    last = file.numbers[-1]
    file.prune(10)
    assert file.numbers == [last - 2, last - 1, last]


def test_a_file_begins_behind_all_ids_of_one_that_was_lost(tmp_path: Path) -> None:
    before = int(time.time())
    file = File(tmp_path)
    file.add(0)
    file.database.close()
    assert before < file.numbers[0] <= time.time() + 1


def test_a_history_of_an_earlier_version_gets_events(file: File) -> None:
    file.database.close()
    with sqlite3.connect(file.path) as connection:
        connection.execute("DROP TABLE event")
    connection.close()
    assert (file.reader.read_events(0, 10), file.reader.last_event()) == ((), None)
    file.open_again()
    file.add(0)
    assert len(file.numbers) == 1


def recorded(folder: Path, describe: object = describe) -> list[Event]:
    """Return the events of a story: an outage, a snooze, a pause and a notification."""

    async def story(scene: Scene) -> None:
        await scene.until(10)
        scene.handshake.sees, scene.listener.sees = Symptom.REFUSED, Symptom.NOBODY_LISTENS
        scene.monitor.check_now()
        await scene.until(60)
        scene.monitor.snooze(VIRTUALLY + 120)
        await scene.until(130)
        scene.monitor.mute(True, "project")
        await scene.until(135)
        scene.monitor.pause()
        await scene.until(140)

    recorder = HistoryRecorder(folder / "history.db", describe, "test")  # type: ignore[arg-type]
    recorder.record_start(BEGAN, "0.1.0", ["project"])
    play(story, subscribers=[recorder.on_update])
    recorder.record_notification(
        "project", NotificationRecord(BEGAN, "fault", "refused", "Port 7497", "dbus", "delivered")
    )
    recorder.stop(STOP_TIMEOUT)
    return list(HistoryFile(folder / "history.db").read_events(0, 1000))


def test_what_the_monitor_publishes_becomes_events(tmp_path: Path) -> None:
    started, *events = recorded(tmp_path)
    assert dict(started.data) == {"version": "0.1.0", "targets": ["project"]}
    lights = [event for event in events if event.type == EventType.LIGHT]
    assert {event.target for event in events} == {"project"}
    for before, after in pairwise(lights):
        assert before.data["after"] == after.data["before"], "the chain is whole"
    assert "red" in [event.data["after"]["light"] for event in lights]
    assert all(event.data["headline"] for event in lights)
    others = [event for event in events if event.type != EventType.LIGHT]
    assert [event.type for event in others] == ["snooze", "snooze", "mute", "pause", "notification"]
    assert others[-1].data["outcome"] == "delivered"


def test_a_target_that_is_added_or_removed_while_traymon_runs_is_an_event(tmp_path: Path) -> None:
    async def story(scene: Scene) -> None:
        await scene.until(5)
        scene.monitor.set_targets([*scene.monitor._targets, Target("more")])
        await scene.until(10)
        scene.monitor.set_targets([Target("more")])
        await scene.until(15)

    recorder = HistoryRecorder(tmp_path / "history.db", describe, "test")
    recorder.record_start(BEGAN, "0.1.0", ["project"])
    play(story, subscribers=[recorder.on_update])
    recorder.stop(STOP_TIMEOUT)
    events = HistoryFile(tmp_path / "history.db").read_events(0, 1000)
    changes = [(e.target, e.data["change"]) for e in events if e.type == EventType.TARGET]
    assert changes == [("more", "added"), ("project", "removed")]


def test_an_event_that_cannot_be_described_is_kept_without_its_headline(tmp_path: Path) -> None:
    def fails(status: Status) -> Description:
        raise ValueError("no words")

    lights = [event for event in recorded(tmp_path, fails) if event.type == EventType.LIGHT]
    assert [event.data["headline"] for event in lights] == [""] * len(lights) != []
