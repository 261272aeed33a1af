"""What comes next on the live page, and the address for calendar programs, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from support.page_scenes import scene
from support.page_server import NOW, Served, served
from support.polling import wait_for
from traymon.core.calendar import Calendar
from traymon.core.ib_hours import from_ib
from traymon.core.time_windows import parse
from traymon.ui.calendar_source import CalendarSource
from traymon.ui.coming_up import plan_of, rows

CALENDAR = Calendar(
    maintenance=parse("23:45+10m America/New_York"),
    hours=from_ib(
        [
            "20261118:0930-20261118:1600",
            "20261119:0930-20261119:1300",
            "20261120:CLOSED",
            "20261123:0930-20261123:1600",
        ],
        "US/Eastern",
    ),
)
KEYS = ["first", "second"]
SIZES = {"phone": (390, 844), "laptop": (1280, 720)}


@pytest.fixture
def page(chromium: Any) -> Iterator[Served]:
    made: list[str] = []

    def create_key() -> str:
        made.append(KEYS[len(made)])
        return made[-1]

    source = CalendarSource(
        calendar_of=lambda target: CALENDAR,
        key=lambda: made[-1] if made else "",
        create_key=create_key,
    )
    with served(calendars=source) as page:
        page.show_status(scene("healthy"))
        chromium.get(page.page.address())
        wait_for(lambda: is_visible(chromium, "#subscribe summary"), "the page with its actions")
        yield page
        chromium.get("about:blank")  # or its open stream holds up the end


def is_visible(chromium: Any, selector: str) -> bool:
    script = "return document.querySelector(arguments[0])?.checkVisibility() ?? false"
    return bool(chromium.execute_script(script, selector))


def text(chromium: Any, selector: str) -> str:
    script = "return document.querySelector(arguments[0])?.innerText ?? ''"
    return str(chromium.execute_script(script, selector))


def press(chromium: Any, selector: str) -> None:
    chromium.execute_script("document.querySelector(arguments[0]).click()", selector)


def shows_address(chromium: Any, url: str) -> bool:
    return url in text(chromium, "#calendar-address")


def test_the_next_event_is_in_view_and_the_week_folds_out(chromium: Any, page: Served) -> None:
    source = CalendarSource(calendar_of=lambda target: CALENDAR)
    planned = rows(plan_of([scene("healthy")], source, NOW), NOW)
    first = f"{planned[0]['day']} {planned[0]['time']} {planned[0]['title']}"
    assert text(chromium, ".coming p") == first
    assert not is_visible(chromium, "#coming dl")
    press(chromium, "#coming summary")
    wait_for(lambda: is_visible(chromium, "#coming dl"))
    shown = text(chromium, "#coming dl")
    for row in planned:
        for part in ("day", "time", "title", "explanation"):
            assert row[part] in shown
    assert "Market closed" in shown
    page.show_status(scene("handshake-silent"))
    wait_for(lambda: "does not answer" in text(chromium, "h1"))
    assert is_visible(chromium, "#coming dl"), "it stays folded out as the status changes"


def test_the_address_is_shown_on_request_and_can_be_replaced(chromium: Any, page: Served) -> None:
    press(chromium, "#subscribe summary")
    assert text(chromium, "#calendar-address") == ""
    assert page.request("GET", "/calendar.ics?key=first")[0].status == 404
    show, replace = "/calendar-address", "/calendar-address/new"
    for path, key in ((show, "first"), (show, "first"), (replace, "second")):
        press(chromium, f"[data-post='{path}']")
        url = f"http://127.0.0.1:{page.port}/calendar.ics?key={key}"
        wait_for(partial(shows_address, chromium, url), url)
        assert is_visible(chromium, "#calendar-address-ends"), "the port is any free one"
        assert page.request("GET", f"/calendar.ics?key={key}")[0].status == 200
    assert page.request("GET", "/calendar.ics?key=first")[0].status == 404
    page.show_status(scene("handshake-silent"))
    wait_for(lambda: "does not answer" in text(chromium, "h1"))
    assert "key=second" in text(chromium, "#calendar-address"), "a new status leaves it there"


def test_a_page_without_access_offers_no_address(chromium: Any, page: Served) -> None:
    chromium.execute_script("localStorage.clear()")
    chromium.get(f"http://127.0.0.1:{page.port}/")
    wait_for(lambda: "Open this page from traymon" in text(chromium, "main"))
    assert not is_visible(chromium, "#subscribe")
    assert not is_visible(chromium, ".coming")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_on_a_phone_and_axe_finds_nothing(scheme: str, chromium: Any, page: Served) -> None:
    wish = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", wish)
    press(chromium, "#subscribe summary")
    press(chromium, "[data-shows]")
    press(chromium, "#coming summary")
    wait_for(lambda: "key=first" in text(chromium, "#calendar-address"))
    chromium.execute_script(axe_core())
    for width, height in SIZES.values():
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        wide = chromium.execute_script("return document.documentElement.scrollWidth")
        assert wide <= width
        run = "axe.run({resultTypes: ['violations']}).then(arguments[0])"
        found = chromium.execute_async_script(run)
        assert found["passes"]
        assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found["violations"]] == []


@cache
def axe_core() -> str:
    import axe_core_python

    return Path(axe_core_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
