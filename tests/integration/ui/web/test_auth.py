"""Nobody but this user's browser sees the page; nothing but the page itself changes anything."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from support.page_server import Served, served
from support.polling import PATIENCE, wait_for
from traymon.core.facts import FACTS, Fact
from traymon.core.target import Program
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui.web.auth import HEADERS, OPEN_PATH, TimeLimitedProtocol


@pytest.fixture
def page() -> Iterator[Served]:
    with served() as page:
        page.show("handshake-silent")
        yield page


def test_a_one_time_address_opens_the_page_once(page: Served) -> None:
    path = f"{OPEN_PATH}{page.keys.one_time()}"
    answer, text = page.request("GET", path)
    assert answer.status == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert 'http-equiv="refresh"' in text
    name = cookie.partition(";")[0]
    answer, text = page.request("GET", "/", Cookie=name)
    assert answer.status == 200
    assert "TWS does not answer programs" in text
    assert page.request("GET", path)[0].status == 401


def test_a_one_time_address_grows_old(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traymon.ui.web.auth.ONE_TIME_LIFETIME", -1.0)
    assert page.request("GET", f"{OPEN_PATH}{page.keys.one_time()}")[0].status == 401


@pytest.mark.parametrize(
    "path", ["/", "/events", "/explain/healthy", "/report", "/status", "/page.js", "/nowhere"]
)
def test_without_the_cookie_there_is_nothing_to_see(path: str, page: Served) -> None:
    for cookie in ("", f"traymon-{page.port}=guess", "traymon=x"):
        headers: dict[str, Any] = {"Cookie": cookie} if cookie else {}
        answer, text = page.request("GET", path, **headers)
        assert answer.status == 401
        assert "silent" not in text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", ""]
)
def test_a_foreign_host_is_misdirected(host: str, page: Served) -> None:
    answer, _ = page.request("GET", "/", Cookie=page.cookie, Host=host.format(port=page.port))
    assert answer.status == 421


def test_localhost_is_this_host(page: Served) -> None:
    assert page.get("/", Host=f"localhost:{page.port}")[0] == 200


def test_the_page_itself_may_change_things(page: Served) -> None:
    assert page.post("/check-now") == 204
    assert page.post("/pause") == 204
    assert page.asked == ["check now", "pause"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"X_Traymon_Token": ""}, 403),
        ({"X_Traymon_Token": "guess"}, 403),
        ({"Cookie": ""}, 401),
        ({"Host": "evil.example"}, 421),
    ],
)
def test_nobody_else_may_change_anything(
    headers: dict[str, str], status: int, page: Served
) -> None:
    for path in ("/check-now", "/pause", "/open-page", "/one-time"):
        assert page.post(path, **headers) == status
    assert page.asked == []


@pytest.mark.parametrize("path", ["/check-now", "/pause", "/open-page", "/one-time"])
def test_get_changes_nothing(path: str, page: Served) -> None:
    assert page.get(path)[0] == 405
    assert page.asked == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "POST"])
def test_a_method_that_is_not_meant_is_refused(method: str, page: Served) -> None:
    headers = {
        "Cookie": page.cookie,
        "Origin": f"http://127.0.0.1:{page.port}",
        "X_Traymon_Token": page.keys.page,
    }
    assert page.request(method, "/", **headers)[0].status == 405
    assert page.request(method, f"{OPEN_PATH}{page.keys.one_time()}", **headers)[0].status == 405


@pytest.mark.parametrize(
    "path",
    ["/../page.css", "/explain/../../etc/passwd", "/explain/..%2f..%2fpage", "/explain/a%00", "//"],
)
def test_no_path_leads_elsewhere(path: str, page: Served) -> None:
    status, text = page.get(path)
    assert status == 404, text


def test_the_owners_commands_need_his_secret_and_no_browser_has_it(page: Served) -> None:
    own = f"Bearer {page.keys.owner}"
    assert page.request("GET", "/status", Authorization=own)[0].status == 200
    answer, text = page.request("POST", "/one-time", Authorization=own)
    assert (answer.status, f":{page.port}{OPEN_PATH}" in text) == (200, True)
    assert page.request("POST", "/open-page", Authorization=own)[0].status == 204
    assert page.asked == ["open"]
    origin = f"http://127.0.0.1:{page.port}"
    refused, _ = page.request("POST", "/open-page", Authorization=own, Origin=origin)
    assert refused.status == 401
    assert page.request("GET", "/status", Authorization="Bearer guess")[0].status == 401
    assert page.post("/one-time") == 403  # not even the page


def test_every_answer_carries_the_headers_that_keep_others_out(page: Served) -> None:
    for path, cookie in (("/", page.cookie), ("/", ""), ("/page.css", page.cookie)):
        answer, _ = page.request("GET", path, Cookie=cookie)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        assert "access-control-allow-origin" not in answer.headers
        assert "server" not in answer.headers
    assert HEADERS["content-security-policy"].startswith("default-src 'none';")
    assert "unsafe" not in HEADERS["content-security-policy"]


@pytest.mark.parametrize("code", sorted(ENTRIES))
def test_text_from_elsewhere_is_nothing_but_text(code: str, page: Served) -> None:
    evil = "<script>alert(1)</script>\"'>"
    of_type: dict[object, object] = {str: evil, Program: Program(evil, 4711, evil, evil)}
    facts = {
        fact: (of_type[fact.type],) if fact.several else of_type[fact.type]
        for fact in FACTS.values()
        if fact.type in of_type
    }
    page.show(code, facts)
    _, text = page.get("/")
    assert "<script>alert" not in text
    assert "&lt;b&gt;words&lt;/b&gt;" in text
    assert text.count("<script") == 1


def test_account_numbers_are_masked(page: Served) -> None:
    page.show("wrong-environment", {Fact.ACCOUNTS: ("U1234567",), Fact.ACCOUNT: "DU7654321"})
    for path in ("/", "/report", "/status"):
        _, text = page.get(path)
        assert "U1234567" not in text
        assert "DU7654321" not in text
        assert "***567" in text.replace("\\*", "*") or path == "/status"


def test_a_huge_body_is_not_read(page: Served) -> None:
    with socket.create_connection(("127.0.0.1", page.port), timeout=PATIENCE) as connection:
        head = f"POST /check-now HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n"
        connection.sendall(f"{head}Content-Length: 10000000\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")
    assert page.asked == []


def test_a_body_without_an_announced_length_is_not_read_to_its_end(page: Served) -> None:
    head = (
        f"POST /check-now HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", page.port), timeout=PATIENCE) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 401")


def test_a_thousand_slow_connections_are_bounded_and_let_go(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TimeLimitedProtocol, "REQUEST_TIMEOUT", 1.0)
    with ExitStack() as stack:
        for _ in range(1_000):
            stack.enter_context(socket.create_connection(("127.0.0.1", page.port), PATIENCE))
        standing = page.page._server.server_state.connections  # type: ignore[union-attr]
        # those beyond the limit are just being ended
        wait_for(
            lambda: len(standing) <= TimeLimitedProtocol.MAX_CONNECTIONS,
            "the connections to be few",
        )
        wait_for(lambda: page_status(page) == 200, "the page, from which slow ones shut out nobody")


def page_status(page: Served) -> int:
    try:
        return page.get("/")[0]
    except OSError:
        return 0


def test_headers_that_drip_in_are_cut_off(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TimeLimitedProtocol, "REQUEST_TIMEOUT", 0.5)
    with socket.create_connection(("127.0.0.1", page.port), timeout=PATIENCE) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        began, cut_off = time.monotonic(), False
        while not cut_off:
            assert time.monotonic() < began + PATIENCE, "it is never cut off"
            try:
                connection.sendall(b"X: y\r\n")
            except OSError:
                cut_off = True
            time.sleep(0.05)
