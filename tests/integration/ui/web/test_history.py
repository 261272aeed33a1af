"""The history reaches an open page without keeping the status from it, and its own user alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from support.a_fortnight import NOW, TARGET, write_fortnight
from support.page_server import Served, served
from support.polling import PATIENCE
from traymon.core.time_windows import Span
from traymon.storage.history.reader import HistoryFile
from traymon.ui.dashboard import read_dashboard
from traymon.ui.web.dashboards import Dashboards


class SlowReader(HistoryFile):
    """A history on a disk that answers when it is let."""

    may_answer = threading.Event()
    asked = threading.Event()

    def read_extent(self, target: str) -> Span | None:
        """Return from when to when there is a record, once it may."""
        self.asked.set()
        assert self.may_answer.wait(PATIENCE)
        return super().read_extent(target)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "history.db"
    write_fortnight(path)
    return path


@pytest.fixture
def page(path: Path) -> Iterator[Served]:
    with served(dashboards=Dashboards(HistoryFile(path), lambda: NOW)) as page:
        page.show("healthy")
        yield page


def event(stream: HTTPResponse) -> tuple[str, Any]:
    """Return the name of the next event, "" for a status, and what it carries."""
    name = ""
    while line := stream.readline().decode().strip():
        key, _, value = line.partition(": ")
        if key == "event":
            name = value
        elif key == "data" and value:
            carried = value
    return name, json.loads(carried)


def test_the_status_comes_first_then_the_history_then_the_figures_in_the_status(
    page: Served,
) -> None:
    with closing(page.stream()) as stream:
        names, carried = zip(*[event(stream) for _ in range(3)], strict=True)
        assert names == ("", "history", "")
        assert "in trading hours" not in carried[0]["html"]
        assert "Last 90 days" in carried[1]
        assert "100 % in trading hours" in carried[2]["html"]
        page.show("healthy", was_down=7.0)  # other details, and nothing new in the history
        page.show("healthy", was_down=8.0)
        assert "Fixed after" in event(stream)[1]["html"]
        page.show("healthy", was_down=9.0)
        name, status = event(stream)
        assert name == ""
        assert "Fixed after 9 s" in status["html"]


def test_a_history_that_cannot_be_read_in_time_keeps_nobody_waiting(path: Path) -> None:
    reader = SlowReader(path)
    with served(dashboards=Dashboards(reader, lambda: NOW)) as page:
        page.show("healthy")
        with closing(page.stream()) as stream:
            try:
                assert event(stream)[1]["light"] == "green"
                assert reader.asked.wait(PATIENCE)
                assert page.get("/status")[0] == 200
            finally:
                reader.may_answer.set()
            assert event(stream)[0] == "history"


def test_the_page_of_an_incident_has_its_contents_for_its_user_alone(
    page: Served, path: Path
) -> None:
    silent = read_dashboard(HistoryFile(path), TARGET, NOW).incidents[-1]
    answer, frame = page.request("GET", f"/incidents/{silent.number}")
    assert answer.status == 200
    assert f'data-contents="/incident/{silent.number}"' in frame
    assert silent.headline not in frame
    assert page.request("GET", f"/incident/{silent.number}")[0].status == 401
    status, contents = page.get(f"/incident/{silent.number}")
    assert status == 200
    assert silent.headline in contents
    assert "You were notified" in contents
    assert 'href="/explain/handshake-silent"' in contents


def test_the_report_of_an_incident_is_for_its_user_alone(page: Served, path: Path) -> None:
    silent = read_dashboard(HistoryFile(path), TARGET, NOW).incidents[-1]
    address = f"/incident/{silent.number}/report"
    for way, begins in (("", "# API incident: "), (".html", "<!doctype html>")):
        assert page.request("GET", address + way)[0].status == 401
        status, report = page.get(address + way)
        assert status == 200
        assert report.startswith(begins)
        assert "handshake-silent" in report
        assert page.get(f"/incident/9999/report{way}")[0] == 404
    contents = page.get(f"/incident/{silent.number}")[1]
    assert f'data-report="{address}"' in contents
    assert f'data-report="{address}.html"' in contents


@pytest.mark.parametrize("number", ["0", "9999", "9" * 18])
def test_an_incident_that_does_not_exist_says_so(number: str, page: Served) -> None:
    status, contents = page.get(f"/incident/{number}")
    assert status == 200
    assert "No such incident" in contents


@pytest.mark.parametrize("number", ["x", "-1", "1/2", "", "9" * 19, "9" * 5000, "%D9%A3"])
def test_what_is_no_number_is_no_page(number: str, page: Served) -> None:
    for path in (f"/incidents/{number}", f"/incident/{number}", f"/incident/{number}/report"):
        assert page.get(path)[0] == 404


def test_a_damaged_history_leaves_the_page_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    path.write_bytes(b"no database " * 100)
    with served(dashboards=Dashboards(HistoryFile(path), lambda: NOW)) as page:
        page.show("healthy")
        with closing(page.stream()) as stream:
            assert event(stream)[1]["light"] == "green"
            assert "cannot be shown" in event(stream)[1]
        assert "cannot be read" in page.get("/incident/1")[1]
