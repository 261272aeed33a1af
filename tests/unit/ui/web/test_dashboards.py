"""The history is read when there may be news, and kept meanwhile."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.a_fortnight import NOW, TARGET, write_history
from support.page_scenes import scene
from traymon.core.history import HistoryReader
from traymon.core.model import Status
from traymon.core.periods import Condition, Period
from traymon.core.time_windows import Span
from traymon.core.vocabulary import Light
from traymon.storage.history.reader import HistoryFile
from traymon.ui.web.dashboards import READ_AGAIN_AFTER, WRITTEN_WITHIN, Dashboards


class CountingReader(HistoryFile):
    """A history that counts how often it was read."""

    reads = 0

    def read_extent(self, target: str) -> Span | None:
        """Return from when to when there is a record."""
        self.reads += 1
        return super().read_extent(target)


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def reader(tmp_path: Path) -> CountingReader:
    path = tmp_path / "history.db"
    write_history(path, [Period(NOW - 9000, NOW, Condition.UP, "healthy", Light.GREEN)])
    return CountingReader(path)


def status(code: str = "healthy", since: float = NOW - 500) -> Status:
    shown = scene(code)
    assert shown.target.name == TARGET
    return replace(shown, since=since, light_since=since)


def test_without_a_history_there_are_no_dashboards() -> None:
    boards = Dashboards()
    assert boards.read([status()]) == boards.latest([status()]) == ()
    assert boards.find_incident([status()], 1) is None


def test_a_fault_of_our_own_costs_the_history_alone(
    reader: CountingReader, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(reader, "read_periods", fail)
    (board,) = Dashboards(reader, Clock()).read([status()])
    assert "open the log" in board.problem
    assert "ZeroDivisionError" in caplog.text


def test_a_demo_has_no_history(reader: CountingReader) -> None:
    shown = status()
    demo = replace(shown, target=replace(shown.target, demo=True))
    assert Dashboards(reader, Clock()).read([demo]) == ()


def test_what_was_read_is_kept_for_a_minute(reader: CountingReader) -> None:
    clock = Clock()
    boards = Dashboards(reader, clock)
    assert boards.latest([status()]) == (), "which never reads"
    first = boards.read([status()])
    assert boards.read([status()]) == boards.latest([status()]) == first
    clock.now += READ_AGAIN_AFTER - 1
    boards.read([status()])
    assert reader.reads == 1
    clock.now += 1
    boards.read([status()])
    assert reader.reads == 2


def test_a_change_is_read_at_once_and_again_once_it_is_surely_written(
    reader: CountingReader,
) -> None:
    clock = Clock()
    boards = Dashboards(reader, clock)
    boards.read([status()])
    boards.read([status("handshake-silent", since=NOW)])
    assert reader.reads == 2
    clock.now += WRITTEN_WITHIN
    boards.read([status("handshake-silent", since=NOW)])
    assert reader.reads == 3
    clock.now += WRITTEN_WITHIN
    boards.read([status("handshake-silent", since=NOW)])
    assert reader.reads == 4
    clock.now += WRITTEN_WITHIN
    boards.read([status("handshake-silent", since=NOW)])
    assert reader.reads == 4


def test_the_reader_is_one_of_the_core(reader: CountingReader) -> None:
    contract: HistoryReader = reader
    assert contract.read_targets() == (TARGET,)
