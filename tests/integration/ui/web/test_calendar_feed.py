"""The calendar at an address of its own, whose key opens nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import icalendar
import pytest

from support.page_server import NOW, Served, served
from traymon.core.calendar import Calendar
from traymon.core.time_windows import parse
from traymon.core.week_ahead import upcoming
from traymon.storage.state import StateStore
from traymon.ui.calendar_source import CalendarSource
from traymon.ui.coming_up import from_json, join, rows

CALENDAR = Calendar(maintenance=parse("23:45+10m America/New_York"))
ADDRESS, FEED = "/calendar-address", "/calendar.ics"


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[Served]:
    """Serve a page whose calendar key is kept in a folder."""
    store = StateStore(folder)
    calendars = CalendarSource(
        calendar_of=lambda target: CALENDAR,
        key=store.calendar_key,
        create_key=store.create_calendar_key,
        page_port=port,
    )
    with served(calendars=calendars, port=port) as page:
        page.show("healthy")
        yield page


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Served]:
    with serving(tmp_path) as page:
        yield page


def ask_for_address(page: Served, path: str = ADDRESS) -> tuple[str, bool]:
    """Return the feed's address as the page asks for it, without its host, and if it lasts."""
    origin = f"http://127.0.0.1:{page.port}"
    headers = {"Authorization": page.bearer, "Origin": origin, "Sec_Fetch_Site": "same-origin"}
    answer, text = page.request("POST", path, **headers)
    assert answer.status == 200
    values = json.loads(text)
    assert values["url"].startswith(f"{origin}{FEED}?key=")
    return values["url"].removeprefix(origin), values["lasts"]


def test_a_calendar_program_reads_what_the_page_shows(page: Served) -> None:
    path, _ = ask_for_address(page)
    answer, text = page.request("GET", path, Accept="text/calendar")  # and no other header
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    entries = icalendar.Calendar.from_ical(text).walk("VEVENT")
    planned = upcoming(CALENDAR, NOW, 35)
    assert [entry.decoded("DTSTART").timestamp() for entry in entries] == [
        event.begins for event in planned
    ]
    shown = page.shown()
    for row in rows(join({"bot": upcoming(CALENDAR, NOW, 7)}), NOW):
        assert f"{row['time']}</time> <span>{row['title']}" in shown
    head, nothing = page.request("HEAD", path)
    assert (head.status, nothing) == (200, "")
    assert page.request("GET", path, Host=f"localhost:{page.port}")[0].status == 200


def test_nobody_has_asked_for_the_address_so_no_key_opens_it(page: Served) -> None:
    for query in ("", "?key=", "?key=guess", "?key=None"):
        assert page.request("GET", f"{FEED}{query}")[0].status == 404


def test_without_its_key_the_address_does_not_exist(page: Served) -> None:
    path, _ = ask_for_address(page)
    key = path.partition("=")[2]
    before = page.request("GET", f"/calendar.ics?key={key[:-1]}")[1]
    for other in (
        FEED,
        f"{FEED}?key=",
        f"{FEED}?key=guess",
        f"{FEED}?key={key[:-1]}",
        f"{FEED}?key={key}x",
        f"{FEED}?key={key}&key={key}",
        f"{FEED}?key={key}&key=guess",
        f"{FEED}?KEY={key}",
        f"{FEED}?key=%ff",
        f"{FEED}?key={page.keys.page}",
        f"{FEED}?key={page.keys.owner}",
        f"{FEED}?key={page.keys.one_time()}",
    ):
        answer, text = page.request("GET", other)
        assert answer.status == 404, other
        assert text == before
        assert "BEGIN" not in text
    assert page.request("GET", FEED, Authorization=f"Bearer {key}")[0].status == 404
    assert page.request("GET", path, Host="evil.example")[0].status == 421
    assert page.request("POST", path)[0].status == 401
    refused, html = page.request("GET", FEED, Accept="text/html")
    assert refused.status == 404
    assert "no page at this address" in html


@pytest.mark.parametrize(
    "path", ["/events", "/report", "/status", "/calendar", "/calendar.icsx", "/calendar.ics/"]
)
def test_the_key_of_the_calendar_opens_nothing_else(path: str, page: Served) -> None:
    key = ask_for_address(page)[0].partition("=")[2]
    for headers in ({}, {"Authorization": f"Bearer {key}"}, {"Authorization": f"Basic {key}"}):
        answer, _ = page.request("GET", f"{path}?key={key}", **headers)
        assert answer.status == 401
    for action in (
        "/pause",
        "/check-now",
        ADDRESS,
        f"{ADDRESS}/new",
        "/one-time",
        "/make-room",
        "/watch-too",
    ):
        assert page.post(f"{action}?key={key}", Authorization=f"Bearer {key}") == 401
    assert page.trade(key)[0] == 401
    assert page.asked == []


def test_nobody_but_the_page_and_commands_get_the_address(page: Served) -> None:
    for path in (ADDRESS, f"{ADDRESS}/new"):
        assert page.get(path)[0] == 405
        assert page.post(path, Authorization="") == 401
        assert page.post(path, Origin="http://evil.example") == 403
        assert page.post(path, Sec_Fetch_Site="cross-site") == 403
    assert page.request("GET", f"{FEED}?key=")[0].status == 404
    owner = {"Authorization": f"Bearer {page.keys.owner}"}
    assert page.request("POST", ADDRESS, **owner)[0].status == 200


def test_the_address_stays_until_it_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path) as page:
        path, lasts = ask_for_address(page)
        assert ask_for_address(page) == (path, lasts)
        assert not lasts, "another port comes with the next start"
        port = page.port
    with serving(tmp_path, port) as page:  # as after a restart
        assert page.request("GET", path)[0].status == 200
        assert ask_for_address(page) == (path, True)
        other, _ = ask_for_address(page, f"{ADDRESS}/new")
        assert other != path
        assert page.request("GET", path)[0].status == 404
        assert page.request("GET", other)[0].status == 200
    assert (tmp_path / "state.json").stat().st_mode & 0o077 == 0 or sys.platform == "win32"


def test_the_plan_as_json(page: Served) -> None:
    for query, days in (("", 7), ("?days=1", 1), ("?days=400", 400)):
        status, text = page.get(f"/calendar{query}")
        assert status == 200
        assert from_json(json.loads(text)) == join({"bot": upcoming(CALENDAR, NOW, days)})
    for wrong in ("0", "401", "-1", "x", "1.5", "", "\u00b2".encode().hex(), "9" * 5000, "%C2%B2"):
        status, text = page.get(f"/calendar?days={wrong}")
        assert (status, text) == (400, "days is a whole number from 1 to 400"), wrong
    assert page.request("GET", "/calendar")[0].status == 401


def test_the_library_is_loaded_when_the_first_file_is_asked_for() -> None:
    code = """
import sys
from traymon.ui.web.server import _load_site
_load_site()
print("icalendar" in sys.modules, "dateutil" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["False", "False"], done.stderr
