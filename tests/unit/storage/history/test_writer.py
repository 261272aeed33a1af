"""Whatever is wrong with the file: it is reported once, nothing written is lost, work goes on."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.polling import wait_for
from traymon.core.history import HistoryError
from traymon.core.periods import Condition
from traymon.core.vocabulary import Light
from traymon.storage.history import database as database_module
from traymon.storage.history import writer as writer_module
from traymon.storage.history.database import Database, FlipRow, Run
from traymon.storage.history.reader import HistoryFile
from traymon.storage.history.writer import HistoryWriter, free_name

BEGAN = 1_790_000_000.0
RUN = Run("bot", BEGAN, "traymon 1.0")
STOP_TIMEOUT = 30.0


class Kept:
    """A writer, and what lies in its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / "history.db"
        self.troubles: list[str] = []
        self.writer = HistoryWriter(self.path, self.troubles.append)
        self.reader = HistoryFile(self.path)

    def flip(self, at: float) -> None:
        row = FlipRow(BEGAN + at, Condition.UP, "healthy", Light.GREEN)
        self.writer.post(partial(_add_flip, row))

    @property
    def flips(self) -> list[float]:
        """Return when flips were written, in seconds of the story."""
        try:
            rows = self.reader._query("SELECT at FROM flip ORDER BY id")
        except HistoryError:
            return []
        return [at / 1000 - BEGAN for (at,) in rows]

    def wait_for(self, *flips: float) -> None:
        wait_for(lambda: self.flips == list(flips), f"the flips {flips}")

    def wait_for_trouble(self) -> None:
        wait_for(lambda: self.troubles, "the trouble")

    @property
    def set_aside(self) -> list[Path]:
        return sorted(self.folder.glob("history-damaged-*.db"))


def _add_flip(row: FlipRow, database: Database) -> None:
    database.add_flip(RUN, row)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    monkeypatch.setattr(writer_module, "RETRY_INTERVAL", 0.02)
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT", 0.02)
    kept = Kept(tmp_path / "state")
    yield kept
    kept.writer.stop(STOP_TIMEOUT)


def test_what_is_posted_is_written_in_order(kept: Kept) -> None:
    for at in range(20):
        kept.flip(at)
    kept.writer.stop(STOP_TIMEOUT)
    assert kept.flips == list(range(20))
    assert kept.troubles == []


def test_nothing_is_opened_before_something_is_kept(kept: Kept) -> None:
    kept.writer.stop(STOP_TIMEOUT)
    assert not kept.folder.exists()


def test_after_the_end_nothing_is_taken(kept: Kept) -> None:
    kept.writer.stop(STOP_TIMEOUT)
    kept.flip(1)
    assert not kept.folder.exists()


def test_a_file_that_is_no_database_is_set_aside_whole(kept: Kept) -> None:
    kept.folder.mkdir()
    kept.path.write_text("my diary, which must not be lost\n" * 20)
    content = kept.path.read_text()
    kept.flip(1)
    kept.wait_for(1)
    (aside,) = kept.set_aside
    assert aside.read_text() == content
    assert kept.troubles == []


def damage(path: Path, offset: int) -> bytes:
    """Overwrite a part of the file, as a failing disk does."""
    data = bytearray(path.read_bytes())
    data[offset : offset + 600] = b"\xa5" * len(data[offset : offset + 600])
    path.write_bytes(data)
    return bytes(data)


def fill(path: Path) -> None:
    """Write a file of some pages, all of it in its main file."""
    database = Database(path)
    for at in range(200):
        database.transaction(
            partial(_add_flip, FlipRow(BEGAN - at, Condition.DOWN, "app-not-running", Light.RED))
        )
    database.close()


@pytest.mark.parametrize("offset", [100, 1024, 8192])
def test_a_damaged_database_is_set_aside_and_never_deleted(kept: Kept, offset: int) -> None:
    fill(kept.path)
    content = damage(kept.path, offset)
    kept.flip(1)
    kept.wait_for(1)
    (aside,) = kept.set_aside
    assert aside.read_bytes() == content


def test_a_database_without_our_columns_is_set_aside(kept: Kept) -> None:
    fill(kept.path)
    with sqlite3.connect(kept.path) as other:
        other.execute("ALTER TABLE flip RENAME COLUMN code TO title")
    other.close()
    kept.flip(1)
    kept.wait_for(1)
    assert len(kept.set_aside) == 1


def test_tables_that_are_missing_are_made_again(kept: Kept) -> None:
    fill(kept.path)
    with sqlite3.connect(kept.path) as other:
        other.execute("DROP TABLE minute")
    other.close()
    kept.flip(1)
    kept.writer.stop(STOP_TIMEOUT)
    assert kept.flips[-1] == 1
    assert kept.set_aside == []


def test_a_second_damage_is_said_and_not_set_aside(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> None:
        raise sqlite3.DatabaseError("malformed")

    monkeypatch.setattr(writer_module, "_is_damage", lambda error: True)
    monkeypatch.setattr(Database, "add_flip", refuse)
    kept.flip(1)
    kept.wait_for_trouble()
    assert len(kept.set_aside) == 1


@pytest.mark.parametrize(
    ("pragmas", "who"),
    [
        (("user_version = 2", "application_id = 1953653101"), "a newer traymon"),
        (("user_version = 1", "application_id = 7"), "another program"),
        (("user_version = 3",), "another program"),
    ],
)
def test_the_file_of_somebody_else_is_not_touched(
    kept: Kept, pragmas: tuple[str, ...], who: str
) -> None:
    kept.folder.mkdir()
    with sqlite3.connect(kept.path) as other:
        other.execute("CREATE TABLE theirs (x)")
        for pragma in pragmas:
            other.execute(f"PRAGMA {pragma}")
    other.close()
    before = kept.path.read_bytes(), kept.path.stat().st_mtime_ns
    kept.flip(1)
    kept.wait_for_trouble()
    assert f"{who} has written it" in kept.troubles[0]
    kept.writer.stop(STOP_TIMEOUT)
    assert (kept.path.read_bytes(), kept.path.stat().st_mtime_ns) == before
    assert os.listdir(kept.folder) == ["history.db"]
    with pytest.raises(HistoryError, match=who):
        kept.reader.read_targets()


def test_a_newer_version_that_is_still_in_the_log_is_not_touched_either(kept: Kept) -> None:
    fill(kept.path)
    newer = sqlite3.connect(kept.path)
    newer.execute("PRAGMA wal_autocheckpoint = 0")
    newer.execute("PRAGMA user_version = 2")
    kept.flip(1)
    kept.wait_for_trouble()
    kept.writer.stop(STOP_TIMEOUT)
    assert newer.execute("SELECT count(*) FROM flip").fetchone() == (200,)
    newer.close()


def test_what_waits_for_a_lock_is_written_later(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(kept.path)
    opened: list[Path] = []

    def open_again(path: Path) -> Database:
        opened.append(path)
        return Database(path)

    monkeypatch.setattr(writer_module, "Database", open_again)
    other = sqlite3.connect(kept.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    kept.flip(1)
    kept.flip(2)
    wait_for(lambda: len(opened) > 3, "some attempts")
    assert "locked" in kept.troubles[0]
    other.execute("COMMIT")
    other.close()
    wait_for(lambda: kept.troubles[1:] == [""], "the end of the trouble")
    kept.writer.stop(STOP_TIMEOUT)
    assert kept.flips[-2:] == [1, 2]
    assert len(kept.troubles) == 2  # reported once, however often it was tried


def test_a_full_disk_costs_nothing_that_was_written(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(kept.path)
    prepare = Database._prepare

    def prepare_on_a_full_disk(database: Database) -> None:
        prepare(database)
        pages = database._connection.execute("PRAGMA page_count").fetchone()[0]
        database._connection.execute(f"PRAGMA max_page_count = {pages}")

    big = FlipRow(BEGAN + 1, Condition.UP, "x" * 100_000, Light.GREEN)
    with monkeypatch.context() as patch:
        patch.setattr(Database, "_prepare", prepare_on_a_full_disk)
        kept.writer.post(partial(_add_flip, big))
        kept.wait_for_trouble()
        assert "full" in kept.troubles[0]
        assert len(kept.flips) == 200
    wait_for(lambda: kept.troubles[1:] == [""], "the end of the trouble")
    assert kept.flips[-1] == 1


def test_a_folder_that_is_removed_is_made_again(kept: Kept) -> None:
    kept.flip(1)
    kept.wait_for(1)
    moved = kept.folder.with_name("moved")
    kept.folder.rename(moved)
    kept.flip(2)
    kept.wait_for(2)
    assert HistoryFile(moved / "history.db")._query("SELECT count(*) FROM flip") == [(1,)]


def test_a_folder_that_is_a_file_is_said(tmp_path: Path, kept: Kept) -> None:
    kept.folder.write_text("")
    kept.flip(1)
    kept.wait_for_trouble()
    kept.folder.unlink()
    kept.wait_for(1)


def test_a_pipe_in_its_place_is_left_alone(kept: Kept) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes in folders here")
    kept.folder.mkdir()
    os.mkfifo(kept.path)
    kept.flip(1)
    kept.wait_for_trouble()
    assert "is not a file" in kept.troubles[0]
    assert kept.path.is_fifo()
    kept.path.unlink()
    kept.wait_for(1)


def test_a_file_of_the_owner_s_that_is_write_protected_is_said(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(kept.path)

    def refuse(path: Path) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(database_module, "open_for_appending", refuse)
        kept.flip(1)
        kept.wait_for_trouble()
        assert "Permission denied" in kept.troubles[0]
    wait_for(lambda: kept.flips[-1] == 1, "the flip")


def test_if_too_much_waits_what_can_be_missed_goes_first(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MAX_WAITING", 5)
    busy, go_on = threading.Event(), threading.Event()

    def hold(database: Database) -> None:
        busy.set()
        go_on.wait(STOP_TIMEOUT)

    written: list[str] = []
    kept.writer.post(hold)
    assert busy.wait(STOP_TIMEOUT)
    for name in ("minute 1", "minute 2", "flip 1", "flip 2", "flip 3", "flip 4"):
        write = partial(_note, written, name)
        kept.writer.post(write, can_be_missed=name.startswith("minute"))
    go_on.set()
    kept.writer.stop(STOP_TIMEOUT)
    assert written == ["flip 1", "flip 2", "flip 3", "flip 4"]


def _note(written: list[str], name: str, database: Database) -> None:
    written.append(name)


def test_a_mistake_in_one_thing_does_not_keep_the_others_from_the_file(kept: Kept) -> None:
    def fail(database: Database) -> None:
        database.add_flip(RUN, FlipRow(BEGAN, Condition.DOWN))
        raise ValueError("a mistake of ours")

    kept.writer.post(fail)
    kept.flip(1)
    kept.writer.stop(STOP_TIMEOUT)
    assert kept.flips == [1]
    assert kept.troubles == []


def test_two_writers_of_one_file_lose_nothing(tmp_path: Path) -> None:
    first, second = Kept(tmp_path), Kept(tmp_path)
    for at in range(50):
        first.flip(at)
        second.flip(at + 1000)
    first.writer.stop(STOP_TIMEOUT)
    second.writer.stop(STOP_TIMEOUT)
    assert sorted(first.flips) == [*range(50), *range(1000, 1050)]
    assert first.troubles == second.troubles == []


def test_what_is_set_aside_takes_the_place_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    first = free_name(path, "20261128-031200")
    assert first.name == "history-damaged-20261128-031200.db"
    first.touch()
    assert free_name(path, "20261128-031200").name == "history-damaged-20261128-031200-2.db"
