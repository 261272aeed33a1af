"""The file of the history: what is written is read, in order, without gaps, and not for ever."""

from __future__ import annotations

import os
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from traymon.core.facts import Fact, Facts
from traymon.core.histogram import Histogram
from traymon.core.history import HistoryError
from traymon.core.model import Diagnosis
from traymon.core.notification import Unannounced
from traymon.core.notification_record import NotificationRecord
from traymon.core.periods import Condition, Description, Period
from traymon.core.time_windows import Span
from traymon.core.vocabulary import Light, SensorName
from traymon.storage.history.database import Database, FlipRow, Run
from traymon.storage.history.reader import HistoryFile
from traymon.storage.history.retention import DAY, KEEP_FLIPS, KEEP_HOURS, KEEP_MINUTES
from traymon.storage.history.values import decode_facts

BEGAN = 1_790_000_000.0
FULL_HOUR = 1_789_999_200.0
C = Condition
UP = (C.UP, "healthy", Light.GREEN)
DOWN = (C.DOWN, "app-not-running", Light.RED)


class File:
    """A file that is written and read."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state" / "history.db"
        self.database = Database(self.path)
        self.reader = HistoryFile(self.path)

    def write(self, write: Callable[[Database], None]) -> None:
        self.database.transaction(write)

    def record(self, run: Run, *flips: tuple[float, tuple[Condition, str, Light]]) -> None:
        """Write flips of a run, each with its seconds since the story began."""
        for at, shown in flips:
            self.write(partial(_add_flip, run, FlipRow(BEGAN + at, *shown)))

    def alive(self, run: Run, at: float) -> None:
        self.write(lambda database: database.keep_alive(run, BEGAN + at))

    def keep_latency(self, sensor: SensorName, at: float, values: Histogram) -> None:
        self.write(lambda database: database.add_minute("bot", at, {sensor: values}))

    def keep_notification(self, record: NotificationRecord) -> None:
        self.write(lambda database: database.keep_notification("bot", record))

    def drawn(self, since: float, until: float, target: str = "bot") -> list[tuple[float, str]]:
        """Return when what begins, in seconds of the story."""
        periods = self.reader.read_periods(target, BEGAN + since, BEGAN + until)
        assert periods[0].start == BEGAN + since
        assert periods[-1].end == BEGAN + until
        for one, following in pairwise(periods):
            assert one.end == following.start
        return [(one.start - BEGAN, str(one.condition)) for one in periods]


def _add_flip(run: Run, row: FlipRow, database: Database) -> None:
    database.add_flip(run, row)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[File]:
    file = File(tmp_path)
    yield file
    file.database.close()


def run(at: float = 0.0, target: str = "bot") -> Run:
    return Run(target, BEGAN + at, "traymon 1.0")


def test_what_is_not_there_is_empty(tmp_path: Path) -> None:
    reader = HistoryFile(tmp_path / "nowhere" / "history.db")
    assert reader.read_targets() == ()
    assert reader.read_extent("bot") is None
    assert reader.read_periods("bot", 10, 20) == (Period(10, 20, C.UNOBSERVED),)
    assert reader.read_incidents("bot", 10, 20) == ()
    assert reader.read_latency("bot", SensorName.HANDSHAKE, 0, 100, 10) == ()
    assert not (tmp_path / "nowhere").exists()


def test_a_record_ends_at_the_last_sign_of_life(file: File) -> None:
    file.record(run(), (0, UP), (100, DOWN), (532, UP))
    file.alive(run(), 600)
    assert file.drawn(-10, 700) == [
        *((-10, "unobserved"), (0, "up"), (100, "down"), (532, "up"), (600, "unobserved")),
    ]
    assert file.reader.read_extent("bot") == Span(BEGAN, BEGAN + 600)


def test_a_part_of_the_record_begins_with_what_showed_then(file: File) -> None:
    file.record(run(), (0, UP), (100, DOWN), (532, UP))
    file.alive(run(), 600)
    assert file.drawn(200, 300) == [(200, "down")]
    assert file.drawn(100, 540) == [(100, "down"), (532, "up")]


def test_the_time_between_two_runs_was_not_observed(file: File) -> None:
    file.record(run(), (0, UP))
    file.alive(run(), 100)
    file.record(run(300), (300, UP))
    file.alive(run(300), 400)
    assert file.drawn(0, 400) == [(0, "up"), (100, "unobserved"), (300, "up")]
    assert [one.started for one in file.reader.read_runs("bot", BEGAN, BEGAN + 400)] == [
        BEGAN,
        BEGAN + 300,
    ]


def test_no_second_counts_twice_after_the_clock_was_set_back(file: File) -> None:
    file.record(run(), (0, UP), (3600, DOWN))
    file.alive(run(), 4000)
    file.record(run(400), (400, UP))  # recorded later: the clock was set back by an hour
    file.alive(run(400), 500)
    assert file.drawn(0, 4000) == [
        *((0, "up"), (400, "up"), (500, "up"), (3600, "down")),
    ]


def test_two_traymons_at_once_do_not_count_twice(file: File) -> None:
    second = Database(file.path)
    file.record(run(), (0, UP))
    second.transaction(lambda database: database.add_flip(run(50), FlipRow(BEGAN + 50, *DOWN)))
    second.transaction(lambda database: database.keep_alive(run(50), BEGAN + 60))
    second.close()
    file.alive(run(), 100)
    assert file.drawn(0, 100) == [(0, "up"), (50, "down"), (60, "up")]


def test_targets_are_kept_apart(file: File) -> None:
    file.record(run(), (0, UP))
    file.record(run(0, "other"), (0, DOWN))
    file.alive(run(), 100)
    file.alive(run(0, "other"), 100)
    assert file.reader.read_targets() == ("bot", "other")
    assert file.drawn(0, 100) == [(0, "up")]
    assert file.drawn(0, 100, "other") == [(0, "down")]


def test_what_was_shown_is_kept(file: File) -> None:
    facts: Facts = {
        Fact.PORT: 7497,
        Fact.TOOK: 0.25,
        Fact.CLIENT_IDS: (10, 11),
        Fact.DETAIL: "\udcf6 ü",
    }
    shown = Description("Port 7497 is silent", facts, {SensorName.HANDSHAKE: "silent: 5 s"})
    row = FlipRow(BEGAN, *DOWN, description=shown)
    file.write(lambda database: database.add_flip(run(), row))
    file.alive(run(), 10)
    (period,) = file.reader.read_periods("bot", BEGAN, BEGAN + 10)
    assert period.headline == "Port 7497 is silent"
    assert period.facts == facts
    assert period.evidence == {SensorName.HANDSHAKE: "silent: 5 s"}
    assert (period.code, period.light) == ("app-not-running", Light.RED)


def test_facts_and_sensors_of_another_version_are_left_out(file: File) -> None:
    file.record(run(), (0, DOWN))
    file.alive(run(), 10)
    with sqlite3.connect(file.path) as other:
        other.execute("""UPDATE description SET facts = '{"port": 1, "colour": 2}'""")
        other.execute("""UPDATE description SET evidence = '{"nose": "smells", "link": "down"}'""")
    other.close()
    (period,) = file.reader.read_periods("bot", BEGAN, BEGAN + 10)
    assert period.facts == {Fact.PORT: 1}
    assert period.evidence == {SensorName.LINK: "down"}


def test_an_incident_is_found_whole_and_with_its_notifications(file: File) -> None:
    told = NotificationRecord(
        BEGAN + 101, "fault", "app-not-running", "No TWS", "dbus", "delivered"
    )
    file.record(run(), (0, UP), (100, DOWN), (532, UP))
    file.keep_notification(told)
    file.alive(run(), 600)
    (incident,) = file.reader.read_incidents("bot", BEGAN + 400, BEGAN + 410)
    assert incident.lasted == 432
    assert incident.notifications == (told,)
    assert not incident.ongoing
    assert file.reader.read_incidents("bot", BEGAN + 540, BEGAN + 600) == ()


def test_an_incident_that_goes_on_is_ongoing(file: File) -> None:
    file.record(run(), (0, UP), (100, DOWN))
    file.alive(run(), 160)
    (incident,) = file.reader.read_incidents("bot", BEGAN, BEGAN + 170)
    assert incident.ongoing
    assert incident.lasted == 60


def test_what_has_become_of_a_notification_takes_the_place_of_what_was_unknown(file: File) -> None:
    for outcome in ("unknown", "delivered"):
        file.keep_notification(NotificationRecord(BEGAN, "fault", "stale", "x", "dbus", outcome))
    (kept,) = file.reader.read_notifications("bot", BEGAN, BEGAN + 1)
    assert kept.outcome == "delivered"


def test_latencies_are_read_by_any_step(file: File) -> None:
    for minute in range(120):
        values = Histogram(lost=minute % 2)
        values.add(0.001 * (minute + 1))
        file.keep_latency(SensorName.HANDSHAKE, FULL_HOUR + 60 * minute, values)
    began = FULL_HOUR
    for step, count in ((600.0, 10), (3600.0, 60), (7200.0, 120)):
        buckets = file.reader.read_latency("bot", SensorName.HANDSHAKE, began, began + 7200, step)
        assert [one.count for one in buckets] == [count] * (120 // count)
        assert [one.lost for one in buckets] == [count // 2] * (120 // count)
        assert [one.start for one in buckets] == [began + n * step for n in range(len(buckets))]
        assert buckets[0].lowest == pytest.approx(0.001, rel=0.1)
        assert buckets[-1].highest == pytest.approx(0.12, rel=0.1)
        assert buckets[0].median == pytest.approx(0.001 * count / 2, rel=0.15)


def test_an_hour_whose_minutes_are_gone_still_counts(file: File) -> None:
    began = FULL_HOUR
    for at in (began, began + 3600):
        values = Histogram()
        values.add(0.5)
        file.keep_latency(SensorName.SESSION, at, values)
    file.write(lambda database: database.prune(run(), began + 60 + KEEP_MINUTES))
    buckets = file.reader.read_latency("bot", SensorName.SESSION, began, began + 7200, 60)
    assert [(one.start, one.count) for one in buckets] == [(began, 1), (began + 3600, 1)]


def test_missed_faults_are_read_as_they_were(file: File) -> None:
    gone = Diagnosis("app-not-running", Light.RED, {Fact.PORT: 7497})
    faults = (Unannounced(gone, BEGAN, BEGAN + 5), Unannounced(gone, BEGAN + 50))
    file.alive(run(), 90)
    file.write(lambda database: database.keep_missed("bot", faults))
    read = file.database.read_missed()["bot"]
    assert [(one.began, one.ended) for one in read] == [
        (BEGAN, BEGAN + 5),
        (BEGAN + 50, BEGAN + 90),  # last seen at the last sign of life
    ]
    assert read[0].diagnosis.facts == {Fact.PORT: 7497}
    file.write(lambda database: database.keep_missed("bot", ()))
    assert file.database.read_missed() == {}


def test_newer_trading_hours_take_the_place_of_older_ones(file: File) -> None:
    old = [Span(BEGAN, BEGAN + 10), Span(BEGAN + 100, BEGAN + 110), Span(BEGAN + 200, BEGAN + 210)]
    new = [Span(BEGAN + 100, BEGAN + 105), Span(BEGAN + 300, BEGAN + 310)]
    file.write(lambda database: database.add_trading_hours("bot", old))
    file.write(lambda database: database.add_trading_hours("bot", new))
    read = file.reader.read_trading_hours("bot", BEGAN, BEGAN + 1000)
    assert read == (old[0], *new)


# --- retention


def test_what_is_old_goes_and_what_is_not_stays(file: File) -> None:
    values = Histogram(lost=1)
    first = run()
    file.record(first, (0, UP), (100, DOWN), (200, UP))
    file.write(lambda db: db.add_minute("bot", BEGAN, {SensorName.HANDSHAKE: values}))
    file.alive(first, KEEP_FLIPS + DAY)
    file.record(first, (KEEP_FLIPS + DAY, DOWN))
    file.write(lambda database: database.prune(first, BEGAN + KEEP_FLIPS + DAY))
    with sqlite3.connect(file.path) as other:
        count = {
            table: other.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("flip", "minute", "hour", "run")
        }
    other.close()
    # the newest of the old flips says what showed from then on
    assert count == {"flip": 2, "minute": 0, "hour": 0, "run": 1}
    assert file.drawn(300, KEEP_FLIPS) == [(300, "up")]


def test_old_runs_go_with_their_flips_a_few_at_a_time(
    file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traymon.storage.history.retention.PRUNED_AT_ONCE", 3)
    for at in range(0, 100, 10):
        file.record(run(at), (at, UP))
    now = KEEP_FLIPS + 1000
    file.record(run(now), (now, UP))
    file.alive(run(now), now + 50)
    file.record(run(now + 60), (now + 60, UP))
    before = len(file.reader.read_runs("bot", 0, BEGAN + 100))
    file.write(lambda database: database.prune(run(now + 60), BEGAN + now + 60))
    after = len(file.reader.read_runs("bot", 0, BEGAN + 100))
    assert 0 < before - after <= 3
    for _ in range(5):
        file.write(lambda database: database.prune(run(now + 60), BEGAN + now + 60))
    assert file.reader.read_runs("bot", 0, BEGAN + 100) == ()
    assert file.drawn(now, now + 50) == [(now, "up")]


def test_a_clock_that_is_wrong_by_years_does_not_empty_the_file(file: File) -> None:
    file.record(run(), (0, DOWN))
    file.alive(run(), 100)
    wrong = run(50 * 365 * DAY)
    file.record(wrong, (50 * 365 * DAY, UP))
    file.write(lambda database: database.prune(wrong, wrong.started + 3600))
    assert file.drawn(0, 100) == [(0, "down")]


def test_hours_are_kept_for_longer_than_minutes() -> None:
    assert KEEP_MINUTES < KEEP_HOURS < KEEP_FLIPS


# --- the file itself


@pytest.mark.skipif(sys.platform == "win32", reason="the profile belongs to the user alone")
def test_nobody_else_may_read_it(file: File) -> None:
    file.record(run(), (0, UP))
    for path in file.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


def test_it_is_marked_as_ours(file: File) -> None:
    with sqlite3.connect(file.path) as other:
        assert other.execute("PRAGMA application_id").fetchone() == (0x7472616D,)
        assert other.execute("PRAGMA user_version").fetchone() == (1,)
    other.close()


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_text("hello, " * 50)
    with pytest.raises(HistoryError, match="it is no SQLite file"):
        HistoryFile(path).read_targets()


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes in folders here")
    os.mkfifo(tmp_path / "history.db")
    with pytest.raises(HistoryError, match="is not a file"):
        HistoryFile(tmp_path / "history.db").read_targets()


def test_rows_that_are_none_of_ours_are_said(file: File) -> None:
    file.record(run(), (0, UP))
    file.alive(run(), 10)
    with sqlite3.connect(file.path) as other:
        other.execute("UPDATE flip SET condition = 'fine'")
    other.close()
    with pytest.raises(HistoryError, match="cannot be read"):
        file.reader.read_periods("bot", BEGAN, BEGAN + 5)


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_no_hindrance_to_reading(file: File) -> None:
    file.record(run(), (0, UP))
    file.alive(run(), 10)
    file.database.close()
    file.path.parent.chmod(0o500)
    try:
        assert file.drawn(0, 10) == [(0, "up")]
    finally:
        file.path.parent.chmod(0o700)


def test_facts_of_another_type_than_now_are_left_out() -> None:
    text = '{"port": "7497", "apps": 2, "app_ports": 4000, "client_ids": [10, "x"], "holder": 7}'
    assert {str(fact): value for fact, value in decode_facts(text).items()} == {"apps": 2}
    known = '{"port": 7497, "app_ports": [4000, 4002], "holder": "bot.py (pid 7)", "took": 2}'
    assert len(decode_facts(known)) == 4
