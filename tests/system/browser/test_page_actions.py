"""What can be done on the live page, in a real Chromium: with a thumb, a mouse or the keyboard."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from support.page_scenes import scene, shows_window
from support.page_server import NOW, Served, served
from support.polling import wait_for
from traymon.core.facts import Fact
from traymon.core.model import Reading, Status
from traymon.core.vocabulary import SensorName, Symptom
from traymon.ui import presenter

SHOWN_ACTIONS = """
const all = document.querySelectorAll("nav > button, nav > details > summary");
return [...all].filter((one) => one.checkVisibility()).map((one) => one.innerText.trim());
"""
WATCHING = ["Check now", "Pause", "Snooze", "Copy diagnosis"]


@pytest.fixture
def page(chromium: Any) -> Iterator[Served]:
    with served() as page:
        show(page, chromium, scene("handshake-silent"), address=page.page.address())
        yield page
        chromium.get("about:blank")  # or its open stream holds up the end


def show(page: Served, chromium: Any, status: Status, address: str | None = None) -> None:
    """Show a status and wait until the page shows it."""
    page.show_status(status)
    if address is not None:
        chromium.get(address)
    words = presenter.headline(status.diagnosis)
    wait_for(lambda: words in chromium.title, f"{words!r} on the page")


def actions(chromium: Any) -> list[str]:
    return list(chromium.execute_script(SHOWN_ACTIONS))


def press(chromium: Any, selector: str) -> None:
    chromium.execute_script("document.querySelector(arguments[0]).click()", selector)


def text(chromium: Any, selector: str) -> str:
    script = "return document.querySelector(arguments[0])?.innerText ?? ''"
    return str(chromium.execute_script(script, selector))


def says(chromium: Any, words: str) -> bool:
    return words in text(chromium, "#said")


def resize(chromium: Any, width: int, height: int) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def test_the_actions_follow_the_status(chromium: Any, page: Served) -> None:
    wait_for(lambda: actions(chromium) == WATCHING, "the actions while it watches")
    page.show_status(replace(scene("paused"), snoozed_until=NOW + 3600))
    paused = ["Resume", "Snooze", "Turn notifications on", "Copy diagnosis"]
    wait_for(lambda: actions(chromium) == paused, "the actions while it is paused")


@pytest.mark.parametrize("code", ["handshake-silent", "paused"])
def test_pause_and_resume_do_what_they_say(code: str, chromium: Any, page: Served) -> None:
    show(page, chromium, scene(code))
    assert page.post("/resume" if code == "handshake-silent" else "/pause") == 204
    assert "pause" not in page.asked, "a page that is behind must not turn it round"
    press(chromium, "#resume" if code == "paused" else "#pause")
    wait_for(lambda: page.asked.count("pause") == 1)
    wait_for(lambda: text(chromium, "#said").startswith("Monitoring"), "a confirmation")


def test_snooze_takes_any_length_and_is_confirmed_for_eyes_and_ears(
    chromium: Any, page: Served
) -> None:
    show(page, chromium, replace(scene("healthy"), opens_at=NOW + 7200))
    for wish, words in (
        ("15m", "15 minutes"),
        ("1h", "1 hour"),
        ("4h", "4 hours"),
        ("open", "until the market opens"),
    ):
        press(chromium, f"[data-post='/snooze/{wish}']")
        wait_for(partial(page.asked.__contains__, ("snooze", wish)))
        wait_for(partial(says, chromium, words), "a confirmation")
    script = "const [box] = document.getElementsByName('minutes'); box.value = 95; box.focus()"
    press(chromium, "#snooze summary")
    chromium.execute_script(script)
    from selenium.webdriver import ActionChains, Keys

    ActionChains(chromium).send_keys(Keys.ENTER).perform()
    wait_for(lambda: ("snooze", "95m") in page.asked)
    wait_for(lambda: "95 min" in text(chromium, "#said"), "a confirmation")
    said = "const s = document.getElementById('said'); return [s.role, s.checkVisibility()]"
    assert chromium.execute_script(said) == ["status", True]
    focused = "return [document.getElementById('snooze').open, document.activeElement.innerText]"
    assert chromium.execute_script(focused) == [False, "Snooze"]
    page.show_status(replace(scene("healthy"), snoozed_until=NOW + 3600))
    wait_for(lambda: "Notifications are snoozed until" in text(chromium, "main"))
    press(chromium, "[data-post='/snooze/off']")
    wait_for(lambda: ("snooze", "off") in page.asked)
    assert page.post("/snooze/for-ever") == 400
    assert page.post("/snooze/1h", Authorization="") == 401


def test_tws_logs_can_be_opened_once_its_log_was_read(chromium: Any, page: Served) -> None:
    assert "Open TWS's logs" not in actions(chromium)
    status = scene("handshake-silent")
    facts = {Fact.APP_PID: 4711}
    read = Reading(SensorName.LOGIN_LOG, Symptom.UNKNOWN, facts=facts, at=NOW)
    page.show_status(replace(status, evidence=status.evidence.with_reading(read)))
    wait_for(lambda: "Open TWS's logs" in actions(chromium), "the action")
    press(chromium, "[data-post='/open-tws-logs']")
    wait_for(lambda: "tws logs" in page.asked)
    wait_for(lambda: "folder of TWS's logs" in text(chromium, "#said"), "a confirmation")


def test_that_one_is_mine_is_where_the_page_names_it(chromium: Any, page: Served) -> None:
    assert not chromium.find_elements("css selector", ".claim")
    show(page, chromium, scene("client-id-clash"))
    assert "other_app.py" in text(chromium, ".claim")
    press(chromium, ".claim button")
    wait_for(lambda: ("mine", "bot") in page.asked)
    wait_for(lambda: "other_app.py" in text(chromium, "#said"), "a confirmation")


def test_a_window_of_tws_is_shown_where_the_page_names_it(chromium: Any, page: Served) -> None:
    show(page, chromium, shows_window("Trading Login Handoff"))
    assert text(chromium, ".claim").endswith("Trading Login Handoff")
    press(chromium, ".claim button")
    wait_for(lambda: ("window", "bot") in page.asked)
    wait_for(lambda: says(chromium, "TWS's window"), "a confirmation")


def test_check_now_is_busy_until_it_has_checked_and_keeps_the_focus(
    chromium: Any, page: Served
) -> None:
    chromium.execute_script("document.getElementById('check-now').focus()")
    press(chromium, "#check-now")
    wait_for(lambda: "check now" in page.asked)
    assert text(chromium, "#check-now") == "Checking…"
    press(chromium, "#check-now")
    page.show_status(replace(scene("handshake-silent"), next_check_at=None))
    wait_for(lambda: "checking now" in text(chromium, ".looking"))
    assert text(chromium, "#check-now") == "Checking…"
    show_at(page, NOW + 4)
    wait_for(lambda: text(chromium, "#check-now") == "Check now")
    clock = time.strftime("%H:%M:%S", time.localtime(NOW + 4))
    assert text(chromium, "#said") == f"Checked {clock}."
    assert f"Last check {clock}" in text(chromium, ".looking")
    assert chromium.execute_script("return document.activeElement.id") == "check-now"
    assert page.asked.count("check now") == 1


def show_at(page: Served, moment: float) -> None:
    """Show a silent port that was checked at a moment."""
    status = scene("handshake-silent")
    readings = {name: replace(one, at=moment) for name, one in status.evidence.readings.items()}
    page.show_status(replace(status, evidence=replace(status.evidence, readings=readings)))


def test_it_counts_down_to_the_next_check(chromium: Any, page: Served) -> None:
    def left() -> int:
        found = re.search(r"next in (\d+) s\.", text(chromium, ".looking"))
        return int(found[1]) if found else 0

    wait_for(left, "the countdown")
    first, began = left(), time.monotonic()
    assert 0 < first <= 18
    wait_for(lambda: left() <= first - 2, "two seconds less")
    counted = first - left()
    assert counted <= time.monotonic() - began + 1.5
    page.show_status(replace(scene("handshake-silent"), next_check_at=NOW + 0.5))
    wait_for(lambda: "checking now" in text(chromium, ".looking"))
    show(page, chromium, scene("paused"))
    assert text(chromium, ".looking") == ""


@pytest.mark.parametrize("width", [390, 1280])
def test_all_actions_are_in_view_and_nothing_scrolls_sideways(
    width: int, chromium: Any, page: Served
) -> None:
    resize(chromium, width, 844)
    status = scene("client-id-clash")
    busy = replace(status, snoozed_until=NOW + 3600, opens_at=NOW + 7200)
    show(page, chromium, busy)
    wait_for(lambda: "Turn notifications on" in actions(chromium))
    press(chromium, "#snooze summary")
    script = """
    const inside = ({left, right, top, bottom}) =>
      left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
    const all = [...document.querySelectorAll("nav button, nav summary, nav input")];
    const shown = all.filter((one) => one.checkVisibility());
    return [
      shown.length, shown.every((one) => inside(one.getBoundingClientRect())),
      document.documentElement.scrollWidth <= innerWidth,
    ]"""
    assert chromium.execute_script(script) == [11, True, True]


def test_the_keyboard_meets_the_actions_first_and_never_jumps(chromium: Any, page: Served) -> None:
    from selenium.webdriver import ActionChains, Keys

    resize(chromium, 390, 844)
    chromium.execute_script("document.activeElement.blur(); window.scrollTo(0, 0)")
    seen = []
    for _ in range(8):
        ActionChains(chromium).send_keys(Keys.TAB).perform()
        focused = "return [document.activeElement.innerText.trim(), window.scrollY]"
        name, scrolled = chromium.execute_script(focused)
        assert scrolled == 0, f"{name} throws the page about"
        seen.append(name)
    assert seen[:4] == WATCHING
    assert [name.split()[1] for name in seen[4:]] == ["Port", "Handshake", "Session", "Client"]


def test_a_copy_takes_the_whole_line_and_output_has_no_button(chromium: Any, page: Served) -> None:
    grant = {"permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    chromium.execute_cdp_cmd("Browser.grantPermissions", grant)
    blocks = """
    return [...document.querySelectorAll("pre")].map((block) =>
      [block.textContent.trim(), block.nextElementSibling?.className === "copy"])"""
    found = dict(chromium.execute_script(blocks))
    assert found["✓ IB API handshake completed successfully!"] is False
    assert found["IB_HOST=127.0.0.1"] is True
    assert found["traymon check handshake"] is True
    show(page, chromium, scene("client-id-clash"))
    wait_for(lambda: "IB_CLIENT_ID=12" in dict(chromium.execute_script(blocks)))
    press(chromium, ".steps .copy")
    read = "navigator.clipboard.readText().then(arguments[0], (e) => arguments[0](String(e)))"
    wait_for(lambda: chromium.execute_async_script(read) == "IB_CLIENT_ID=12", "the copied line")


def test_the_focus_stays_where_it_was_when_the_page_changes(chromium: Any, page: Served) -> None:
    show(page, chromium, scene("client-id-clash"))
    chromium.execute_script("document.querySelector('.steps .copy').focus()")
    show_again = replace(scene("client-id-clash"), streak=9)
    page.show_status(show_again)
    wait_for(lambda: "9 checks" in text(chromium, "#raw summary"))
    assert chromium.execute_script("return document.activeElement.className") == "copy"


@pytest.mark.parametrize(
    ("host", "path", "words"),
    [
        ("127.0.0.1", "/no-such-page", "Open this page from traymon"),
        ("127.0.0.1", "/explain/no-such-code", "There is no such page"),
        ("elsewhere.localhost", "/", "traymon does not answer under this name"),
    ],
)
def test_an_error_is_a_page_in_plain_words(
    host: str, path: str, words: str, chromium: Any, page: Served
) -> None:
    chromium.get(f"http://{host}:{page.port}{path}")
    assert text(chromium, "h1") == words
    look = """
    const style = getComputedStyle(document.querySelector(".short"));
    return [style.borderLeftWidth, document.querySelector("header svg").clientWidth > 30]"""
    assert chromium.execute_script(look) == ["4px", True]


def test_a_page_for_reference_looks_neutral_and_leads_back(chromium: Any, page: Served) -> None:
    chromium.get(f"http://127.0.0.1:{page.port}/explain/handshake-silent")
    bar = "return getComputedStyle(document.body).borderTopColor"
    assert chromium.execute_script(bar) == "rgb(110, 110, 110)"
    assert "Reference page, not your current status" in text(chromium, ".where")
    press(chromium, ".back a")
    wait_for(lambda: actions(chromium) == WATCHING, "the current status")
