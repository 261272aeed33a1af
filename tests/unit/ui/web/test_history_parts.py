"""The history on the page: nothing of it steers, nothing of it needs a script or a colour."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from support.a_fortnight import NOW, TARGET, write_fortnight, write_history
from support.documents import HOSTILE, Document, assert_nothing_steers
from support.page_scenes import scene
from traymon.core.periods import Condition, Period
from traymon.core.vocabulary import Light, SensorName
from traymon.ui.dashboard import Dashboard, read_dashboard
from traymon.ui.web import live_html, side_pages, static_html
from traymon.ui.web.dashboards import Dashboards
from traymon.ui.web.static_page import StaticPages


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Dashboard:
    path = tmp_path_factory.mktemp("history") / "history.db"
    return read_dashboard(write_fortnight(path), TARGET, NOW)


def hostile_board(folder: Path, text: str) -> Dashboard:
    evidence = {SensorName.HANDSHAKE: text}
    period = Period(
        NOW - 9000, NOW, Condition.DOWN, "port-refused", Light.RED, text, evidence=evidence
    )
    return read_dashboard(write_history(folder / "history.db", [period]), TARGET, NOW)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_kept_of_others_words_is_never_markup(text: str, tmp_path: Path) -> None:
    (tmp_path / "harmless").mkdir()
    kept = text.encode("utf-8", "replace").decode()  # as fix_pages.clean keeps it
    boards = hostile_board(tmp_path, kept), hostile_board(tmp_path / "harmless", "harmless")
    pages = [live_html.history([one]) for one in boards]
    assert tags_without_labels(pages[0]) == tags_without_labels(pages[1])
    contents = [side_pages.incident_contents(TARGET, one.incidents[0]) for one in boards]
    assert tags_without_labels(contents[0]) == tags_without_labels(contents[1])
    for page in (*pages, *contents):
        assert_nothing_steers(page)
        assert "1337" not in page


def tags_without_labels(page: str) -> list[str]:
    return [re.sub(r"aria-label=.*", "", tag) for tag in Document(page).tags]


def test_every_chart_says_in_words_what_it_shows(board: Dashboard) -> None:
    pictures = [tag for tag in Document(live_html.history([board])).tags if "role=img" in tag]
    assert len(pictures) == 1 + 1 + 4  # the strip, the month, two response times twice
    assert all(re.search(r"aria-label=.*(up|median) \d", tag) for tag in pictures)


def test_no_attribute_needs_what_the_policy_of_the_page_forbids(board: Dashboard) -> None:
    for page in (live_html.history([board]), static_html.page(scene("healthy"), NOW, board)):
        tags = Document(page).tags
        assert not [tag for tag in tags if re.search(r" (style|on\w+)=", tag)]
        assert not [tag for tag in tags if "url(" in tag and "url(#fill-" not in tag]


def test_every_pattern_that_is_used_is_defined_once(board: Dashboard) -> None:
    page = live_html.history([board, replace(board, target="other")])
    used = set(re.findall(r"url\(#([\w-]+)\)", page))
    assert len(used) == 4
    for name in used:
        assert page.count(f'id="{name}"') == 1
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert "History of other" in page


def test_the_live_page_links_to_the_incidents_and_the_file_holds_them(board: Dashboard) -> None:
    live, file = live_html.history([board]), static_html.page(scene("healthy"), NOW, board)
    for one in board.incidents:
        assert f'href="/incidents/{one.number}"' in live
        assert f'id="incident-{one.number}"' in file
    assert "/incidents/" not in file
    assert "connection accepted, no reply within 5 s" in file
    assert "connection accepted, no reply within 5 s" not in live
    assert "no notification service answers" in file


def test_the_page_begins_with_the_figures_of_the_week(board: Dashboard) -> None:
    page = static_html.page(scene("healthy"), NOW, board)
    glance = page.partition('<dl class="glance">')[2].partition("</dl>")[0]
    assert "100 % in trading hours" in glance
    event = live_html.live_event([scene("healthy")], NOW, (), [board])
    assert "100 % in trading hours" in str(event["html"])
    assert "in trading hours" not in str(live_html.live_event([scene("healthy")], NOW)["html"])


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (Dashboard(TARGET), "Nothing is recorded yet."),
        (Dashboard(TARGET, watching_since="09:12"), "Watching since 09:12. The first figures"),
        (Dashboard(TARGET, problem="it is <b>damaged</b>"), "cannot be shown: it is &lt;b&gt;"),
    ],
)
def test_without_figures_it_says_why_and_stays_calm(shown: Dashboard, words: str) -> None:
    page = live_html.history([shown])
    assert words in page
    assert '<svg class="strip"' not in page
    assert "None" not in page


def test_without_a_history_there_is_no_section() -> None:
    assert live_html.history([]).strip() == ""
    assert "History" not in static_html.page(scene("healthy"), NOW)


def test_an_incident_that_is_not_kept_and_a_damaged_history_have_their_words() -> None:
    assert "No such incident" in side_pages.incident_contents("", None)
    assert "it is locked" in side_pages.incident_contents("", None, "it is locked")


def test_the_file_has_the_history_and_keeps_it_at_the_end(tmp_path: Path) -> None:
    reader = write_fortnight(tmp_path / "history.db")
    pages = StaticPages(tmp_path / "pages", lambda: NOW, dashboards=Dashboards(reader, lambda: NOW))
    path = pages.write([scene("handshake-silent")])
    assert "Last 90 days" in path.read_text(encoding="utf-8")
    pages.show([scene("handshake-silent")], {})
    pages.end()
    text = path.read_text(encoding="utf-8")
    assert "traymon ended at" in text
    assert "Last 90 days" in text
