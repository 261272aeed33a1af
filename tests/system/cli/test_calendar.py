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
    table = user.run("calendar")
    assert (table.returncode, table.stderr) == (0, "")
    assert table.stdout.count("TWS or IB Gateway restarts") in {7, 8}
    assert "Weekly login" in table.stdout
    ascii_table = user.run("calendar", **ASCII)
    assert ascii_table.stdout.isascii()
    assert "?" not in ascii_table.stdout


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


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--days", "0"], "--days is a whole number from 1 to 400"),
        (["--days", "401"], "--days is a whole number from 1 to 400"),
        (["--days", "week"], "Invalid value for '--days'"),
        (["week.ics"], "calendar --ics week.ics"),
        (["--ics", "--json"], "Use only one of"),
        (["--address"], "traymon is not running"),
    ],
)
def test_what_cannot_be_done_is_said(words: list[str], says: str, user: IsolatedTraymon) -> None:
    done = user.run("calendar", *words)
    assert (done.returncode, done.stdout) == (3, "")
    assert says in done.stderr


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


def test_the_running_traymon_says_it_and_keeps_the_address_over_a_restart(
    resident: ResidentTraymon,
) -> None:
    settings = {"TRAYMON_MAINTENANCE": RESTART, "TRAYMON_REGION": "off"}
    first = resident.start_resident(**settings)
    try:
        now = time.time()  # the command itself runs without these settings
        shown = plan(resident.run("calendar", "--json"))
        expected = upcoming(Calendar(maintenance=parse(RESTART)), now, 8)
        assert set(shown) <= {(event.begins, event.kind) for event in expected}
        assert {kind for _, kind in shown} == {EventKind.RESTART, EventKind.LOGIN}
        done = resident.run("calendar", "--address")
        assert "TRAYMON_PAGE_PORT" in done.stderr
        url = done.stdout.strip()
        assert b"BEGIN:VCALENDAR" in bytes(fetched(url) or 0)
        port = url.partition("127.0.0.1:")[2].partition("/")[0]
    finally:
        end(first)
    assert {kind for _, kind in plan(resident.run("calendar", "--json"))} == {
        EventKind.RESET,
        EventKind.LOGIN,
    }, "by the settings of the command"
    second = resident.start_resident(TRAYMON_PAGE_PORT=port, **settings)
    try:
        assert b"BEGIN:VCALENDAR" in bytes(fetched(url) or 0)
        kept = resident.run("calendar", "--address")
        assert (kept.stdout.strip(), kept.stderr) == (url, "")
        new = resident.run("calendar", "--new-address").stdout.strip()
        assert new != url
        assert fetched(url) == 404
        assert b"BEGIN:VEVENT" in bytes(fetched(new) or 0)
    finally:
        end(second)


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
