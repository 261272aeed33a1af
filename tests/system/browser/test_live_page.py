"""The live page in a real Chromium: it follows, it fits, it can be used by everybody."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.axe import complaints
from support.chromium import prefer, resize
from support.page_scenes import TEN_CODES, scene
from support.page_server import FACTS, Served, served
from support.polling import wait_for
from traymon import assets
from traymon.core.model import Diagnosis, Evidence, Reading, Status
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.diagnosis.catalogue import ENTRIES, diagnose
from traymon.ui import presenter
from traymon.ui.web.static_page import StaticPages

SIZES = {"phone": (390, 844), "laptop": (1280, 720), "wide": (1920, 1080)}
MOST_BYTES = 60_000
FRAME = ("/", "/page.css", "/page.js", "/actions.js")
# Where the first two lines of the first step end.
FIRST_STEP = """
const fix = document.querySelector("article h2").nextElementSibling;
const step = (fix.querySelector("li") ?? fix).getBoundingClientRect();
const bar = document.querySelector("nav").getBoundingClientRect();
const covered = bar.top > innerHeight / 2 ? bar.height : 0;
return step.top + Math.min(step.height, 60) + covered;
"""
BAD = [code for code, entry in ENTRIES.items() if entry.light in (Light.AMBER, Light.RED)]


@pytest.fixture
def page(chromium: Any) -> Iterator[Served]:
    with served() as page:
        page.show("handshake-silent")
        yield page
        chromium.get("about:blank")  # or its open stream holds up the end


def open_in(chromium: Any, page: Served) -> None:
    go_to(chromium, page.page.address())


def go_to(chromium: Any, address: str | None) -> None:
    """Load a page and wait until it has its contents."""
    chromium.get(address)
    wait_for(lambda: chromium.find_elements("tag name", "h1"))


def until_its_buttons_work(chromium: Any) -> None:
    """The page can be read before its script has run, which shows the buttons."""
    shown = """return document.querySelector("[data-post='/check-now']")?.checkVisibility()"""
    wait_for(lambda: chromium.execute_script(shown))


def size(chromium: Any, name: str) -> None:
    resize(chromium, *SIZES[name])


def read(chromium: Any, selector: str) -> str:
    """What stands there: in one step, since the page changes under a held element."""
    script = "return document.querySelector(arguments[0]).textContent"
    return str(chromium.execute_script(script, selector))


def headline(chromium: Any) -> str:
    return read(chromium, "h1")


def test_it_turns_green_by_itself_and_says_after_how_long(chromium: Any, page: Served) -> None:
    open_in(chromium, page)
    assert "TWS does not answer programs" in headline(chromium)
    chromium.execute_script("window.not_reloaded = true")

    def follows_soon() -> bool:
        """Tell whether it turned green within two seconds, for which the machine may be busy."""
        page.show("handshake-silent")
        wait_for(lambda: "TWS does not answer programs" in headline(chromium))
        page.show("healthy", was_down=250.0)
        began = time.monotonic()
        wait_for(lambda: "Fixed after 4 min 10 s" in read(chromium, "main"))
        return time.monotonic() - began < 2

    assert any(follows_soon() for _ in range(3))
    assert "Programs can connect" in headline(chromium)
    assert "Programs can connect" in chromium.title
    assert chromium.execute_script("return window.not_reloaded") is True
    assert chromium.execute_script("return document.body.className") == "green live"
    assert "green" in read(chromium, "#spoken")


def test_what_was_folded_out_stays_so_when_the_page_changes(chromium: Any, page: Served) -> None:
    open_in(chromium, page)
    chromium.execute_script("document.querySelector('#check-1 summary').focus()")
    chromium.execute_script("document.querySelector('#check-1 summary').click()")
    page.show("handshake-slow")
    wait_for(lambda: "TWS does not answer programs" not in headline(chromium))
    assert chromium.execute_script("return document.querySelector('#check-1').open")
    focused = "return document.activeElement.closest('details').id"
    assert chromium.execute_script(focused) == "check-1"


def test_the_monitor_is_told_that_somebody_looks_and_that_nobody_does(
    chromium: Any, page: Served
) -> None:
    open_in(chromium, page)
    wait_for(lambda: ("viewer present", True) in page.asked)
    chromium.get("about:blank")
    page.show("healthy")
    page.show("handshake-slow")
    wait_for(
        lambda: page.asked[-1] == ("viewer present", False), "the end of the stream", timeout=40
    )


@pytest.mark.parametrize("dark", ["light", "dark"])
def test_axe_finds_nothing_to_complain_of_at_any_size(
    dark: str, chromium: Any, page: Served
) -> None:
    prefer(chromium, dark)
    open_in(chromium, page)
    until_its_buttons_work(chromium)
    for code in TEN_CODES:
        page.show_status(scene(code))
        title = presenter.headline(scene(code).diagnosis)
        wait_for(partial(lambda title: title in chromium.title, title))
        for name in SIZES:
            size(chromium, name)
            assert complaints(chromium) == [], f"{code} at the size of a {name}"
    go_to(chromium, f"http://127.0.0.1:{page.port}/explain/wrong-port")
    assert complaints(chromium) == []


def test_headline_and_first_step_are_in_view_for_every_fault_at_any_size(
    chromium: Any, page: Served
) -> None:
    open_in(chromium, page)
    until_its_buttons_work(chromium)
    for code in BAD:
        page.show(code)
        words = presenter.headline(Diagnosis(code, ENTRIES[code].light, FACTS))
        wait_for(partial(lambda words: words in chromium.title, words))
        for name, (width, height) in SIZES.items():
            size(chromium, name)
            bottom = chromium.execute_script(FIRST_STEP)
            assert bottom <= height, f"{code}: step 1 ends at {bottom} on a {name}"
            wide = chromium.execute_script("return document.documentElement.scrollWidth")
            assert wide <= width, f"{code} is too wide for a {name}"


def test_every_page_of_the_catalogue_can_be_reached(chromium: Any, page: Served) -> None:
    open_in(chromium, page)
    links = "return [...document.querySelectorAll('.others a')].map((link) => link.pathname)"
    paths = {path.rpartition("/")[2] for path in chromium.execute_script(links)}
    assert paths == set(ENTRIES)
    for code in ENTRIES:
        status, text = page.get(f"/explain/{code}")
        assert status == 200
        assert "{" not in text.partition("<main>")[2]


def test_without_scripts_it_says_what_it_needs(chromium: Any, page: Served) -> None:
    chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        open_in(chromium, page)
        assert headline(chromium) == "This page needs JavaScript"
        assert "traymon status" in read(chromium, "main")
    finally:
        chromium.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    go_to(chromium, chromium.current_url)  # its address was not used up
    assert "TWS does not answer programs" in headline(chromium)


LOST = "return document.getElementById('lost').checkVisibility()"
ICON = "return document.getElementById('icon').href"
LIGHT = "return document.body.classList[0]"
SHAPES = "return document.querySelectorAll('header svg > *').length"
SQUARE_AND_DOTS = 4


def looks_lost(chromium: Any) -> bool:
    """Whether the page says in every way that nobody is behind it any more."""
    script = """
    window.scrollTo(0, document.body.scrollHeight);
    const strip = document.getElementById("lost").getBoundingClientRect();
    return [
      document.body.classList[0], document.querySelector("article").className,
      document.querySelector("header svg").getAttribute("aria-label"),
      strip.height > 0 && strip.top >= 0 && strip.bottom <= innerHeight,
      [...document.querySelectorAll("nav button")].every((button) => button.disabled),
    ]"""
    assert chromium.execute_script(SHAPES) == SQUARE_AND_DOTS
    return bool(chromium.execute_script(script) == ["grey", "target grey", "grey", True, True])


def test_without_traymon_it_turns_grey_in_every_way(chromium: Any, page: Served) -> None:
    page.show("healthy")
    open_in(chromium, page)
    until_its_buttons_work(chromium)
    wait_for(lambda: chromium.title.startswith("✓ Programs can connect"))
    green = chromium.execute_script(ICON)
    assert not chromium.execute_script(LOST)
    page.loop.call_soon_threadsafe(page.page.stop)
    wait_for(lambda: chromium.execute_script(LOST), "the strip")
    assert looks_lost(chromium)
    assert chromium.title.startswith("(no contact) ✓ Programs can connect")
    assert chromium.execute_script(ICON) != green
    assert re.search(r"Last heard \d\d:\d\d:\d\d\.", read(chromium, "#lost"))


def test_a_traymon_that_hangs_is_noticed_and_so_is_its_return(chromium: Any, page: Served) -> None:
    page.show("healthy")
    open_in(chromium, page)
    until_its_buttons_work(chromium)
    goes_on = threading.Event()
    try:
        page.loop.call_soon_threadsafe(goes_on.wait, 60)
        wait_for(lambda: chromium.execute_script(LOST), "the strip", timeout=40)
        assert looks_lost(chromium)
    finally:
        goes_on.set()
    page.show("handshake-silent")
    wait_for(lambda: not chromium.execute_script(LOST), "contact again", timeout=40)
    wait_for(lambda: chromium.title.startswith("✗ "))
    assert chromium.execute_script(LIGHT) == "red"
    assert chromium.execute_script("return document.querySelector('article').className") == (
        "target red"
    )
    assert not chromium.execute_script("return document.querySelector('nav button').disabled")


def test_title_and_icon_follow_the_light(chromium: Any, page: Served) -> None:
    open_in(chromium, page)
    icons = set()
    for code, mark in (("handshake-silent", "✗"), ("client-id-clash", "!"), ("healthy", "✓")):
        page.show(code)
        wait_for(partial(lambda mark: chromium.title.startswith(f"{mark} "), mark))
        icons.add(chromium.execute_script(ICON))
    assert len(icons) == 3


@pytest.mark.parametrize(("age", "is_old"), [(0.0, False), (600.0, True)])
def test_a_page_that_was_left_behind_says_that_it_is_old(
    age: float, is_old: bool, chromium: Any, tmp_path: Path
) -> None:
    at = time.time() - age
    silent = Reading(SensorName.HANDSHAKE, Symptom.SILENT, at=at)
    evidence = Evidence(Target("bot"), at).with_reading(silent)
    status = Status(evidence.target, diagnose(evidence), at, at, evidence, at)
    chromium.get(StaticPages(tmp_path, lambda: at).write([status]).as_uri())
    assert chromium.execute_script(LOST) is is_old
    assert chromium.title.startswith("(no contact) ✗" if is_old else "✗")
    assert chromium.execute_script(LIGHT) == ("grey" if is_old else "red")
    assert (chromium.execute_script(SHAPES) == SQUARE_AND_DOTS) is is_old
    chromium.get("about:blank")


def test_all_of_it_is_small(page: Served) -> None:
    frame = sum(len(page.get(path)[1].encode()) for path in FRAME)
    for code in ENTRIES:
        page.show(code)
        assert frame + len(page.shown().encode()) < MOST_BYTES, code


def test_nothing_comes_from_elsewhere(page: Served) -> None:
    text = (
        page.get("/")[1]
        + page.shown()
        + "".join(
            (assets.folder() / name).read_text(encoding="utf-8")
            for name in ("page.css", "page.js", "actions.js")
        )
    )
    text = text.replace("// ", "").replace("http://www.w3.org/2000/svg", "")
    assert "//" not in re.sub('<a href="https://www.interactivebrokers.com/', "", text)
    assert json.dumps("url(") not in text


def test_trouble_with_traymon_itself_is_shown_while_it_lasts(chromium: Any) -> None:
    troubles = ["push phone: HTTP 404 Not Found"]
    with served(trouble=lambda: "; ".join(troubles)) as page:
        page.show("healthy")
        open_in(chromium, page)
        wait_for(lambda: read(chromium, "#trouble") == troubles[0], "the trouble")
        assert not complaints(chromium)
        troubles.clear()
        page.page.refresh()
        shown = "return document.getElementById('trouble').checkVisibility()"
        wait_for(lambda: not chromium.execute_script(shown), "its end")
        chromium.get("about:blank")
