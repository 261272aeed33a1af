"""What happened, on the live page and in its file, in a real Chromium: for every eye and hand."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.a_fortnight import NOW, TARGET, write_fortnight
from support.axe import complaints
from support.chromium import prefer, resize, scripts_off
from support.page_scenes import scene
from support.page_server import Served, served
from support.polling import wait_for
from traymon.storage.history.reader import HistoryFile
from traymon.ui.dashboard import Dashboard, read_dashboard
from traymon.ui.web.dashboards import Dashboards
from traymon.ui.web.static_page import StaticPages

SIZES = {"small phone": (360, 740), "laptop": (1280, 720), "wide": (1920, 1080)}
WIDTH = "return document.documentElement.scrollWidth"
# The charts' parts that lie outside of the page.
OUTSIDE = """
return [...document.querySelectorAll("figure rect, figure text")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.left < -2 || box.right > innerWidth + 4;  // a mark is a few pixels wide
}).length;
"""
FOCUSED = "return document.activeElement.outerHTML"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "history.db"
    write_fortnight(path)
    return path


@pytest.fixture(scope="module")
def board(path: Path) -> Dashboard:
    return read_dashboard(HistoryFile(path), TARGET, NOW)


@pytest.fixture
def page(chromium: Any, path: Path) -> Iterator[Served]:
    with served(dashboards=Dashboards(HistoryFile(path), lambda: NOW)) as page:
        page.show_status(scene("healthy"))
        chromium.get(page.page.address())
        wait_for(partial(shows, chromium, "in trading hours"), "the figures in the status")
        yield page
        chromium.get("about:blank")  # or its open stream holds up the end


def shows(chromium: Any, words: str, selector: str = "#status") -> bool:
    script = "return document.querySelector(arguments[0])?.textContent ?? ''"
    return words in chromium.execute_script(script, selector)


@pytest.mark.parametrize("dark", ["light", "dark"])
def test_axe_finds_nothing_to_complain_of_and_nothing_sticks_out(
    dark: str, chromium: Any, page: Served, board: Dashboard
) -> None:
    prefer(chromium, dark)
    for name, (width, height) in SIZES.items():
        resize(chromium, width, height)
        assert complaints(chromium) == [], name
        assert chromium.execute_script(WIDTH) <= width, name
        assert chromium.execute_script(OUTSIDE) == 0, name
    chromium.get(f"http://127.0.0.1:{page.port}/incidents/{board.incidents[-1].number}")
    wait_for(partial(shows, chromium, "What happened", "main"), "the incident")
    for name, (width, height) in SIZES.items():
        resize(chromium, width, height)
        assert complaints(chromium) == [], name
        assert chromium.execute_script(WIDTH) <= width, name


def test_without_scripts_the_file_shows_all_of_it(
    chromium: Any, board: Dashboard, path: Path, tmp_path: Path
) -> None:
    dashboards = Dashboards(HistoryFile(path), lambda: NOW)
    file = StaticPages(tmp_path, lambda: NOW, dashboards=dashboards).write([scene("healthy")])
    with scripts_off(chromium):
        for width, height in SIZES.values():
            resize(chromium, width, height)
            chromium.get(file.as_uri())
            wait_for(lambda: chromium.find_elements("tag name", "h1"))
            assert chromium.execute_script(WIDTH) <= width
            assert chromium.execute_script(OUTSIDE) == 0
        text = chromium.find_element("tag name", "main").text
        for words in ("100 % in trading hours", "Last 24 hours", "Last 90 days", "Response times"):
            assert words in text
        for one in board.incidents:
            assert one.headline in text
        drawn = "return document.querySelectorAll('svg.strip rect.area').length"
        assert chromium.execute_script(drawn) >= 6
        summary = chromium.find_element("css selector", ".incidents summary")
        summary.send_keys("\n")
        wait_for(lambda: summary.find_element("xpath", "..").get_attribute("open"))


def test_the_keyboard_leads_to_every_incident_and_back(
    chromium: Any, page: Served, board: Dashboard
) -> None:
    newest = board.incidents[0]
    find = "document.querySelector('.incidents a').focus(); " + FOCUSED
    assert f"/incidents/{newest.number}" in chromium.execute_script(find)
    chromium.switch_to.active_element.send_keys("\n")
    wait_for(partial(shows, chromium, newest.headline, "h1"), "the incident")
    assert newest.headline in chromium.title
    chromium.find_element("link text", "Back to current status").send_keys("\n")
    wait_for(partial(shows, chromium, "in trading hours"), "the status")


CATCH = """
window.caught = [];
navigator.clipboard.writeText = async (text) => { window.caught.push(text); };
URL.createObjectURL = (blob) => {
  blob.text().then((text) => window.caught.push(text));
  return "#";
};
"""


def test_the_report_of_an_incident_is_copied_or_saved(
    chromium: Any, page: Served, board: Dashboard
) -> None:
    refused = next(one for one in board.incidents if one.code == "port-refused")
    chromium.get(f"http://127.0.0.1:{page.port}/incidents/{refused.number}")
    wait_for(partial(shows, chromium, refused.headline, "h1"), "the incident")
    chromium.execute_script(CATCH)
    for name, begins in (("Copy report", "# API incident: "), ("Save report", "<!doctype html>")):
        chromium.find_element("xpath", f"//button[text()='{name}']").send_keys("\n")
        taken = wait_for(lambda: chromium.execute_script("return window.caught.pop()"), name)
        assert taken.startswith(begins)
        assert "port-refused" in taken
    page.page._dashboards._reader = None
    chromium.find_element("xpath", "//button[text()='Save report']").send_keys("\n")
    wait_for(partial(shows, chromium, "traymon does not answer", "#report-said"), "the error")


def test_what_was_folded_out_stays_so_when_the_history_changes(chromium: Any, page: Served) -> None:
    chromium.execute_script("document.querySelector('#days-1 summary').click()")
    chromium.execute_script("document.querySelector('#days-1 summary').focus()")
    chromium.execute_script("document.querySelector('#history').firstElementChild.dataset.old = 1")
    page.page._dashboards._kept.clear()
    page.page._dashboards._now = lambda: NOW + 86_400.0  # by then nobody has watched for a day
    page.show_status(scene("handshake-silent"))
    was_replaced = "return !document.querySelector('#history [data-old]')"
    wait_for(lambda: chromium.execute_script(was_replaced), "another history")
    assert chromium.execute_script("return document.querySelector('#days-1').open")
    assert "days-1-title" in chromium.execute_script(FOCUSED)


def test_an_incident_without_the_key_says_how_to_see_it(chromium: Any, page: Served) -> None:
    chromium.get(f"http://localhost:{page.port}/incidents/1")  # where this browser has no key
    wait_for(lambda: chromium.find_elements("tag name", "h1"))
    assert shows(chromium, "open` in a terminal".replace("`", ""), "main")
