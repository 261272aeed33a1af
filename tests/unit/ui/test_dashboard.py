"""What the page says of the past: exact, honest about what was not watched, calm without anything.

The fortnight is read from a real file; its figures are counted by hand.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from support.a_fortnight import (
    DAY,
    HOUR,
    NOW,
    SINCE,
    TARGET,
    fortnight,
    write_fortnight,
    write_history,
)
from traymon.core.history import HistoryReader
from traymon.core.periods import Condition, Period
from traymon.core.time_windows import parse
from traymon.core.vocabulary import Light
from traymon.storage.history.reader import HistoryFile
from traymon.ui.dashboard import Dashboard, Past, read_dashboard
from traymon.ui.incident_material import find_incident
from traymon.ui.incidents import incident_view


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> HistoryFile:
    return write_fortnight(tmp_path_factory.mktemp("history") / "history.db")


def past_of(board: Dashboard) -> Past:
    assert board.past is not None
    return board.past


def test_the_last_seven_days_have_two_figures(reader: HistoryReader) -> None:
    in_hours, all_hours = past_of(read_dashboard(reader, TARGET, NOW)).uptimes
    # open from Wed 11:00 New York to Wed 11:00: five times 6.5 h, all of them good
    assert (in_hours.line, in_hours.details) == ("100 % in trading hours", "up 1 d 8 h")
    # down for 41 s, degraded for 10 min and 4 s, and not watched for 8 h of the 168
    assert all_hours.line == "99.99 % at all hours"
    assert "down 41 s" in all_hours.details
    assert "degraded 10 min 4 s" in all_hours.details
    assert "asleep 3 h, not watched 5 h" in all_hours.details


def test_the_outages_of_ninety_days_add_up_to_the_second(reader: HistoryReader) -> None:
    outages = past_of(read_dashboard(reader, TARGET, NOW)).outages
    assert outages is not None
    assert outages.count == 2
    # 7 min 12 s, and 41 s with the 4 s in which the reason was not known
    assert (outages.longest, outages.total) == ("7 min 12 s", "7 min 57 s")


def test_incidents_are_listed_newest_first_with_what_became_of_the_notification(
    reader: HistoryReader,
) -> None:
    board = read_dashboard(reader, TARGET, NOW)
    assert [one.condition for one in board.incidents] == ["degraded", "down", "degraded", "down"]
    slow, refused, _, silent = board.incidents
    assert (slow.tried, refused.tried, refused.failed) == (False, True, True)
    assert silent.told_by == "D-Bus"
    assert silent.told_at
    assert silent.lasted == "7 min 12 s"
    assert [stage.name for stage in refused.stages] == ["degraded", "down"]
    assert len(silent.notes) == 2
    (expected,) = board.expected
    assert (expected.count, expected.total) == (11, "36 min")


def test_an_incident_is_found_by_its_number(reader: HistoryReader) -> None:
    board = read_dashboard(reader, TARGET, NOW)
    for one in board.incidents:
        found = find_incident(reader, ["other", TARGET], one.number, NOW)
        assert found is not None
        assert (found[0], incident_view(found[1], NOW)) == (TARGET, one)
    assert find_incident(reader, [TARGET], 9999, NOW) is None


def test_the_days_are_in_a_table_too_since_the_first_that_was_watched(
    reader: HistoryReader,
) -> None:
    past = past_of(read_dashboard(reader, TARGET, NOW))
    assert len(past.days) == 15
    assert sum(day.outages for day in past.days) == 2
    assert [day.down for day in past.days if day.down] == ["41 s", "7 min 12 s"]
    assert past.days[-1].availability.startswith("observed ")
    (block,) = past.blocks
    assert len(block.bars) == 30


def test_what_the_charts_do_not_show_is_not_in_their_legend(reader: HistoryReader) -> None:
    past = past_of(read_dashboard(reader, TARGET, NOW))
    assert set(past.conditions) == set(Condition)


def test_response_times_are_shown_for_the_day_and_for_the_month(reader: HistoryReader) -> None:
    past = past_of(read_dashboard(reader, TARGET, NOW))
    assert [one.name for one in past.latencies] == ["Handshake", "Heartbeat"]
    for one in past.latencies:
        assert one.day is not None
        assert one.month is not None
        assert "median" in one.day.summary
        assert "95 % within" in one.month.summary


def test_trading_hours_of_the_settings_count_before_those_of_ib(reader: HistoryReader) -> None:
    # the outage of Tuesday 23:00 UTC lies in hours that are open all night
    hours = parse("Mon-Sun 00:00-23:59 UTC")
    in_hours, all_hours = past_of(read_dashboard(reader, TARGET, NOW, hours)).uptimes
    assert in_hours.value == all_hours.value == "99.99 %"


def test_the_present_ends_with_the_last_sign_of_life_of_a_traymon_that_runs(
    reader: HistoryReader,
) -> None:
    running = past_of(read_dashboard(reader, TARGET, NOW + 59))
    assert running.strip.segments[-1].condition is Condition.UP
    ended = past_of(read_dashboard(reader, TARGET, NOW + HOUR))
    assert ended.strip.segments[-1].condition is Condition.UNOBSERVED


def test_a_history_without_anything_says_nothing(tmp_path: Path) -> None:
    board = read_dashboard(HistoryFile(tmp_path / "history.db"), TARGET, NOW)
    assert board == Dashboard(TARGET)


def test_in_the_first_hour_there_are_no_figures_yet_but_incidents(tmp_path: Path) -> None:
    begins = NOW - 1800
    periods = (
        Period(begins, begins + 600, Condition.UP, "healthy", Light.GREEN),
        Period(begins + 600, NOW, Condition.DOWN, "port-refused", Light.RED, "It refuses"),
    )
    board = read_dashboard(write_history(tmp_path / "history.db", periods), TARGET, NOW)
    assert board.past is None
    assert board.watching_since
    (incident,) = board.incidents
    assert incident.ongoing
    assert incident.when.startswith("since ")
    assert incident.headline == "It refuses"


def test_a_clock_that_was_wrong_by_years_leaves_the_present_in_its_place(tmp_path: Path) -> None:
    year = 365 * DAY
    good = (Condition.UP, "healthy", Light.GREEN)
    periods = (
        Period(NOW - 2 * DAY, NOW, *good),
        Period(NOW, NOW + 1, Condition.UNOBSERVED),
        Period(NOW + year, NOW + year + DAY, *good),
    )
    reader = write_history(tmp_path / "history.db", periods)
    past = past_of(read_dashboard(reader, TARGET, NOW))
    assert past.strip.summary == "up 1 d"
    assert read_dashboard(reader, TARGET, NOW - 3 * DAY) == Dashboard(TARGET)


def test_an_incident_of_thousands_of_changes_is_cut_and_counted(tmp_path: Path) -> None:
    codes = ("port-refused", "handshake-silent")
    periods = [
        Period(
            NOW - 9000 + n, NOW - 9000 + n + 1, Condition.DOWN, codes[n % 2], Light.RED, "It fails"
        )
        for n in range(3000)
    ]
    reader = write_history(tmp_path / "history.db", periods)
    (incident,) = read_dashboard(reader, TARGET, NOW).incidents
    assert len(incident.stages) + incident.more_stages == 3000
    assert len(incident.stages) <= 40


def test_a_damaged_history_is_named_and_nothing_fails(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"no database " * 100)
    board = read_dashboard(HistoryFile(path), TARGET, NOW)
    assert "cannot be read" in board.problem
    assert board.past is None


def test_many_incidents_are_cut_and_counted(tmp_path: Path) -> None:
    periods, at = [], NOW - 30 * HOUR
    for number in range(60):
        condition, light = (
            (Condition.DOWN, Light.RED) if number % 2 else (Condition.UP, Light.GREEN)
        )
        periods.append(Period(at, at + 1800, condition, "port-refused", light, "It refuses"))
        at += 1800
    board = read_dashboard(write_history(tmp_path / "history.db", periods), TARGET, NOW)
    assert len(board.incidents) == 20
    assert board.older_incidents == 10
    assert board.incidents[0].ongoing


def test_the_fortnight_is_as_it_says() -> None:
    periods = fortnight()
    assert periods[0].start == SINCE
    assert periods[-1].end == NOW == SINCE + 14 * DAY
    assert all(a.end == b.start for a, b in pairwise(periods))
