"""What outlives a restart: by whom it is changed at once, and what cannot be read."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from traymon.core.drill import DrillRecord
from traymon.core.programs import Expectation
from traymon.core.target import OwnProgram, Target
from traymon.storage.state import StateStore
from traymon.storage.state_format import MAX_CLIENT_ID, MIN_CLIENT_ID

DAYS = ["20261123:0930-20261123:1600", "20261126:CLOSED"]
NEW_YORK = "America/New_York"
BOT = OwnProgram("C:\\bot.exe", "")
SCRIPT = OwnProgram("/usr/bin/python3", "/a/run.py")


def write(folder: Path, **values: object) -> Path:
    path = folder / "state.json"
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


# --- mute


def test_a_mute_outlives_a_restart_but_another_gateway_of_that_name_is_heard(
    tmp_path: Path,
) -> None:
    paper = Target("bot", port=4002)
    StateStore(tmp_path).keep_muted(paper, True)
    assert StateStore(tmp_path).is_muted(paper)
    assert not StateStore(tmp_path).is_muted(Target("bot", port=4001))
    StateStore(tmp_path).keep_muted(paper, False)
    assert not StateStore(tmp_path).is_muted(paper)


# --- snooze


def test_a_snooze_outlives_a_restart(tmp_path: Path) -> None:
    assert StateStore(tmp_path).snoozed_until(Target("bot")) is None
    StateStore(tmp_path).keep_snooze(Target("bot"), 1_795_000_000.0)
    assert StateStore(tmp_path).snoozed_until(Target("bot")) == 1_795_000_000.0
    StateStore(tmp_path).keep_snooze(Target("bot"), None)
    assert StateStore(tmp_path).snoozed_until(Target("bot")) is None


def test_a_snooze_holds_for_a_name_at_an_address(tmp_path: Path) -> None:
    StateStore(tmp_path).keep_snooze(Target("bot", port=4002), 5.0)
    state = StateStore(tmp_path)
    assert state.snoozed_until(Target("bot", port=4002)) == 5.0
    assert state.snoozed_until(Target("bot", port=4001)) is None


def test_a_port_that_was_found_is_no_part_of_the_address(tmp_path: Path) -> None:
    today, tomorrow = (Target("bot", port=port, discovered=True) for port in (7497, 4002))
    state = StateStore(tmp_path)
    state.keep_snooze(today, 5.0)
    state.keep_muted(today, True)
    assert state.snoozed_until(tomorrow) == 5.0
    assert state.is_muted(tomorrow)
    state.keep_snooze(tomorrow, None)
    assert state.snoozed_until(today) is None


def test_a_snooze_of_an_older_version_holds_for_the_name(tmp_path: Path) -> None:
    write(tmp_path, snoozed_until={"bot": 5.0, "other": 6.0})
    state, bot = StateStore(tmp_path), Target("bot", port=4002)
    assert state.snoozed_until(bot) == 5.0
    state.keep_snooze(bot, None)
    assert StateStore(tmp_path).snoozed_until(bot) is None
    assert StateStore(tmp_path).snoozed_until(Target("other")) == 6.0


def test_a_snooze_is_of_one_target(tmp_path: Path) -> None:
    state = StateStore(tmp_path)
    state.keep_snooze(Target("bot"), 5.0)
    state.keep_snooze(Target("other"), None)
    state.keep_snooze(Target("third"), 6.0)
    state.keep_snooze(Target("third"), None)
    for known in (state, StateStore(tmp_path)):
        assert known.snoozed_until(Target("bot")) == 5.0
        assert known.snoozed_until(Target("other")) is None
        assert known.snoozed_until(Target("third")) is None


# --- the newest release


def test_what_was_heard_of_releases_outlives_a_restart(tmp_path: Path) -> None:
    assert StateStore(tmp_path).release_asked_at() == 0.0
    StateStore(tmp_path).keep_release(1_795_000_000.0, "0.3.0")
    known = StateStore(tmp_path)
    assert (known.release_asked_at(), known.newest_release()) == (1_795_000_000.0, "0.3.0")


@pytest.mark.parametrize("value", ["<b>", "v1", "1.0\n", 3.0, None, []])
def test_no_release_is_heard_of_by_what_is_no_version(tmp_path: Path, value: object) -> None:
    write(tmp_path, newest_release=value, release_asked_at=value)
    known = StateStore(tmp_path)
    assert known.newest_release() == ""
    assert known.release_asked_at() in (0.0, 3.0)


# --- IB's trading hours


def test_hours_are_of_one_contract_and_do_not_lose_the_snooze(tmp_path: Path) -> None:
    state = StateStore(tmp_path)
    state.keep_snooze(Target("bot"), 5.0)
    assert state.keep_hours("SPY", DAYS, NEW_YORK)
    assert not state.keep_hours("SPY", DAYS, NEW_YORK)  # nothing new
    again = StateStore(tmp_path)
    hours = again.hours("SPY")
    assert hours is not None
    assert len(hours.dated) == 1
    assert again.hours("QQQ") is None
    assert again.keep_hours("QQQ", DAYS[:1], NEW_YORK)
    assert again.hours("SPY") == hours
    assert again.snoozed_until(Target("bot")) == 5.0


@pytest.mark.parametrize("days", [3, [3], ["tomorrow"], None])
def test_hours_that_cannot_be_used_count_as_none(days: object, tmp_path: Path) -> None:
    write(tmp_path, hours={"SPY": {"days": days, "zone": NEW_YORK}}, greeted=True)
    state = StateStore(tmp_path)
    assert state.hours("SPY") is None
    assert not state.mark_first_run()


@pytest.mark.parametrize(
    ("days", "zone"),
    [
        (["20261123:0930-1600,1630-1700"], NEW_YORK),
        (DAYS, "Mars/Base"),
        ([], NEW_YORK),
    ],
)
def test_odd_hours_do_not_take_the_place_of_good_ones_and_are_logged_once(
    days: list[str], zone: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = StateStore(tmp_path)
    assert state.keep_hours("SPY", DAYS, NEW_YORK)
    good = state.hours("SPY")
    for _ in range(3):
        assert not state.keep_hours("SPY", days, zone)
    assert state.hours("SPY") == good == StateStore(tmp_path).hours("SPY")
    assert caplog.text.count("IB's trading hours of SPY cannot be used") == 1


# --- the first run


def test_one_is_greeted_once(tmp_path: Path) -> None:
    state = StateStore(tmp_path)
    assert state.mark_first_run()
    assert not state.mark_first_run()
    assert not StateStore(tmp_path).mark_first_run()


# --- the client ID of traymon's own session


def test_the_id_is_chosen_once_and_remembered(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    chosen = StateStore(folder).load_or_create_client_id()
    assert MIN_CLIENT_ID <= chosen <= MAX_CLIENT_ID
    assert {StateStore(folder).load_or_create_client_id() for _ in range(20)} == {chosen}
    assert json.loads((folder / "state.json").read_text(encoding="utf-8")) == {"client_id": chosen}


def test_two_that_choose_at_the_same_time_agree(tmp_path: Path) -> None:
    one, other = StateStore(tmp_path), StateStore(tmp_path)
    assert one.load_or_create_client_id() == other.load_or_create_client_id()


def test_two_installations_choose_for_themselves(tmp_path: Path) -> None:
    folders = [tmp_path / str(number) for number in range(50)]
    assert len({StateStore(folder).load_or_create_client_id() for folder in folders}) > 25


@pytest.mark.parametrize(
    "value", ["", "abc", 0, 1, MIN_CLIENT_ID - 1, MAX_CLIENT_ID + 1, -9100, 9e3, None, True]
)
def test_what_is_no_usable_id_is_replaced(tmp_path: Path, value: object) -> None:
    write(tmp_path, client_id=value)
    chosen = StateStore(tmp_path).load_or_create_client_id()
    assert type(chosen) is int
    assert MIN_CLIENT_ID <= chosen <= MAX_CLIENT_ID
    assert StateStore(tmp_path).load_or_create_client_id() == chosen


@pytest.mark.parametrize("id_", [MIN_CLIENT_ID, MAX_CLIENT_ID])
def test_the_first_and_the_last_id_may_be_kept(tmp_path: Path, id_: int) -> None:
    write(tmp_path, client_id=id_)
    assert StateStore(tmp_path).load_or_create_client_id() == id_


# --- own programs


def test_what_was_said_is_remembered_by_every_traymon(tmp_path: Path) -> None:
    one, other = StateStore(tmp_path / "state"), StateStore(tmp_path / "state")
    assert one.own_programs() == ()
    one.add_own_program(SCRIPT)
    one.add_own_program(BOT)
    one.add_own_program(BOT)
    assert other.own_programs() == (SCRIPT, BOT)
    assert other.forget_own_program(1) == SCRIPT
    assert one.own_programs() == (BOT,)


@pytest.mark.parametrize("number", [-1, 0, 2])
def test_what_is_not_there_cannot_be_forgotten(number: int, tmp_path: Path) -> None:
    state = StateStore(tmp_path)
    state.add_own_program(BOT)
    with pytest.raises(IndexError):
        state.forget_own_program(number)
    assert state.own_programs() == (BOT,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        "{}[]",
        *(f'{{"own_programs": {p}}}' for p in ("[1]", '[{"exe": "a"}]', "{}")),
    ],
)
def test_a_spoiled_file_is_said_in_the_log_once_and_the_last_good_list_stays(
    text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = StateStore(tmp_path)
    state.add_own_program(BOT)
    path = tmp_path / "state.json"
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(1, 1))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert state.own_programs() == (BOT,)
    assert caplog.text.count("state.json") == 1
    state.add_own_program(SCRIPT)
    assert StateStore(tmp_path).own_programs() == (BOT, SCRIPT)


def test_a_program_that_cannot_be_written_down_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"):
        StateStore(tmp_path / "file").add_own_program(BOT)


def test_the_file_can_be_read_by_a_person(tmp_path: Path) -> None:
    StateStore(tmp_path).add_own_program(OwnProgram("python", "run.py"))
    text = (tmp_path / "state.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"own_programs": [{"exe": "python", "script": "run.py"}]}
    assert "\n" in text


# --- several processes


ADD_PROGRAMS = """
import sys
from pathlib import Path
from traymon.core.target import OwnProgram
from traymon.storage.state import StateStore
folder, name = Path(sys.argv[1]), sys.argv[2]
for number in range(5):
    StateStore(folder).add_own_program(OwnProgram(name, str(number)))
"""


def test_no_process_loses_what_another_has_written(tmp_path: Path) -> None:
    names = ["a", "b", "c"]
    command = [sys.executable, "-c", ADD_PROGRAMS, str(tmp_path)]
    with ExitStack() as stack:
        writers = [stack.enter_context(subprocess.Popen([*command, name])) for name in names]
        assert [writer.wait() for writer in writers] == [0, 0, 0]
    written = {OwnProgram(name, str(number)) for name in names for number in range(5)}
    assert set(StateStore(tmp_path).own_programs()) == written


def test_what_one_keeps_does_not_undo_what_another_has_changed(tmp_path: Path) -> None:
    tray, command = StateStore(tmp_path), StateStore(tmp_path)
    tray.add_own_program(BOT)
    assert command.forget_own_program(1) == BOT
    tray.keep_snooze(Target("bot"), 5.0)
    assert StateStore(tmp_path).own_programs() == ()
    assert StateStore(tmp_path).snoozed_until(Target("bot")) == 5.0


# --- files that cannot be used


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{", "\udcff"),
        '{"snoozed_until": "soon", "hours": "SPY"}',
        '{"snoozed_until": {"bot": 1e999}}',
    ],
)
def test_a_file_that_cannot_be_used_counts_as_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "state.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    state = StateStore(tmp_path)
    assert state.snoozed_until(Target("bot")) is None
    assert state.hours("SPY") is None
    assert state.own_programs() == ()


def test_a_value_that_cannot_be_read_costs_that_value_alone(tmp_path: Path) -> None:
    programs = [{"exe": BOT.exe, "script": ""}]
    write(tmp_path, greeted="yes", client_id=9200, own_programs=programs, snoozed_until=[])
    state = StateStore(tmp_path)
    assert state.load_or_create_client_id() == 9200
    assert state.own_programs() == (BOT,)
    assert state.snoozed_until(Target("bot")) is None
    assert state.mark_first_run()


def test_a_folder_that_cannot_be_written_to_is_no_reason_to_stop(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="ascii")
    state = StateStore(tmp_path / "file")
    state.keep_snooze(Target("bot"), 5.0)
    assert state.snoozed_until(Target("bot")) == 5.0
    assert state.mark_first_run()
    assert not state.mark_first_run()
    chosen = state.load_or_create_client_id()
    assert MIN_CLIENT_ID <= chosen <= MAX_CLIENT_ID
    assert state.load_or_create_client_id() == chosen
    assert "cannot be written" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_what_is_kept_is_readable_by_the_user_alone(tmp_path: Path) -> None:
    StateStore(tmp_path).add_own_program(BOT)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


# --- the files of before


def write_old_files(folder: Path, client_id: str = "9123\n", **kept: object) -> None:
    folder.joinpath("kept.json").write_text(json.dumps(kept), encoding="utf-8")
    folder.joinpath("client-id").write_text(client_id, encoding="utf-8")
    programs = [{"exe": SCRIPT.exe, "script": SCRIPT.script}]
    folder.joinpath("own-programs.json").write_text(json.dumps(programs), encoding="utf-8")


def test_an_upgrade_loses_nothing(tmp_path: Path) -> None:
    hours: dict[str, Any] = {"hours_of": "SPY", "hours": DAYS, "hours_zone": NEW_YORK}
    write_old_files(tmp_path, snoozed_until=5.0, greeted=True, **hours)
    for _ in range(2):  # from the old files, then from the new one
        state = StateStore(tmp_path)
        assert state.snoozed_until(Target("bot")) == 5.0
        assert state.hours("SPY") is not None
        assert state.load_or_create_client_id() == 9123
        assert not state.mark_first_run()
        assert SCRIPT in state.own_programs()
        state.add_own_program(BOT)
    state.keep_snooze(Target("bot"), None)
    assert StateStore(tmp_path).snoozed_until(Target("bot")) is None


def test_the_old_files_are_not_read_once_there_is_a_new_one(tmp_path: Path) -> None:
    write_old_files(tmp_path)
    write(tmp_path, greeted=True)
    state = StateStore(tmp_path)
    assert state.own_programs() == ()
    assert (tmp_path / "own-programs.json").exists()  # for one who goes back


def test_an_old_file_that_cannot_be_read_costs_what_it_held_alone(tmp_path: Path) -> None:
    write_old_files(tmp_path, "9100 9200", snoozed_until=None, hours_of="SPY", hours=[3])
    state = StateStore(tmp_path)
    assert state.snoozed_until(Target("bot")) is None
    assert state.hours("SPY") is None
    assert state.own_programs() == (SCRIPT,)
    assert MIN_CLIENT_ID <= state.load_or_create_client_id() <= MAX_CLIENT_ID


def test_old_files_that_are_no_text_cost_nothing_else(tmp_path: Path) -> None:
    for name in ("kept.json", "client-id", "own-programs.json"):
        (tmp_path / name).write_bytes(b"\xff\xfe9\x001\x00")
    assert StateStore(tmp_path).own_programs() == ()
    assert StateStore(tmp_path).mark_first_run()


# --- the drill


def test_what_drills_have_proven_outlives_a_restart(tmp_path: Path) -> None:
    assert StateStore(tmp_path).drill() is None
    record = DrillRecord(100.0).sent(["desktop", "phone"], 200.0)
    record = record.answered("desktop", 210.0).failed("phone", "HTTP 500", 220.0)
    StateStore(tmp_path).keep_drill(record)
    assert StateStore(tmp_path).drill() == record


@pytest.mark.parametrize(
    "value",
    [
        7,
        {},
        {"since": "now"},
        {"since": -1},
        {"since": 1e300},
        {"since": True},
        {"since": 1, "last": []},
        {"since": 1, "channels": {"phone": 3}},
        {"since": 1, "channels": {"phone": {"since": 1, "why": 4}}},
    ],
)
def test_a_drill_that_cannot_be_one_costs_nothing_else(
    value: object, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, drill=value, client_id=MIN_CLIENT_ID)
    state = StateStore(tmp_path)
    assert state.drill() is None
    assert state.load_or_create_client_id() == MIN_CLIENT_ID
    assert "drill cannot be used" in caplog.text


# --- the calendar's key


def test_the_key_of_the_calendar_outlives_a_restart_and_can_be_replaced(tmp_path: Path) -> None:
    state = StateStore(tmp_path)
    assert state.calendar_key() == ""
    first = state.create_calendar_key()
    assert len(first) > 40
    assert StateStore(tmp_path).calendar_key() == state.calendar_key() == first
    second = state.create_calendar_key()
    assert second != first
    assert StateStore(tmp_path).calendar_key() == second
    state.keep_snooze(Target("bot"), 5.0)
    assert StateStore(tmp_path).calendar_key() == second


@pytest.mark.parametrize("value", [7, None, ["a"], "a b", "é", "x" * 101, "a\n"])
def test_a_key_that_cannot_be_one_opens_nothing_and_is_not_logged(
    value: object, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, calendar_key=value, client_id=MIN_CLIENT_ID)
    state = StateStore(tmp_path)
    assert state.calendar_key() == ""
    assert state.load_or_create_client_id() == MIN_CLIENT_ID
    assert "calendar_key cannot be used: ValueError('not a key')" in caplog.text


# --- when the user expects their programs


def test_when_a_program_is_expected_outlives_a_restart(tmp_path: Path) -> None:
    StateStore(tmp_path).keep_expectation("a1", Expectation.OFF)
    StateStore(tmp_path).keep_expectation("b2", Expectation.EXPECTED)
    known = StateStore(tmp_path).expectations()
    assert known == {"a1": Expectation.OFF, "b2": Expectation.EXPECTED}


def test_a_word_that_is_none_costs_only_itself(tmp_path: Path) -> None:
    write(tmp_path, programs={"a1": "sometimes", "b2": "off", "c3": 5})
    assert StateStore(tmp_path).expectations() == {"b2": Expectation.OFF}
