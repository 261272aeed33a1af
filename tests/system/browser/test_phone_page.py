"""A phone is set up in three steps, in a real Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support.axe import complaints
from support.chromium import prefer, resize
from support.page_scenes import scene
from support.page_server import Served, served
from support.polling import wait_for
from traymon.ui.phone import PhoneSetup

FILE = "/home/me/.config/traymon/alerts.toml"


@pytest.fixture
def sent() -> list[str]:
    return []


@pytest.fixture
def page(chromium: Any, sent: list[str]) -> Iterator[Served]:
    def send_test(url: str) -> str:
        sent.append(url)
        return "" if len(sent) > 1 else "ntfy.sh answered 502"

    with served(phone=PhoneSetup(send_test=send_test, keep=lambda url: FILE)) as page:
        page.show_status(scene("healthy"))
        chromium.get(page.page.address())
        wait_for(lambda: "traymon" in chromium.title, "the page")
        wait_for(lambda: "\N{CHECK MARK}" in chromium.title, "the browser to have the key")
        yield page
        chromium.get("about:blank")


def text(chromium: Any, selector: str = "#phone") -> str:
    script = "return document.querySelector(arguments[0])?.innerText ?? ''"
    return str(chromium.execute_script(script, selector))


def press(chromium: Any, path: str, expected: str) -> None:
    """Press a button with the keyboard's focus on it, and wait for what is said then."""
    chromium.execute_script(
        "const one = document.querySelector(arguments[0]); one.focus(); one.click()",
        f'[data-phone="/phone/{path}"]',
    )
    wait_for(lambda: expected in text(chromium, "#spoken"), f"{expected!r} to be spoken")
    assert expected in text(chromium)


def open_phone_page(chromium: Any, page: Served) -> None:
    footer = chromium.find_element("css selector", "footer a")
    chromium.get(footer.get_attribute("href"))
    wait_for(lambda: "Subscribe to your topic" in text(chromium), "the steps")


def test_three_steps_lead_from_the_foot_of_the_page_to_a_phone_that_is_alerted(
    chromium: Any, page: Served, sent: list[str]
) -> None:
    open_phone_page(chromium, page)
    topic = text(chromium, ".topic")
    assert sent == []
    press(chromium, "test", "The test was not delivered: ntfy.sh answered 502")
    focused = "return document.activeElement.textContent"
    assert chromium.execute_script(focused) == "Send a test", "the focus is lost"
    press(chromium, "test", "https://ntfy.sh has taken the test. Did your phone show it?")
    press(chromium, "keep", "traymon alerts this phone from now on")
    assert FILE in text(chromium)
    assert "Done." in chromium.execute_script(focused), "the focus is lost"
    assert sent == [f"https://ntfy.sh/{topic}"] * 2


def test_a_browser_without_the_key_gets_no_topic(chromium: Any, page: Served) -> None:
    open_phone_page(chromium, page)
    topic = text(chromium, ".topic")
    chromium.execute_script("localStorage.clear()")
    chromium.refresh()
    wait_for(lambda: "shown to your own browser alone" in text(chromium), "why there are no steps")
    assert topic not in chromium.page_source


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1000])
def test_everybody_can_use_the_page(scheme: str, width: int, chromium: Any, page: Served) -> None:
    prefer(chromium, scheme)
    resize(chromium, width, 900)
    open_phone_page(chromium, page)
    assert complaints(chromium) == []
    press(chromium, "test", "not delivered")
    press(chromium, "test", "has taken the test")
    assert complaints(chromium) == []
    wide = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert chromium.execute_script(wide) == 0
    assert chromium.execute_script("return document.querySelector('.topic').scrollWidth") <= width
