"""A bad value costs that value alone, and a bad file nothing that is known: whatever is wrong."""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

import pytest

from support.pipes import make_pipe
from traymon.core.calendar import Calendar
from traymon.core.target import OwnProgram, Target
from traymon.diagnosis.formatting import moment
from traymon.storage.state import StateStore
from traymon.storage.state_format import MAX_SNOOZE

BOT = OwnProgram("C:\\bot.exe", "")
GOOD_HOURS = '{"days": ["20261123:0930-20261123:1600"], "zone": "America/New_York"}'
DEEP = "[" * 100_000
NO_VALUES = [
    *(
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "-1e400",
        "-1",
        "null",
        "true",
        '"soon"',
        "[]",
        "{}",
    ),
    *(f"1{'0' * zeros}" for zeros in (18, 400, 5000)),
    f"{DEEP}{']' * 100_000}",
    '{"a":' * 20_000 + "1" + "}" * 20_000,
]
SHORT = [value[:20] for value in NO_VALUES]


def write(folder: Path, text: str) -> Path:
    path = folder / "state.json"
    path.write_text(text, encoding="utf-8")
    return path


def state_with(**values: str) -> str:
    """Return the text of a good state.json in which these values are others."""
    good = {
        "greeted": "true",
        "client_id": "9200",
        "own_programs": f'[{{"exe": "{BOT.exe!s}", "script": ""}}]'.replace("\\", "\\\\"),
        "snoozed_until": '{"bot": 5.0}',
        "hours": f'{{"SPY": {GOOD_HOURS}}}',
    }
    return "{" + ", ".join(f'"{key}": {value}' for key, value in (good | values).items()) + "}"


def kept(state: StateStore) -> set[str]:
    """Return which of the good values a store still knows."""
    values = {
        "greeted": not state.mark_first_run(),
        "client_id": state.load_or_create_client_id() == 9200,
        "own_programs": BOT in state.own_programs(),
        "snoozed_until": state.snoozed_until(Target("bot")) == 5.0,
        "hours": state.hours("SPY") is not None,
    }
    return {name for name, known in values.items() if known}


ALL = {"greeted", "client_id", "own_programs", "snoozed_until", "hours"}


@pytest.mark.parametrize("value", NO_VALUES, ids=SHORT)
@pytest.mark.parametrize("key", sorted(ALL))
def test_a_bad_value_costs_that_value_alone(key: str, value: str, tmp_path: Path) -> None:
    write(tmp_path, state_with(**{key: value}))
    assert kept(StateStore(tmp_path)) >= ALL - {key}


@pytest.mark.parametrize("value", NO_VALUES, ids=SHORT)
def test_a_bad_value_costs_no_other_of_its_list(value: str, tmp_path: Path) -> None:
    programs = f'[{{"exe": {value}, "script": ""}}, {{"exe": "a", "script": ""}}, {value}]'
    write(
        tmp_path,
        state_with(
            snoozed_until=f'{{"spoiled": {value}, "bot": 5.0}}',
            own_programs=programs,
            hours=f'{{"QQQ": {value}, "SPY": {GOOD_HOURS}}}',
        ),
    )
    state = StateStore(tmp_path)
    assert state.snoozed_until(Target("bot")) == 5.0
    assert state.hours("SPY") is not None
    assert state.own_programs()[-1:] == (OwnProgram("a", ""),) or value == '"soon"'


@pytest.mark.parametrize(
    "until",
    [253402300800, 1e18, 1e400, 10**400, float("nan"), "later", time.time() + 1e9],
    ids=lambda until: str(until)[:12],
)
def test_no_snooze_lasts_longer_than_anyone_can_ask_for(until: object, tmp_path: Path) -> None:
    text = "1e400" if until == 1e400 else repr(until).replace("nan", "NaN").replace("'", '"')
    write(tmp_path, f'{{"snoozed_until": {{"bot": {text}}}}}')
    (tmp_path / "kept.json").write_text(f'{{"snoozed_until": {text}}}', encoding="utf-8")
    assert StateStore(tmp_path).snoozed_until(Target("bot")) is None
    (tmp_path / "state.json").unlink()
    assert StateStore(tmp_path).snoozed_until(Target("bot")) is None


def test_the_longest_snooze_is_kept(tmp_path: Path) -> None:
    until = time.time() + MAX_SNOOZE - 60
    StateStore(tmp_path).keep_snooze(Target("bot"), until)
    assert StateStore(tmp_path).snoozed_until(Target("bot")) == until
    moment(until, time.time())  # may be shown


@pytest.mark.parametrize("day", ["00010101", "19991231", "21000101", "99991231", "20٢٦1123"])
def test_hours_of_another_century_are_none(day: str, tmp_path: Path) -> None:
    hours = f'{{"SPY": {{"days": ["{day}:0930-{day}:2359"], "zone": "America/New_York"}}}}'
    write(tmp_path, state_with(hours=hours))
    state = StateStore(tmp_path)
    assert kept(state) == ALL - {"hours"}
    assert not state.keep_hours("SPY", [f"{day}:0930-{day}:1600"], "America/New_York")


def test_the_last_hour_of_the_century_can_be_shown(tmp_path: Path) -> None:
    state = StateStore(tmp_path)
    assert state.keep_hours("SPY", ["20991231:2300-20991231:2359"], "Pacific/Honolulu")
    opens = Calendar(hours=state.hours("SPY")).opens(time.time())
    assert opens is not None
    assert "23:" in moment(opens, time.time()) or moment(opens, time.time())


# --- what is no file


def put(kind: str, path: Path) -> None:
    """Put something in the place of a file."""
    if kind == "folder":
        path.mkdir()
        (path / "something").touch()
    elif kind == "giant":
        path.write_bytes(b"[" * 2_000_000)
    elif kind == "pipe":
        make_pipe(path)
    else:
        path.symlink_to({"device": "/dev/zero", "loop": path.name, "nothing": "none"}[kind])


KINDS = ["folder", "giant", *(("pipe", "device", "loop") if sys.platform != "win32" else ())]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_file_is_said_once_set_aside_and_costs_nothing(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "state.json"
    put(kind, path)
    state = StateStore(tmp_path)
    for _ in range(3):
        assert state.own_programs() == ()
    assert caplog.text.count("cannot be read") == 1
    chosen = state.load_or_create_client_id()
    assert StateStore(tmp_path).load_or_create_client_id() == chosen
    assert (tmp_path / "state.json.unusable").exists() is (kind != "loop")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["kept.json", "client-id", "own-programs.json"])
def test_what_is_no_file_among_the_old_files_costs_what_it_held_alone(
    name: str, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "kept.json").write_text('{"greeted": true}', encoding="utf-8")
    (tmp_path / "client-id").write_text("9123", encoding="utf-8")
    (tmp_path / name).unlink(missing_ok=True)
    put(kind, tmp_path / name)
    state = StateStore(tmp_path)
    assert state.own_programs() == ()
    assert (not state.mark_first_run()) is (name != "kept.json")
    assert (state.load_or_create_client_id() == 9123) is (name != "client-id")


@pytest.mark.parametrize("kind", KINDS)
def test_a_running_traymon_keeps_what_it_knows_when_its_file_is_spoiled(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, state_with())
    state = StateStore(tmp_path)
    path.unlink()
    put(kind, path)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert state.own_programs() == (BOT,)
    assert caplog.text.count("cannot be read") == 1
    assert kept(state) == ALL
    state.add_own_program(OwnProgram("a"))
    assert kept(StateStore(tmp_path)) == ALL


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such files")
@pytest.mark.parametrize("kind", ["folder", "loop"])
def test_a_lock_that_cannot_be_taken_costs_the_writing_alone(kind: str, tmp_path: Path) -> None:
    put(kind, tmp_path / "state.lock")
    state = StateStore(tmp_path)
    state.keep_snooze(Target("bot"), 5.0)
    assert state.snoozed_until(Target("bot")) == 5.0
    with pytest.raises(OSError, match=r"state\.lock"):
        state.add_own_program(BOT)
