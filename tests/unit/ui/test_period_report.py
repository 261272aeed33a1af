"""The report of some days: the figures of the page, a strip for each day, one file alone."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from support.a_fortnight import DAY, HOUR, NOW, TARGET, write_fortnight, write_history
from support.documents import HOSTILE, Document
from traymon.core.history import HistoryReader
from traymon.core.periods import Condition, Period
from traymon.core.vocabulary import Light
from traymon.storage.history.reader import HistoryFile
from traymon.ui.latency_chart import latency_chart
from traymon.ui.period_report import MAX_INCIDENTS, PeriodReport, read_report
from traymon.ui.web.reports import period_html


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> HistoryFile:
    return write_fortnight(tmp_path_factory.mktemp("history") / "history.db")


def report(reader: HistoryReader, days: int = 7, now: float = NOW) -> PeriodReport:
    found = read_report(reader, TARGET, days, now)
    assert found is not None
    return found


def test_a_week_has_seven_days_today_included(reader: HistoryReader) -> None:
    week = report(reader)
    assert (week.count, len(week.strips), len(week.days)) == (7, 7, 7)
    assert week.strips[0].ends == "now"
    assert [one.name for one in week.strips] == [one.name for one in reversed(week.days)]
    assert {(one.begins, one.ends) for one in week.strips[1:]} == {("00:00", "24:00")}
    assert datetime.fromtimestamp(NOW).day == int(week.last_day.split()[1])


def test_the_figures_are_those_of_the_fortnight(reader: HistoryReader) -> None:
    week, fortnight = report(reader), report(reader, 15)
    assert week.outages is not None
    assert (week.outages.count, week.outages.total) == (1, "45 s")
    assert fortnight.outages is not None
    assert (fortnight.outages.count, fortnight.outages.longest) == (2, "7 min 12 s")
    assert [one.label for one in week.uptimes] == ["in trading hours", "at all hours"]
    assert len(fortnight.incidents) == 4
    assert len(fortnight.expected) == 1
    assert fortnight.expected[0].count == 11


def test_a_target_that_is_watched_for_a_day_has_no_good_week(tmp_path: Path) -> None:
    day = Period(NOW - DAY, NOW, Condition.UP, "healthy", Light.GREEN)
    week = report(write_history(tmp_path / "history.db", [day]))
    assert week.watching_since
    assert week.uptimes[-1].value.startswith("observed 24 of ")
    assert "traymon has watched this target since" in period_html([week], NOW)


def test_without_a_history_there_is_no_report(tmp_path: Path) -> None:
    assert read_report(HistoryFile(tmp_path / "history.db"), TARGET, 7, NOW) is None


def test_it_says_how_many_incidents_it_does_not_show(tmp_path: Path) -> None:
    periods = []
    for number in range(MAX_INCIDENTS + 5):
        at = NOW - DAY + number * 60
        periods.append(Period(at, at + 30, Condition.UP, "healthy", Light.GREEN))
        periods.append(Period(at + 30, at + 60, Condition.DOWN, "port-refused", Light.RED))
    week = report(write_history(tmp_path / "history.db", periods))
    assert (len(week.incidents), week.more_incidents) == (MAX_INCIDENTS, 5)
    assert "5 earlier ones are not shown." in period_html([week], NOW)


def test_the_file_needs_nothing_else(reader: HistoryReader) -> None:
    page = period_html([report(reader)], NOW)
    assert page.startswith("<!doctype html>")
    tags = Document(page).tags
    assert not [tag for tag in tags if tag.startswith(("script", "img", "iframe", "a "))]
    addresses = [tag for tag in tags if " href=" in tag or " src=" in tag]
    assert all(" href=data:" in tag for tag in addresses)
    identities = [tag.split(" id=")[1].split()[0] for tag in tags if " id=" in tag]
    assert len(identities) == len(set(identities))
    for one in report(reader).strips:
        assert f'aria-label="{one.name}: ' in page


def test_several_targets_are_one_file_and_each_stands_under_its_name(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    for target in ("live", "paper"):
        reader = write_fortnight(path, target)
    found = [read_report(reader, target, 7, NOW) for target in ("live", "paper")]
    page = period_html([one for one in found if one is not None], NOW)
    assert "<title>live, paper: " in page
    for target in ("live", "paper"):
        assert f"<h1>How reliable the API of {target} was</h1>" in page
        assert f'aria-label="The days of {target} as a table"' in page
    identities = [tag.split(" id=")[1].split()[0] for tag in Document(page).tags if " id=" in tag]
    assert len(identities) == len(set(identities))


@pytest.mark.parametrize("words", HOSTILE.values(), ids=HOSTILE)
def test_no_word_of_others_is_markup(words: str, tmp_path: Path) -> None:
    words = words.replace("\udc80", "?")  # the history's file holds no halves of characters
    red = Period(NOW - HOUR, NOW, Condition.DOWN, "port-refused", Light.RED, words)
    calm = Period(NOW - HOUR, NOW, Condition.DOWN, "port-refused", Light.RED, "calm")
    pages = [
        period_html([report(write_history(tmp_path / f"{n}.db", [one]))], NOW)
        for n, one in enumerate((red, calm))
    ]
    hostile, harmless = (Document(page).tags for page in pages)
    assert [tag.split()[0] for tag in hostile] == [tag.split()[0] for tag in harmless]


def test_a_chart_of_a_week_names_its_days(reader: HistoryReader) -> None:
    (name, chart), *_ = report(reader).latencies
    assert name == "Handshake"
    assert len([tick for tick in chart.ticks if tick.label]) in {5, 6, 7}
    assert latency_chart([], None, NOW - DAY, NOW) is None
