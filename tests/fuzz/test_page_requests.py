"""Whatever comes to the page's port: no traceback, no server error, nothing done without a key."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support.page_server import Served, served

EXAMPLES = int(os.environ.get("TRAYMON_FUZZ_EXAMPLES", "150"))  # many more for a long run
PATHS = (
    *("/", "/open/x", "/key", "/events", "/explain/healthy", "/explain/%00", "/report", "/status"),
    *(
        "/page.css",
        "/page.js",
        "/actions.js",
        "/check-now",
        "/tws-settings",
        "/pause",
        "/resume",
        "/mine/bot",
        "/show-window/bot",
        "/snooze/1h",
        "/open-page",
        "/open-tws-logs",
        "/one-time",
    ),
    *("/gate?", "/gate?client_id=10", "/gate?margin=nan&client_id=x", "/gate", "/gate?%ff=\xff"),
    *("*", "//", "/..%2f..%2fetc/passwd", "http://127.0.0.1/status", "/status?x=%ff", "/%ff%fe"),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE", "CONNECT", "get", "PRI")
NAMES = (
    *("Host", "Origin", "Authorization", "Cookie", "Content-Length", "Transfer-Encoding", "Expect"),
    *("Sec-Fetch-Site", "Connection", "Upgrade", "X-Traymon-Token", "Content-Type", "Range"),
)
VALUES = (
    *("127.0.0.1:{port}", "http://127.0.0.1:{port}", "Bearer guess", "Bearer ", "same-origin"),
    *(
        "0",
        "1",
        "5",
        "-1",
        "99999999999999999999",
        "chunked",
        "identity, chunked",
        "close",
        "upgrade",
    ),
    *("websocket", "h2c", "100-continue", "keep-alive", "evil.example", "null", "", "bytes=0-"),
)

texts = st.text(st.characters(max_codepoint=255), max_size=20)
headers = st.tuples(st.sampled_from(NAMES) | texts, st.sampled_from(VALUES) | texts)
heads = st.builds(
    lambda method, path, version, lines: "\r\n".join(
        [f"{method} {path} {version}", *(f"{name}: {value}" for name, value in lines), "", ""]
    ).encode("latin-1"),
    st.sampled_from(METHODS) | texts,
    st.sampled_from(PATHS) | texts,
    st.sampled_from(("HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "")),
    st.lists(headers, max_size=6).map(lambda more: [("Host", "127.0.0.1:{port}"), *more]),
)
bodies = st.sampled_from((b"", b"0\r\n\r\n", b"zz\r\n", b"5\r\nhello\r\n", b"\r\n")) | st.binary(
    max_size=200
)
requests = st.lists(st.one_of(heads, bodies), min_size=1, max_size=4).map(b"".join)


@pytest.fixture(scope="module")
def page() -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch, served() as page:
        patch.setattr("traymon.serving.log_limit.LINES", 10**9)  # it would hide what goes wrong
        page.show("handshake-silent")
        yield page


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(request=requests)
@example(request=b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
@example(request=b"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n" * 3 + b"zz\r\n\r\n")
def test_no_request_without_a_key_does_anything(
    request: bytes, page: Served, caplog: pytest.LogCaptureFixture
) -> None:
    answer = page.raw(request.replace(b"{port}", str(page.port).encode()))
    statuses = [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", answer)]
    assert [status for status in statuses if status >= 500] == []
    for secret in (page.keys.page, page.keys.owner, "TWS does not answer programs</h1>"):
        assert secret.encode() not in answer
    assert page.asked == []
    assert {record.getMessage() for record in caplog.records} <= {"Invalid HTTP request received."}
    caplog.clear()
