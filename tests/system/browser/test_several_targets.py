"""The page of several targets in a real Chromium: all in a list, and a page for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest

from support.axe import complaints
from support.chromium import prefer, resize
from support.page_scenes import one_of_many
from support.page_server import NOW, Served, served
from support.polling import wait_for
from traymon.core.model import Status
from traymon.ui.web.opener import PageOpener
from traymon.ui.web.static_page import StaticPages

ODD = 'paper & <b>"test"</b> / ü?#%'
LIVE = one_of_many("live", "handshake-silent")
PAPER = one_of_many(ODD, "healthy")
MUTED = one_of_many("old", "wrong-port", muted=True)
ALL = (PAPER, MUTED, LIVE)
OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
FOCUSED = "return document.activeElement"


@pytest.fixture
def page(chromium: Any) -> Iterator[Served]:
    with served() as page:
        page.show_status(*ALL)
        chromium.get(page.page.address())
        wait_for(lambda: "1 of 3 red" in heading(chromium), "the page of all targets")
        yield page
        chromium.get("about:blank")  # or its open stream holds up the end


def heading(chromium: Any) -> str:
    script = "return document.querySelector('h1')?.innerText ?? ''"
    return str(chromium.execute_script(script))


def texts(chromium: Any, selector: str) -> list[str]:
    script = """
    const all = [...document.querySelectorAll(arguments[0])];
    return all.filter((one) => one.checkVisibility()).map((one) => one.innerText.trim());
    """
    return list(chromium.execute_script(script, selector))


def press(chromium: Any, target: str, action: str) -> None:
    """Press a button of a target in the list."""
    script = "document.getElementById(arguments[0]).click()"
    chromium.execute_script(script, f"{action}-{quote(target, safe='')}")


def go_to_target(chromium: Any, name: str, headline: str) -> None:
    chromium.find_element("link text", name).click()
    wait_for(lambda: headline in heading(chromium), f"the page of {name}")


def test_all_targets_are_listed_the_worst_first_and_the_title_says_how_many(
    chromium: Any, page: Served
) -> None:
    assert texts(chromium, ".targets h2 a") == ["live", ODD, "old"]
    assert chromium.title == (
        "✗ 1 of 3 red: live: TWS does not answer programs (port 7497) · traymon"
    )
    assert "red" in chromium.execute_script("return document.body.className")
    assert texts(chromium, "nav > button") == ["Check all now", "Pause all", "Copy diagnosis"]


def test_each_has_a_page_of_its_own_that_follows_and_leads_back(
    chromium: Any, page: Served
) -> None:
    go_to_target(chromium, ODD, "Programs can connect")
    assert "green" in chromium.execute_script("return document.body.className")
    assert chromium.execute_script(FOCUSED).tag_name == "h1"  # where a screen reader goes on
    assert texts(chromium, "nav > button")[:2] == ["Check now", "Pause"]
    page.show_status(replace(PAPER, diagnosis=LIVE.diagnosis), MUTED, LIVE)
    wait_for(lambda: "TWS does not answer" in heading(chromium), "the page follows")
    chromium.find_element("link text", "All targets").click()
    wait_for(lambda: heading(chromium) == "2 of 3 red, 1 muted", "the page of all targets")
    chromium.back()
    wait_for(lambda: "TWS does not answer" in heading(chromium), "back to the target's page")
    page.show_status(LIVE, MUTED)
    wait_for(lambda: "is no longer watched" in texts(chromium, "main")[0], "the target is gone")
    assert ODD in texts(chromium, "main .note")[0]
    chromium.find_element("css selector", "nav [data-copy]").click()
    wait_for(lambda: "could not be copied" in texts(chromium, "#said")[0], "that there is none")


def test_what_can_be_done_with_each_is_done_with_that_one_alone(
    chromium: Any, page: Served
) -> None:
    for action, asked in (
        ("pause", ("pause", ODD)),
        ("snooze", ("snooze", "1h", ODD)),
        ("mute", ("mute", ODD, True)),
    ):
        press(chromium, ODD, action)
        wait_for(partial(page.asked.__contains__, asked), f"{asked}")
        wait_for(lambda: ODD in texts(chromium, "#said")[0], "a confirmation that names it")
    press(chromium, "old", "mute")
    wait_for(lambda: ("mute", "old", False) in page.asked, "unmuted")
    go_to_target(chromium, ODD, "Programs can connect")
    chromium.find_element("id", "check-now").click()
    wait_for(lambda: ("check now", ODD) in page.asked, "a check of this target")
    chromium.find_element("css selector", "#pause").click()
    wait_for(lambda: page.asked.count(("pause", ODD)) == 2, "a pause of this target")
    chromium.back()
    wait_for(lambda: heading(chromium) == "1 of 3 red, 1 muted", "the page of all targets")
    chromium.find_element("css selector", "#pause").click()
    wait_for(lambda: "pause" in page.asked, "a pause of all")


def test_a_check_of_all_is_busy_until_the_last_was_checked(chromium: Any, page: Served) -> None:
    chromium.find_element("id", "check-now").click()
    wait_for(lambda: texts(chromium, "#check-now") == ["Checking…"], "busy")
    page.show_status(*(checked_later(one) for one in ALL))
    wait_for(lambda: texts(chromium, "#check-now") == ["Check all now"], "done")


def checked_later(status: Status) -> Status:
    later = {name: replace(one, at=NOW + 1) for name, one in status.evidence.readings.items()}
    return replace(status, evidence=replace(status.evidence, readings=later))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_narrow_screen_and_can_be_used_by_everybody(
    scheme: str, chromium: Any, page: Served
) -> None:
    prefer(chromium, scheme)
    resize(chromium, 320, 640)
    for name in (None, "live"):
        if name:
            go_to_target(chromium, name, "TWS does not answer")
        assert chromium.execute_script(OVERFLOW) <= 0
        assert complaints(chromium) == []


def test_all_of_it_can_be_reached_by_keyboard(chromium: Any, page: Served) -> None:
    from selenium.webdriver import ActionChains, Keys

    seen = set()
    for _ in range(60):
        ActionChains(chromium).send_keys(Keys.TAB).perform()
        name = "const one = document.activeElement; return one.ariaLabel || one.innerText.trim()"
        seen.add(chromium.execute_script(name))
    for words in ("live", "old", "Pause live", "Snooze live for 1 hour", "Mute live", "Unmute old"):
        assert words in seen
    chromium.find_element("id", "target-live").send_keys(Keys.ENTER)
    wait_for(lambda: "TWS does not answer" in heading(chromium), "the page of live")


def test_a_click_on_a_notification_opens_the_page_of_its_target(
    chromium: Any, page: Served, tmp_path: Any
) -> None:
    pages = StaticPages(tmp_path, lambda: NOW)
    opener = PageOpener(
        page.page.address, pages, tmp_path, open_address=lambda address, _: chromium.get(address)
    )
    opener.open(ALL, ODD)
    wait_for(lambda: "Programs can connect" in heading(chromium), "the page of the target")
    opener.open(ALL, None)
    wait_for(lambda: heading(chromium) == "1 of 3 red, 1 muted", "the page of all targets")


def test_the_files_lead_from_all_to_each_and_back(chromium: Any, tmp_path: Any) -> None:
    pages = StaticPages(tmp_path, lambda: NOW)
    chromium.get(pages.write(ALL).as_uri())
    assert heading(chromium) == "1 of 3 red, 1 muted"
    by_itself = "meta-refresh"  # without a server, a file can follow in no other way
    assert [one for one in complaints(chromium) if by_itself not in str(one)] == []
    go_to_target(chromium, ODD, "Programs can connect")
    chromium.find_element("link text", "All targets").click()
    wait_for(lambda: heading(chromium) == "1 of 3 red, 1 muted", "the page of all targets")


LIGHTS = "return [...document.querySelectorAll('main [role=img]')].map((one) => one.ariaLabel)"


def test_without_contact_no_target_keeps_its_light(chromium: Any, page: Served) -> None:
    assert chromium.execute_script(LIGHTS) == ["red", "red", "green", "red"]
    chromium.execute_script("lose()")  # as after some seconds of silence
    assert chromium.execute_script(LIGHTS) == ["grey"] * 4
    page.show_status(*ALL[:2])
    wait_for(lambda: "green" in chromium.execute_script(LIGHTS), "contact again")


def test_in_a_file_that_was_left_behind_no_target_keeps_its_light(
    chromium: Any, tmp_path: Any
) -> None:
    chromium.get(StaticPages(tmp_path, lambda: NOW - 86_400).write(ALL).as_uri())
    wait_for(lambda: chromium.execute_script(LIGHTS) == ["grey"] * 4, "grey")
