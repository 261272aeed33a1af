"""Nobody but this user's browser sees the page; nothing but the page itself changes anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.page_server import Served, served
from traymon.core.facts import FACTS, Fact
from traymon.core.target import Program
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui.web.auth import HEADERS
from traymon.ui.web.keys import OPEN_PATH

CHANGES = ("/check-now", "/tws-settings", "/pause", "/open-page", "/open-tws-logs", "/one-time")


@pytest.fixture
def page() -> Iterator[Served]:
    with served() as page:
        page.show("handshake-silent")
        yield page


def test_a_one_time_address_gives_the_key_once(page: Served) -> None:
    token = page.keys.one_time()
    for _ in range(2):  # to look at it does not use it up: a browser may look ahead
        answer, text = page.request("GET", f"{OPEN_PATH}{token}")
        assert answer.status == 200
        assert page.keys.page not in text
        assert "silent" not in text.partition("<nav")[0]
        assert "set-cookie" not in answer.headers
    assert page.trade(token) == (200, page.keys.page)
    assert page.trade(token)[0] == 401


def test_a_one_time_address_expires(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("traymon.ui.web.keys.ONE_TIME_LIFETIME", -1.0)
    for _ in range(3):
        token = page.keys.one_time()
    assert page.trade(token)[0] == 401
    assert len(page.keys._one_time) <= 1, "expired tokens are forgotten"


def test_the_key_is_traded_on_the_page_alone(page: Served) -> None:
    token = page.keys.one_time()
    assert page.trade(token, Origin="http://127.0.0.1:1")[0] == 403
    assert page.trade(token, Sec_Fetch_Site="same-site")[0] == 403
    assert page.trade(page.keys.page)[0] == 401
    assert page.trade("")[0] == 401
    assert page.request("GET", "/key", Authorization=f"Bearer {token}")[0].status == 405
    assert page.trade(token)[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        f"{OPEN_PATH}guess",
        "/explain/healthy",
        "/incidents/1",
        "/page.js",
        "/actions.js",
        "/page.css",
    ],
)
def test_what_anybody_may_see_says_nothing_of_this_user(path: str, page: Served) -> None:
    answer, text = page.request("GET", path)
    assert answer.status == 200
    before = text
    page.show("healthy")
    assert page.request("GET", path)[1] == before
    for secret in (page.keys.page, page.keys.owner, "<b>words"):
        assert secret not in text


KEYED = ["/events", "/report", "/status", "/nowhere", "/static_page.js", "/openness"]


@pytest.mark.parametrize("path", KEYED)
def test_without_the_key_there_is_nothing_of_this_users_to_see(path: str, page: Served) -> None:
    key = page.keys.page
    refused: list[dict[str, str]] = [
        {},
        {"Cookie": f"traymon-{page.port}={key}"},
        {"Cookie": f"Authorization=Bearer {key}"},
        {"Authorization": "Bearer guess"},
        {"Authorization": "Bearer "},
        {"Authorization": key},
        {"Authorization": f"bearer{key}"},
        {"Authorization": f"Basic {key}"},
        {"Authorization": page.keys.owner},
        {"Authorization": f"Bearer {page.keys.one_time()}"},
        {"X_Traymon_Token": key},
    ]
    for headers in refused:
        answer, text = page.request("GET", path, **headers)
        assert answer.status == 401, headers
        assert "silent" not in text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", ""]
)
def test_a_foreign_host_is_misdirected(host: str, page: Served) -> None:
    answer, _ = page.request("GET", "/", Host=host.format(port=page.port))
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
        ({"Authorization": ""}, 401),
        ({"Authorization": "Bearer guess"}, 401),
        ({"Host": "evil.example"}, 421),
    ],
)
def test_nobody_else_may_change_anything(
    headers: dict[str, str], status: int, page: Served
) -> None:
    for path in CHANGES:
        assert page.post(path, **headers) == status
    assert page.asked == []


@pytest.mark.parametrize("path", CHANGES)
def test_get_changes_nothing(path: str, page: Served) -> None:
    assert page.get(path)[0] == 405
    assert page.asked == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "POST"])
def test_a_method_that_is_not_meant_is_refused(method: str, page: Served) -> None:
    headers = {
        "Authorization": page.bearer,
        "Origin": f"http://127.0.0.1:{page.port}",
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
    assert page.post("/one-time") == 403  # not even the page


def test_every_answer_carries_the_headers_that_keep_others_out(page: Served) -> None:
    for path, bearer in (("/", ""), ("/status", page.bearer), ("/status", ""), ("/page.css", "")):
        answer, _ = page.request("GET", path, Authorization=bearer)
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
    text = page.shown()
    assert "<script" not in text
    assert "&lt;b&gt;words&lt;/b&gt;" in text


def test_account_numbers_are_masked(page: Served) -> None:
    page.show("wrong-environment", {Fact.ACCOUNTS: ("U1234567",), Fact.ACCOUNT: "DU7654321"})
    for text in (page.shown(), page.get("/report")[1], page.get("/status")[1]):
        assert "U1234567" not in text
        assert "DU7654321" not in text
    assert "***567" in page.shown()


@pytest.mark.parametrize("name", ["Origin", "Sec-Fetch-Site", "Authorization", "Host"])
def test_a_header_that_comes_twice_is_no_credential(name: str, page: Served) -> None:
    own = {
        "Host": f"127.0.0.1:{page.port}",
        "Authorization": page.bearer,
        "Origin": f"http://127.0.0.1:{page.port}",
        "Sec-Fetch-Site": "same-origin",
        "Connection": "close",
    }
    lines = [f"{key}: {value}" for key, value in own.items()]
    for double in (f"{name}: {own[name]}", f"{name}: cross-site"):
        request = "\r\n".join(["POST /pause HTTP/1.1", *lines, double, "", ""])
        assert page.raw(request.encode()).startswith(b"HTTP/1.1 4"), double
    assert page.asked == []
    request = "\r\n".join(["POST /pause HTTP/1.1", *lines, "", ""])
    assert page.raw(request.encode()).startswith(b"HTTP/1.1 204")


@pytest.mark.parametrize("body", ["Content-Length: 1", "Transfer-Encoding: chunked"])
def test_a_request_with_a_body_is_refused_before_anything_happens(body: str, page: Served) -> None:
    head = (
        f"POST /pause HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n"
        f"Authorization: Bearer {page.keys.owner}\r\n{body}\r\n\r\n"
    )
    assert page.raw(head.encode()).startswith(b"HTTP/1.1 413")
    assert page.asked == []
