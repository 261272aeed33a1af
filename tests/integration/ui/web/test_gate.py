"""The gate on the page's port: without the web server, and for this user's programs alone."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from support.page_server import Served, served
from support.polling import PATIENCE
from traymon.core.gate import GateOptions
from traymon.ui.gatekeeper import GateQuestion

ANSWER = {"schema": 1, "open": True, "reasons": [], "next_change_at": None, "target": None}
WEB_SERVER = {"starlette", "uvicorn", "h11", "anyio"}


class Gated:
    """A page that is served, and what was asked at its gate."""

    def __init__(self, page: Served, asked: list[GateQuestion]) -> None:
        self.page, self.asked = page, asked

    def get(
        self, query: str, *, method: str = "GET", **headers: str
    ) -> tuple[http.client.HTTPResponse, str]:
        own = {"Authorization": f"Bearer {self.page.keys.owner}"} | headers
        return self.page.request(method, f"/gate?{query}", **own)


@pytest.fixture
def gated() -> Iterator[Gated]:
    asked: list[GateQuestion] = []

    def at_gate(question: GateQuestion) -> dict[str, object]:
        asked.append(question)
        if question.port == 666:
            raise RuntimeError("a bug")
        return ANSWER

    with served(at_gate) as page:
        yield Gated(page, asked)


def test_a_program_gets_its_answer_and_the_proof_that_it_is_traymons(gated: Gated) -> None:
    response, text = gated.get(
        "client_id=10&market=1&margin=90&port=7497&host=localhost&env=%2Fa%20b&env=%2Fc"
        "&target=my%20b%C3%B6t"
    )
    assert response.status == 200
    assert json.loads(text) == ANSWER
    assert response.headers["Authentication-Info"] == gated.page.keys.proof
    assert response.headers["Cache-Control"] == "no-store"
    options = GateOptions(client_id=10, market=True, margin=90.0)
    assert gated.asked == [GateQuestion(options, ("/a b", "/c"), "localhost", 7497, "my böt")]


def test_without_options_the_usual_ones_apply(gated: Gated) -> None:
    assert gated.get("")[0].status == 200
    assert gated.asked == [GateQuestion(GateOptions(None, False, 600.0))]


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (401, {"Authorization": ""}),
        (401, {"Authorization": "Bearer guess"}),
        (401, {"Authorization": "Basic guess"}),
        (403, {"Origin": "http://127.0.0.1:{port}"}),
        (421, {"Host": "evil.example"}),
        (421, {"Host": "127.0.0.1"}),
    ],
)
def test_nobody_else_gets_one(gated: Gated, status: int, headers: dict[str, str]) -> None:
    filled = {name: text.replace("{port}", str(gated.page.port)) for name, text in headers.items()}
    response, text = gated.get("", **filled)
    assert response.status == status
    assert gated.page.keys.proof not in text + str(response.headers)
    assert gated.asked == []


def test_the_page_cannot_ask_for_it(gated: Gated) -> None:
    assert gated.get("", Authorization=gated.page.bearer)[0].status == 401


@pytest.mark.parametrize(
    "query",
    [
        *("client_id=x", "client_id=1&client_id=2", "market=yes", "margin=-1", "margin=nan"),
        *("margin=1e9", "port=x", "symbol=SPY", "margin=600&holidays=1"),
        "target=live&target=paper",
    ],
)
def test_a_question_that_it_does_not_know_is_refused(gated: Gated, query: str) -> None:
    assert gated.get(query)[0].status == 400
    assert gated.asked == []


@pytest.mark.parametrize("line", [b"GET /gate?", b"GET /gate?a b c d", b"GET /gate? HTTP/1.1 "])
def test_a_request_that_is_none_is_refused(gated: Gated, line: bytes) -> None:
    answer = gated.page.raw(line + b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 421")


def test_an_answer_that_fails_is_no_answer_and_the_next_one_comes(
    gated: Gated, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(http.client.HTTPException):
        gated.get("port=666")
    assert "could not be answered" in caplog.text
    assert gated.get("")[0].status == 200


def test_another_method_is_the_pages_matter(gated: Gated) -> None:
    assert gated.get("", method="POST")[0].status == 404
    assert gated.page.page.site is not None


def test_it_does_not_load_the_page(gated: Gated) -> None:
    for _ in range(10):
        assert gated.get("")[0].status == 200
    assert gated.page.page.site is None
    assert gated.page.get("/status")[0] == 200
    assert gated.get("")[0].status == 200


def test_pages_that_are_first_asked_for_together_are_all_served(gated: Gated) -> None:
    found: list[int] = []

    def ask() -> None:
        found.append(gated.page.get("/status")[0])

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert found == [200] * 8


def test_the_process_that_answers_loads_no_web_server() -> None:
    code = (
        "import sys, traymon.app\n"
        "from support.page_server import served\n"
        "with served() as page:\n"
        "    owner = f'Bearer {page.keys.owner}'\n"
        "    assert page.request('GET', '/gate?', Authorization=owner)[0].status == 200\n"
        "    print(*sys.modules)\n"
    )
    tests = [path for path in sys.path if path.endswith("tests")]
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {tests!r}\n{code}"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "traymon.ui.web.gate_request" in done.stdout.split(), done.stderr
    assert not WEB_SERVER & set(done.stdout.split())
