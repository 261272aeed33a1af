"""From what the monitor publishes to what the history says."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from support.monitor_harness import Scene, play
from support.polling import wait_for
from support.virtual_time import BEGAN
from traymon.core.calendar import Calendar
from traymon.core.facts import Fact, Facts
from traymon.core.model import Status, Update
from traymon.core.periods import NOT_WATCHED, Description, Period
from traymon.core.time_windows import Schedule, Span
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.monitoring import target_monitor
from traymon.monitoring.target_monitor import RESUME_GRACE
from traymon.storage.history import database as database_module
from traymon.storage.history import writer as writer_module
from traymon.storage.history.database import Database
from traymon.storage.history.reader import HistoryFile
from traymon.storage.history.recorder import HistoryRecorder
from traymon.ui.hub import StatusHub
from traymon.ui.past import describe

S = Symptom
STOP_TIMEOUT = 30.0


class Kept:
    """A history that is kept, and what it says."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "history.db"
        self.troubles: list[str] = []
        self.recorder = HistoryRecorder(self.path, describe, "test", self.troubles.append)
        self.reader = HistoryFile(self.path)

    def play(
        self, story: Callable[[Scene], Awaitable[None]], calendar: Calendar | None = None
    ) -> None:
        """Let the monitor run while the story is told."""
        play(story, subscribers=[self.recorder.on_update], calendar=calendar)
        self.recorder.stop(STOP_TIMEOUT)

    def periods(self) -> tuple[Period, ...]:
        extent = self.reader.read_extent("project")
        assert extent is not None
        return self.reader.read_periods("project", extent.begins, extent.ends)

    def wait_until_written(self) -> None:
        """Wait, in real time, until nothing waits to be written."""
        wait_for(lambda: not self.recorder._writer._waiting, "the writer")

    @property
    def lines(self) -> list[tuple[float, str, str]]:
        """Return when what began, in seconds of the story."""
        return [
            (round(one.start - BEGAN, 3), str(one.condition), one.code) for one in self.periods()
        ]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path)
    yield kept
    kept.recorder.stop(STOP_TIMEOUT)


def end(scene: Scene) -> None:
    """Let the Gateway end."""
    scene.handshake.sees, scene.listener.sees = S.REFUSED, S.NOBODY_LISTENS
    scene.monitor.check_now()


def come_back(scene: Scene) -> None:
    scene.handshake.sees = scene.listener.sees = S.OK
    scene.monitor.check_now()


def test_an_outage_is_kept_from_its_first_reading_to_the_first_good_one(kept: Kept) -> None:
    async def story(scene: Scene) -> None:
        await scene.until(100)
        scene.handshake.sees = S.SILENT  # one witness: it settles with the second reading
        scene.monitor.check_now()
        await scene.until(200)
        come_back(scene)
        await scene.until(300)

    kept.play(story)
    assert kept.lines == [
        (0, "up", "healthy"),
        (100, "down", "handshake-silent"),
        (200, "up", "healthy"),
    ]
    assert kept.periods()[-1].end == BEGAN + 300


def test_the_record_says_what_was_shown(kept: Kept) -> None:
    async def story(scene: Scene) -> None:
        await scene.until(100)
        scene.handshake.facts = {Fact.TOOK: 0.1234567, Fact.ACCOUNT: "DU1234567"}
        end(scene)
        await scene.until(200)

    kept.play(story)
    down = kept.periods()[1]
    assert down.headline == "127.0.0.1 refuses connections to port 7497"
    assert down.facts[Fact.PORT] == 7497
    assert down.evidence == {
        SensorName.LISTENER: "nobody-listens: saw nobody-listens",
        SensorName.HANDSHAKE: "refused: saw refused",
    }
    assert Fact.ACCOUNT not in down.facts  # its page does not name it


def test_what_is_expected_has_its_name(kept: Kept) -> None:
    calendar = Calendar(maintenance=Schedule(dated=(Span(BEGAN + 90, BEGAN + 400),)))

    async def story(scene: Scene) -> None:
        await scene.until(100)
        end(scene)
        await scene.until(160)
        come_back(scene)
        await scene.until(300)

    kept.play(story, calendar)
    assert kept.lines[1:] == [(100, "expected", "maintenance"), (160, "up", "healthy")]


def test_a_sleep_is_neither_up_nor_down(kept: Kept) -> None:
    async def story(scene: Scene) -> None:
        await scene.until(101)
        scene.slept += 3 * 3600  # as on Linux: the monotonic clock stops meanwhile
        await scene.until(200)

    kept.play(story)
    (up, asleep, awake) = kept.periods()
    assert [str(one.condition) for one in (up, asleep, awake)] == ["up", "asleep", "up"]
    assert asleep.length == 3 * 3600
    assert asleep.code == ""


def test_a_sleep_that_all_clocks_count_is_one_too(kept: Kept) -> None:
    async def story(scene: Scene) -> None:
        await scene.until(101)
        scene.sleep_counted(3 * 3600)  # as on Windows
        await scene.until(3 * 3600 + 200)

    kept.play(story)
    assert [line[1] for line in kept.lines] == ["up", "asleep", "up"]
    assert kept.periods()[1].length == pytest.approx(3 * 3600, abs=5)


def test_a_sleep_in_an_outage_leaves_the_outage_one(kept: Kept) -> None:
    async def story(scene: Scene) -> None:
        await scene.until(100)
        end(scene)
        await scene.until(200)
        scene.slept += 3600
        await scene.until(300)
        come_back(scene)
        await scene.until(400)

    kept.play(story)
    (incident,) = kept.reader.read_incidents("project", 0, BEGAN + 9999)
    assert [str(one.condition) for one in incident.periods][:2] == ["down", "asleep"]
    unseen = sum(one.length for one in incident.periods if one.condition in NOT_WATCHED)
    assert incident.lasted == 3600 + 200 - unseen
    assert unseen == pytest.approx(3600 + RESUME_GRACE, abs=6)
    assert incident.end == BEGAN + 3600 + 300


def test_a_clock_that_is_set_back_counts_nothing_twice(kept: Kept) -> None:
    async def story(scene: Scene) -> None:
        await scene.until(5000)
        scene.slept -= 3600
        await scene.until(5100)

    kept.play(story)
    runs = kept.reader.read_runs("project", 0, BEGAN + 9999)
    assert len(runs) == 2
    periods = kept.reader.read_periods("project", BEGAN, BEGAN + 5000)
    assert sum(one.length for one in periods) == 5000
    assert {str(one.condition) for one in periods} == {"up", "unobserved"}  # of the resuming


def test_a_pause_was_not_observed(kept: Kept) -> None:
    async def story(scene: Scene) -> None:
        await scene.until(100)
        scene.monitor.pause()
        await scene.until(400)
        scene.monitor.resume()
        await scene.until(500)

    kept.play(story)
    assert kept.lines[:2] == [(0, "up", "healthy"), (100, "unobserved", "paused")]
    assert kept.lines[-1] == (400, "up", "healthy")


def test_a_hung_monitor_has_observed_nothing_since_its_last_update(kept: Kept) -> None:
    last: list[float] = []

    async def story(scene: Scene) -> None:
        hub = StatusHub(lambda: BEGAN + 130)
        hub.listen(kept.recorder.on_update)
        scene.monitor.subscribe(hub.publish)
        await scene.until(100)
        last.append(hub.statuses[0].evidence.now)
        hub.publish_stale()
        hub.publish_stale()
        kept.recorder.stop(STOP_TIMEOUT)

    play(story)
    assert {str(one.condition) for one in kept.periods()} == {"up"}
    assert kept.periods()[-1].end == last[0] <= BEGAN + 100


def test_a_monitor_that_goes_on_after_it_hung_is_up_from_then_on(kept: Kept) -> None:
    async def story(scene: Scene) -> None:
        hub = StatusHub(asyncio.get_running_loop().time)
        hub.listen(kept.recorder.on_update)
        scene.monitor.subscribe(hub.publish)
        await scene.until(100)
        hub.publish_stale()
        await scene.until(200)

    play(story)
    kept.recorder.stop(STOP_TIMEOUT)
    conditions = [line[1] for line in kept.lines]
    assert conditions == ["up", "unobserved", "up"]
    assert kept.lines[2][0] == pytest.approx(105, abs=5)


def test_latencies_are_counted_by_the_minute(kept: Kept) -> None:
    async def story(scene: Scene) -> None:
        for at in range(10, 3600, 10):
            await scene.until(at)
            scene.session.says(S.OK)

    kept.play(story)
    read = kept.reader.read_latency
    heartbeats = read("project", SensorName.SESSION, BEGAN - BEGAN % 60, BEGAN + 3600, 60)
    assert sum(one.count for one in heartbeats) == 359
    assert {one.count for one in heartbeats[1:-1]} == {6}
    (median,) = {one.median for one in heartbeats}
    assert median == pytest.approx(0.03, rel=0.1)
    handshakes = read("project", SensorName.HANDSHAKE, BEGAN - BEGAN % 60, BEGAN + 3600, 3600)
    assert sum(one.count for one in handshakes) == pytest.approx(120, abs=3)


def test_an_answer_that_does_not_come_is_lost(kept: Kept) -> None:
    looks: list[float] = []

    async def story(scene: Scene) -> None:
        await scene.until(10)
        scene.handshake.sees = S.SILENT
        await scene.until(200)
        looks.extend(scene.handshake.began)

    kept.play(story)
    (bucket,) = kept.reader.read_latency(
        "project", SensorName.HANDSHAKE, BEGAN - BEGAN % 3600, BEGAN + 300, 7200
    )
    silent = [at for at in looks if at > 10]
    assert (bucket.count, bucket.lost) == (len(looks) - len(silent), len(silent))
    assert silent


def test_trading_hours_of_ib_are_kept(kept: Kept) -> None:
    days = ("20261123:0930-20261123:1600", "20261126:CLOSED")

    async def story(scene: Scene) -> None:
        await scene.until(10)
        facts: Facts = {Fact.HOURS: days, Fact.HOURS_ZONE: "US/Eastern"}
        scene.session.says(S.OK, facts, about=SensorName.HOURS)
        await scene.until(20)

    kept.play(story)
    opens = datetime(2026, 11, 23, 9, 30, tzinfo=ZoneInfo("America/New_York")).timestamp()
    hours = Span(opens, opens + 6.5 * 3600)
    assert kept.reader.read_trading_hours("project", opens - 100, opens + 100) == (hours,)


def test_what_cannot_be_described_is_kept_without_words(tmp_path: Path) -> None:
    def fail(status: Status) -> Description:
        raise ValueError("no words")

    recorder = HistoryRecorder(tmp_path / "history.db", fail, "test")

    async def story(scene: Scene) -> None:
        await scene.until(10)

    play(story, subscribers=[recorder.on_update])
    recorder.stop(STOP_TIMEOUT)
    periods = HistoryFile(tmp_path / "history.db").read_periods("project", BEGAN, BEGAN + 5)
    assert [(one.code, one.headline) for one in periods] == [("healthy", "")]


def test_what_there_was_no_room_for_was_not_observed(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RETRY_INTERVAL", 0.01)
    monkeypatch.setattr(writer_module, "MAX_WAITING", 6)  # three flips and their events
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT", 0.01)
    Database(kept.path).close()
    other = sqlite3.connect(kept.path, isolation_level=None)

    async def story(scene: Scene) -> None:
        await scene.until(50)
        kept.wait_until_written()
        other.execute("BEGIN IMMEDIATE")
        for at in (100, 200, 300, 400):
            await scene.until(at)
            end(scene)
            await scene.until(at + 50)
            come_back(scene)
        await scene.until(500)
        other.execute("COMMIT")
        kept.wait_until_written()
        await scene.until(600)

    kept.play(story)
    other.close()
    lines = kept.lines
    assert lines[:3] == [
        (0, "up", "healthy"),
        (100, "down", "port-refused"),
        (150, "up", "healthy"),
    ]
    for period in kept.periods():
        if str(period.condition) == "up":
            middle = (period.start + period.end) / 2 - BEGAN
            assert not 200 <= middle < 450, "the outages at 200, 300, 400 were not written"
    assert lines[-2][1] == "unobserved"
    assert lines[-1][1:] == ("up", "healthy")


def test_a_flip_without_room_is_not_covered_by_a_later_sign_of_life(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "RETRY_INTERVAL", 0.01)
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT", 0.01)
    Database(kept.path).close()
    other = sqlite3.connect(kept.path, isolation_level=None)

    async def story(scene: Scene) -> None:
        await scene.until(70)
        kept.wait_until_written()
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(writer_module, "MAX_WAITING", 0)
        await scene.until(100)
        scene.handshake.sees = S.SILENT  # settles some seconds later
        scene.monitor.check_now()
        while not scene.shows(Light.RED):
            await scene.until(scene.now + 1)
        monkeypatch.setattr(writer_module, "MAX_WAITING", 1000)
        other.execute("COMMIT")
        await scene.until(300)

    kept.play(story)
    other.close()
    good = [one for one in kept.periods() if str(one.condition) == "up"]
    assert [one.end <= BEGAN + 100 for one in good] == [True]


def test_a_new_file_begins_with_what_shows(kept: Kept) -> None:
    async def story(scene: Scene) -> None:
        await scene.until(100)
        kept.wait_until_written()
        for path in kept.path.parent.iterdir():
            path.unlink()
        await scene.until(300)

    kept.play(story)
    assert kept.lines == [(0, "up", "healthy")]
    assert kept.periods()[-1].end == BEGAN + 300
    assert kept.periods()[0].headline


def test_a_demo_is_not_kept(kept: Kept) -> None:
    def take(update: Update) -> None:
        demo = replace(update.status, target=replace(update.status.target, demo=True))
        kept.recorder.on_update(replace(update, status=demo))

    async def story(scene: Scene) -> None:
        await scene.until(10)

    play(story, subscribers=[take])
    kept.recorder.stop(STOP_TIMEOUT)
    assert not kept.path.exists()


def test_that_a_fault_is_over_is_known_before_the_next_sign_of_life(kept: Kept) -> None:
    seen: list[Period] = []

    async def story(scene: Scene) -> None:
        await scene.until(100)
        end(scene)
        await scene.until(200)
        come_back(scene)
        await scene.until(215)
        kept.wait_until_written()
        seen.extend(kept.periods())

    kept.play(story)
    assert [str(one.condition) for one in seen[-2:]] == ["down", "up"]


def test_the_outage_of_a_target_that_is_watched_no_longer_goes_on_for_no_longer(
    kept: Kept,
) -> None:
    async def story(scene: Scene) -> None:
        await scene.until(60)
        end(scene)
        await scene.until(200)
        assert scene.shows(Light.RED)
        target = scene.status.target
        scene.monitor.set_targets([])
        await scene.until(4000)
        scene.monitor.set_targets([target])
        await scene.until(4100)

    kept.play(story)
    (outage, unwatched) = [one for one in kept.periods() if 100 < one.end - BEGAN <= 4000]
    assert outage.code == "port-refused"
    assert outage.end - BEGAN == pytest.approx(200, abs=target_monitor.TICK)
    assert unwatched.condition in NOT_WATCHED
