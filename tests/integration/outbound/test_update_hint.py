"""The question for newer releases, through real processes to real web servers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.hostile_peer import WEB, hostile_peer
from support.polling import PATIENCE, wait_for
from support.push_server import HANGS, PushServer, push_server
from traymon.core.releases import WEEK, NewRelease, Releases
from traymon.outbound import update_hint
from traymon.outbound.answer import Verdict
from traymon.outbound.courier import LAST_RESORT, Courier
from traymon.outbound.update_hint import UpdateHint
from traymon.storage.state import StateStore

PAGE = "https://releases.example/traymon"
MONDAY = 1_780_000_000.0
TIME_LIMIT = 4.0  # seconds, for a peer that takes all of them


class Clock:
    def __init__(self) -> None:
        self.now = MONDAY

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update_hint, "INTERVAL", 0.1)


@contextmanager
def asking(
    server: PushServer, folder: Path, clock: Clock, shown: threading.Event | None = None
) -> Iterator[UpdateHint]:
    said = shown or threading.Event()
    releases = Releases(server.url, PAGE)
    hint = UpdateHint(releases, StateStore(folder), said.set, clock, Courier(10.0), settled=0.0)
    hint.start()
    try:
        yield hint
    finally:
        hint.stop(PATIENCE)


def test_a_newer_release_is_known_after_one_request_that_tells_nothing(tmp_path: Path) -> None:
    clock, shown = Clock(), threading.Event()
    with push_server() as server:
        server.body = b'{"tag_name": "v99.1.0", "html_url": "https://liar.example/"}'
        with asking(server, tmp_path, clock, shown) as hint:
            assert shown.wait(PATIENCE)
            assert hint.newer() == NewRelease("99.1.0", PAGE)
    (request,) = server.received
    assert request.headers == {
        "Accept-Encoding": "identity",
        "Host": server.url.removeprefix("http://").removesuffix("/topic"),
        "User-Agent": "traymon",
        "Accept": "application/json",
        "Connection": "close",
    }
    assert (request.path, request.body) == ("/topic", b"")


def test_it_asks_once_a_week_however_often_it_is_started(tmp_path: Path) -> None:
    clock = Clock()
    with push_server() as server:
        server.body = b'{"tag_name": "v99.1.0"}'
        for count, later in enumerate((0.0, WEEK, WEEK), 1):
            clock.now += later
            for _ in range(2):
                with asking(server, tmp_path, clock) as hint:
                    wait_for(lambda: hint.newer() and len(server.received) >= count, "an answer")  # noqa: B023
                    time.sleep(0.3)  # three intervals, in which nothing must happen
            assert len(server.received) == count


def test_no_answer_is_no_reason_to_ask_again_before_a_week_is_over(tmp_path: Path) -> None:
    with push_server(500) as server:
        for _ in range(2):
            with asking(server, tmp_path, Clock()) as hint:
                wait_for(lambda: server.received, "the question")
                time.sleep(0.3)
                assert hint.newer() is None
        assert len(server.received) == 1


def test_a_release_that_is_not_newer_is_not_shown(tmp_path: Path) -> None:
    shown = threading.Event()
    with push_server() as server:
        server.body = b'{"tag_name": "v0.0.1"}'
        with asking(server, tmp_path, Clock(), shown) as hint:
            assert shown.wait(PATIENCE)
            assert hint.newer() is None


def test_the_end_does_not_wait_for_a_server_that_hangs(tmp_path: Path) -> None:
    with push_server(HANGS) as server:
        with asking(server, tmp_path, Clock()):
            wait_for(lambda: server.received, "the question")
            began = time.monotonic()
        assert time.monotonic() - began < 5.0


@pytest.mark.parametrize("behaviour", WEB)
def test_a_peer_that_misbehaves_costs_a_bounded_time_and_names_no_release(behaviour: str) -> None:
    with hostile_peer(WEB[behaviour]) as port:
        began = time.monotonic()
        request = {"kind": "release", "url": f"http://127.0.0.1:{port}/"}
        answer = Courier(TIME_LIMIT).send(request)
    assert time.monotonic() - began < TIME_LIMIT + LAST_RESORT + 1
    assert answer.verdict is not Verdict.DELIVERED
    assert answer.said == ""
    assert answer.why.isprintable()


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"{}", b"<html>", b"\xff\xfe", b"[" * 100_000),
        b'{"tag_name": null}',
        b'{"tag_name": "99.0.0 <a href=//liar.example>"}',
        b'{"tag_name": "99.0.0", "x": "' + b"x" * 10**6 + b'"}',
    ],
    ids=lambda body: body[:20].decode(errors="replace"),
)
def test_an_answer_that_is_none_names_no_release(body: bytes) -> None:
    with push_server() as server:
        server.body = body
        answer = Courier(TIME_LIMIT).send({"kind": "release", "url": server.url})
    assert (answer.verdict, answer.said) == (Verdict.REFUSED, "")
    assert answer.why in ("its answer names no release", "its answer is too long")
