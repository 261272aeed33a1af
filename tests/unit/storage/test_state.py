"""What outlives a restart, and files that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from traymon.storage.state import StateStore

DAYS = ["20261123:0930-20261123:1600", "20261126:CLOSED"]


def test_a_snooze_outlives_a_restart(tmp_path: Path) -> None:
    assert StateStore(tmp_path).snoozed_until() is None
    StateStore(tmp_path).keep_snooze(1_795_000_000.0)
    assert StateStore(tmp_path).snoozed_until() == 1_795_000_000.0
    StateStore(tmp_path).keep_snooze(None)
    assert StateStore(tmp_path).snoozed_until() is None


def test_hours_are_of_one_contract_and_do_not_lose_the_snooze(tmp_path: Path) -> None:
    kept = StateStore(tmp_path)
    kept.keep_snooze(5.0)
    assert kept.keep_hours("SPY", DAYS, "America/New_York")
    assert not kept.keep_hours("SPY", DAYS, "America/New_York")  # nothing new
    again = StateStore(tmp_path)
    hours = again.hours("SPY")
    assert hours is not None
    assert len(hours.dated) == 1
    assert again.hours("QQQ") is None
    assert again.snoozed_until() == 5.0


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"snoozed_until": "soon", "hours_of": "SPY"}', "\udcff"],
)
def test_a_file_that_cannot_be_used_counts_as_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    kept = StateStore(tmp_path)
    assert kept.snoozed_until() is None
    assert kept.hours("SPY") is None


@pytest.mark.parametrize("hours", [3, [3], ["tomorrow"], None])
def test_hours_that_cannot_be_used_count_as_none(hours: object, tmp_path: Path) -> None:
    values = {"hours_of": "SPY", "hours": hours, "hours_zone": "America/New_York"}
    (tmp_path / "kept.json").write_text(json.dumps(values), encoding="utf-8")
    assert StateStore(tmp_path).hours("SPY") is None


@pytest.mark.parametrize(
    ("days", "zone"),
    [
        (["20261123:0930-1600,1630-1700"], "America/New_York"),
        (DAYS, "Mars/Base"),
        ([], "America/New_York"),
    ],
)
def test_odd_hours_do_not_take_the_place_of_good_ones_and_are_logged_once(
    days: list[str], zone: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept = StateStore(tmp_path)
    assert kept.keep_hours("SPY", DAYS, "America/New_York")
    good = kept.hours("SPY")
    for _ in range(3):
        assert not kept.keep_hours("SPY", days, zone)
    assert kept.hours("SPY") == good == StateStore(tmp_path).hours("SPY")
    assert caplog.text.count("IB's trading hours of SPY cannot be used") == 1


def test_a_folder_that_cannot_be_written_to_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    kept = StateStore(tmp_path / "file")
    kept.keep_snooze(5.0)
    assert kept.snoozed_until() == 5.0


def test_one_is_greeted_once(tmp_path: Path) -> None:
    kept = StateStore(tmp_path)
    assert kept.mark_first_run()
    assert not kept.mark_first_run()
    assert not StateStore(tmp_path).mark_first_run()
