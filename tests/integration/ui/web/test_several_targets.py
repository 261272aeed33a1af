"""What the page's server does for one of several targets, and for all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from support.page_scenes import one_of_many
from support.page_server import Served, served

ODD = "paper/<b>live</b> ü?&#"
LIVE, PAPER = one_of_many("live", "handshake-silent"), one_of_many(ODD, "healthy")
AT = f"target={quote(ODD, safe='')}"


@pytest.fixture
def page() -> Iterator[Served]:
    with served() as page:
        page.show_status(PAPER, LIVE)
        yield page


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("/check-now", "check now"),
        (f"/check-now?{AT}", ("check now", ODD)),
        (f"/pause?{AT}", ("pause", ODD)),
        ("/pause", "pause"),
        (f"/snooze/1h?{AT}", ("snooze", "1h", ODD)),
        ("/snooze/1h", ("snooze", "1h")),
        (f"/mute/{quote(ODD, safe='')}/on", ("mute", ODD, True)),
        (f"/mute/{quote(ODD, safe='')}/off", ("mute", ODD, False)),
        (f"/open-tws-logs?{AT}", ("tws logs", ODD)),
        (f"/mine/{quote(ODD, safe='')}", ("mine", ODD)),
    ],
)
def test_an_action_is_for_the_target_that_it_names_and_else_for_all(
    page: Served, path: str, asked: object
) -> None:
    assert page.post(path) == 204
    assert page.asked == [asked]


@pytest.mark.parametrize(
    "path",
    [
        *("/check-now?target=gone", "/pause?target=gone", "/resume?target=", "/mine/gone"),
        *("/snooze/1h?target=gone", "/mute/gone/on", "/mute/live/maybe", "/open-tws-logs?target=x"),
    ],
)
def test_nothing_is_done_to_others_in_the_place_of_a_target_that_is_not_watched(
    page: Served, path: str
) -> None:
    assert page.post(path) == 404
    assert page.asked == []


@pytest.mark.parametrize("path", ["/mute/live/on", "/pause?target=live", f"/check-now?{AT}"])
def test_an_action_on_a_target_needs_the_key_like_every_other(page: Served, path: str) -> None:
    assert page.post(path, Authorization="") == 401
    assert page.post(path, Origin="http://127.0.0.1:1") == 403
    assert page.asked == []


def test_the_page_of_all_and_of_each_come_over_the_same_stream(page: Served) -> None:
    of_all, of_one = page.first_event(), page.first_event(f"/events?{AT}")
    assert of_all["title"].startswith("✗ 1 of 2 red: live: ")
    assert (of_all["light"], of_one["light"]) == ("red", "green")
    assert {"several", "watching"} <= {*of_all["state"]}
    assert "several" not in of_one["state"]
    assert "<b>live</b>" not in of_all["html"] + of_one["html"]
    gone = page.first_event("/events?target=%3Cb%3Egone")
    assert gone["title"] == of_all["title"]
    assert "&lt;b&gt;gone is no longer watched." in gone["html"]


def test_the_report_and_the_json_tell_of_one_and_of_all(page: Served) -> None:
    _, report = page.get("/report")
    assert report.count("# IB Connection Diagnosis Results") == 2
    _, report = page.get("/report?target=live")
    assert report.count("# IB Connection Diagnosis Results") == 1
    assert page.get("/report?target=gone")[0] == 404
    page.show_status(PAPER, one_of_many("live", "handshake-silent", muted=True))
    statuses = json.loads(page.get("/status")[1])
    shown = [(status["target"]["name"], status["muted"]) for status in statuses]
    assert shown == [(ODD, False), ("live", True)]  # the worst that is not muted comes first
