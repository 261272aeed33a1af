"""What spreadsheets and programs get of the history: frozen columns, and the same totals."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import pytest

from support.a_fortnight import DAY, NOW, SINCE, TARGET, write_fortnight, write_history
from traymon.core.periods import Condition, Period
from traymon.core.vocabulary import Light
from traymon.storage.history.reader import HistoryFile
from traymon.ui import history_export
from traymon.ui.history_record import Record, read_record

DOCUMENT = Path(__file__).parents[3] / "docs" / "history.md"


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    reader = write_fortnight(tmp_path_factory.mktemp("history") / "history.db")
    return read_record(reader, TARGET, SINCE, NOW, NOW)


def reread(columns: tuple[str, ...], rows: Iterable[list[str]]) -> list[dict[str, str]]:
    """Return rows as another program reads them from a CSV file."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows(rows)
    file.seek(0)
    return list(csv.DictReader(file))


def test_the_columns_are_frozen() -> None:
    assert ",".join(history_export.PERIOD_COLUMNS) == (
        "target,start,end,start_epoch,end_epoch,seconds,trading_seconds,"
        "condition,code,light,headline,incident"
    )
    assert ",".join(history_export.DAY_COLUMNS) == (
        "target,day,start,end,start_epoch,end_epoch,"
        "up_seconds,degraded_seconds,down_seconds,expected_seconds,asleep_seconds,"
        "unobserved_seconds,closed_seconds,"
        "availability,outages,trading_seconds,trading_availability"
    )


def test_every_column_and_field_is_documented(record: Record) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    plain = history_export.as_json(record)
    fields = {*plain, *plain["all_hours"], *plain["incidents"][0], *plain["periods"][0]}
    for name in {*history_export.PERIOD_COLUMNS, *history_export.DAY_COLUMNS, *fields}:
        assert f"`{name}`" in text, name


def test_periods_that_are_read_again_give_the_same_totals(record: Record) -> None:
    rows = reread(history_export.PERIOD_COLUMNS, history_export.period_rows(record))
    total, in_hours = Counter[str](), Counter[str]()
    for row in rows:
        total[row["condition"]] += round(float(row["seconds"]) * 1000)
        in_hours[row["condition"]] += round(float(row["trading_seconds"]) * 1000)
    measured = record.reliability
    assert measured.trading_hours is not None
    for condition in history_export.CONDITIONS:
        assert total[condition] == round(measured.all_hours.seconds[condition] * 1000)
        assert in_hours[condition] == round(measured.trading_hours.seconds[condition] * 1000)
    # the two outages, with the 4 s in which the reason was not known
    outages = {row["incident"] for row in rows if row["condition"] == "down"}
    assert total["down"] == (432 + 41) * 1000
    assert len(outages) == measured.all_hours.outages == 2


def test_days_that_are_read_again_give_the_same_totals(record: Record) -> None:
    rows = reread(history_export.DAY_COLUMNS, history_export.day_rows(record))
    for condition in history_export.CONDITIONS:
        total = sum(float(row[f"{condition}_seconds"]) for row in rows)
        assert total == pytest.approx(record.reliability.all_hours.seconds[condition], abs=0.01)
    assert sum(int(row["outages"]) for row in rows) == 2


def test_rows_fill_the_time_and_name_each_moment_twice(record: Record) -> None:
    rows = reread(history_export.PERIOD_COLUMNS, history_export.period_rows(record))
    for row in rows:
        for name in ("start", "end"):
            local = datetime.fromisoformat(row[name])
            assert local.utcoffset() is not None
            assert local.timestamp() == pytest.approx(float(row[f"{name}_epoch"]), abs=0.001)
    ends = [row["end_epoch"] for row in rows]
    assert [row["start_epoch"] for row in rows][1:] == ends[:-1]


def test_json_has_both_figures_and_every_incident(record: Record) -> None:
    plain = json.loads(json.dumps(history_export.as_json(record)))
    assert plain["schema"] == 1
    assert plain["all_hours"]["outages"] == 2
    assert plain["trading_hours"]["seconds"]["closed"] > 0
    silent = next(one for one in plain["incidents"] if one["code"] == "handshake-silent")
    assert (silent["seconds"], silent["condition"]) == (432, "down")
    assert [note["outcome"] for note in silent["notifications"]] == ["delivered", "delivered"]


def test_too_little_was_watched_for_a_percentage(tmp_path: Path) -> None:
    one = Period(NOW - DAY, NOW - DAY / 2, Condition.UP, "healthy", Light.GREEN)
    off = Period(one.end, NOW - 1, Condition.UNOBSERVED)
    last = Period(off.end, NOW, Condition.UP, "healthy", Light.GREEN)
    reader = write_history(tmp_path / "history.db", (one, off, last))
    day = read_record(reader, TARGET, NOW - DAY, NOW, NOW)
    assert history_export.as_json(day)["all_hours"]["availability"] is None


def test_without_a_history_everything_is_unobserved(tmp_path: Path) -> None:
    nothing = read_record(HistoryFile(tmp_path / "history.db"), "bot", NOW - DAY, NOW, NOW)
    plain = history_export.as_json(nothing)
    assert plain["recorded_since"] is None
    assert plain["all_hours"]["seconds"]["unobserved"] == DAY
    assert [row[7] for row in history_export.period_rows(nothing)] == ["unobserved"]


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-2", "@SUM(A1)"])
def test_no_text_is_a_formula_of_a_spreadsheet(tmp_path: Path, text: str) -> None:
    red = Period(NOW - 60, NOW, Condition.DOWN, "port-refused", Light.RED, text)
    reader = write_history(tmp_path / "history.db", (red,))
    record = read_record(reader, TARGET, NOW - 60, NOW, NOW)
    (row,) = reread(history_export.PERIOD_COLUMNS, history_export.period_rows(record))
    assert row["headline"] == f"'{text}"
