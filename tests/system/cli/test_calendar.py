"""`traymon calendar`: by the running traymon, or by the settings without one."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import icalendar
import pytest

from support.traymon_process import IsolatedTraymon, ResidentTraymon, end
from traymon.core.calendar import Calendar
from traymon.core.time_windows import parse
from traymon.core.week_ahead import DAY, EventKind, upcoming
from traymon.sim.gateway import running
from traymon.ui.coming_up import from_json

RESTART = "23:45+10m America/New_York"
# as Windows and a terminal without a language have it
ASCII = {"PYTHONIOENCODING": "ascii"}


@pytest.fixture
def user(tmp_path: Path) -> IsolatedTraymon:
    (tmp_path / ".env").write_text(f"TRAYMON_REGION=off\nTRAYMON_MAINTENANCE={RESTART}\n")
    return IsolatedTraymon(tmp_path)


def plan(done: subprocess.CompletedProcess[str]) -> list[tuple[float, str]]:
    assert (done.returncode, done.stderr) == (0, "")
    return [(one.event.begins, one.event.kind) for one in from_json(json.loads(done.stdout))]


def test_without_a_running_traymon_the_settings_say_it(user: IsolatedTraymon) -> None:
    now = time.time()
    shown = plan(user.run("calendar", "--json", "--days", "30"))
    expected = upcoming(Calendar(maintenance=parse(RESTART)), now, 31)
    assert len(shown) >= 30 + 4
    assert set(shown) <= {(event.begins, event.kind) for event in expected}
    table = user.run("calendar", **ASCII)
    assert (table.returncode, table.stderr) == (0, "")
    assert table.stdout.count("TWS or IB Gateway restarts") in {7, 8}
    assert "Weekly login" in table.stdout
    assert table.stdout.isascii()
    assert "?" not in table.stdout


def test_other_settings_are_named_as_for_every_command(user: IsolatedTraymon) -> None:
    other = user.home / "other.env"
    other.write_text("TRAYMON_REGION=off\n")
    shown = plan(user.run("calendar", "--json", "--env", str(other)))
    assert {kind for _, kind in shown} == {EventKind.LOGIN}
    other.write_text("TRAYMON_MAINTENANCE=soon\n")
    done = user.run("calendar", "--env", str(other))
    assert (done.returncode, done.stdout) == (3, "")
    assert "TRAYMON_MAINTENANCE" in done.stderr


def test_a_calendar_file_goes_to_the_terminal_or_into_a_file(user: IsolatedTraymon) -> None:
    printed = user.run("calendar", "--ics")
    assert (printed.returncode, printed.stderr) == (0, "")
    there = user.run("calendar", "--ics", "week ahead.ics", "--days", "35")
    assert (there.returncode, there.stderr) == (0, "")
    file = user.cwd / "week ahead.ics"
    assert f"written to {file.name}" in there.stdout
    data = file.read_bytes()
    assert data.count(b"\r\n") == data.count(b"\n") > 300
    for text in (printed.stdout, data):
        entries = icalendar.Calendar.from_ical(text).walk("VEVENT")
        assert len(entries) in range(35, 45)
    nowhere = user.run("calendar", "--ics", str(user.cwd))
    assert nowhere.returncode == 3
    assert "cannot be written" in nowhere.stderr


def test_without_a_running_traymon_there_is_no_address(user: IsolatedTraymon) -> None:
    done = user.run("calendar", "--address")
    assert (done.returncode, done.stdout) == (3, "")
    assert "traymon is not running" in done.stderr


@pytest.fixture
def resident(tmp_path: Path) -> Iterator[ResidentTraymon]:
    with running() as gateway:
        yield ResidentTraymon(tmp_path, gateway)


def fetched(url: str) -> bytes | int:
    """Return what a calendar program gets from an address, or the HTTP status of a refusal."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bytes(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def test_the_running_traymon_says_it_and_gives_an_address(resident: ResidentTraymon) -> None:
    process = resident.start_resident(TRAYMON_MAINTENANCE=RESTART, TRAYMON_REGION="off")
    try:
        now = time.time()  # the command itself runs without these settings
        shown = plan(resident.run("calendar", "--json"))
        expected = upcoming(Calendar(maintenance=parse(RESTART)), now, 8)
        assert set(shown) <= {(event.begins, event.kind) for event in expected}
        assert {kind for _, kind in shown} == {EventKind.RESTART, EventKind.LOGIN}
        given = resident.run("calendar", "--address")
        assert given.returncode == 0
        assert "TRAYMON_PAGE_PORT" in given.stderr, "it ends with this traymon"
        first = given.stdout.strip()
        assert b"BEGIN:VEVENT" in bytes(fetched(first) or 0)
        second = resident.run("calendar", "--new-address").stdout.strip()
        assert fetched(first) == 404
        assert b"BEGIN:VEVENT" in bytes(fetched(second) or 0)
    finally:
        end(process)


def test_holidays_are_those_that_ib_gave_last(tmp_path: Path) -> None:
    now = time.time()
    days = [time.strftime("%Y%m%d", time.gmtime(now + n * DAY)) for n in range(1, 8)]
    user = IsolatedTraymon(tmp_path, TRAYMON_HOURS="auto", TRAYMON_HOURS_CONTRACT="ES FUT CME USD")
    assert user.run("config").returncode == 0  # which shows where the state is, by its client ID
    (state,) = tmp_path.rglob("state.json")
    values = json.loads(state.read_text(encoding="utf-8"))
    values["hours"] = {"ES FUT CME USD": {"days": [f"{d}:CLOSED" for d in days], "zone": "UTC"}}
    state.write_text(json.dumps(values), encoding="utf-8")
    kinds = [kind for _, kind in plan(user.run("calendar", "--json", "--days", "9"))]
    assert kinds.count(EventKind.CLOSED) == 5
