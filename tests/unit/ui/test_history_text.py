"""What `traymon history` prints: readable in every terminal, without colour, and in a pipe."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from support.a_fortnight import DAY, HOUR, NOW, SINCE, TARGET, write_fortnight
from traymon.ui.history_record import Record, read_record
from traymon.ui.history_text import history_text, is_ascii


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    reader = write_fortnight(tmp_path_factory.mktemp("history") / "history.db")
    return read_record(reader, TARGET, SINCE, NOW, NOW)


def printed(record: Record, width: int = 200, *, ascii_only: bool = False) -> str:
    file = io.StringIO()
    console = Console(file=file, width=width, highlight=False)
    console.print(history_text(record, NOW, width=width, ascii_only=ascii_only))
    return file.getvalue()


def strip_of(text: str, name: str) -> str:
    (line,) = (line for line in text.splitlines() if line.startswith(name))
    return line.removeprefix(name).split()[0]


def test_it_says_both_figures_and_every_incident(record: Record) -> None:
    text = printed(record)
    assert "in trading hours" in text
    assert "at all hours" in text
    assert "2        outages" in text
    assert "7 min 57 s in all, the longest 7 min 12 s" in text
    assert "✗ TWS does not answer programs (port 7497)" in text
    assert "(D-Bus)" in text
    assert "failed" in text
    assert "Expected: IB resets its servers until 05:45, 11 times, 36 min in all." in text


def test_the_strips_have_a_character_for_each_hour_and_day(record: Record) -> None:
    text = printed(record)
    hours, days = strip_of(text, "By hour"), strip_of(text, "By day")
    assert len(hours) == 24
    assert hours[7] == "✗"  # 41 s in an hour are not lost
    assert len(days) == len(record.days)
    assert days.count("✗") == 2
    assert "░" not in days  # a reset each night says nothing about a day


def test_a_terminal_without_these_characters_gets_others(record: Record) -> None:
    text = printed(record, ascii_only=True)
    assert strip_of(text, "By hour")[7] == "X"
    assert "# up" in text
    assert all(map(is_ascii, ("ascii", "cp1252", "no-such-encoding")))
    assert not is_ascii("utf-8")


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_nothing_is_wider_than_the_terminal_or_cut(record: Record, width: int) -> None:
    text = printed(record, width)
    assert max(map(len, text.splitlines())) <= width
    words = " ".join(text.split())
    if width >= 40:
        assert "TWS does not answer programs" in words


def test_a_time_without_incidents_is_calm(tmp_path: Path) -> None:
    reader = write_fortnight(tmp_path / "history.db")
    text = printed(read_record(reader, TARGET, NOW - 3 * HOUR, NOW - HOUR, NOW))
    assert "No outage and no warning in this time." in text
    assert len(strip_of(text, "By hour")) == 2
    assert "By day" not in text


def test_a_time_before_the_first_record_is_no_good_time(tmp_path: Path) -> None:
    reader = write_fortnight(tmp_path / "history.db")
    record = read_record(reader, TARGET, SINCE - 3 * DAY, SINCE - DAY, NOW)
    text = printed(record)
    assert "Nothing was watched." in text
    assert "observed 0 of 48 h" in text
    assert "traymon has watched this target since" in text
