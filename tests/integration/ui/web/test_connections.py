"""Nobody keeps this user from the page or fills the log, whatever comes to its port."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from support.page_server import Served, served
from support.polling import PATIENCE, wait_for
from traymon.serving.connections import BoundedProtocol
from traymon.serving.log_limit import LINES
from traymon.ui.web.peers import is_another_users
from traymon.ui.web.reception import MAX_WAITING, Reception
from traymon.ui.web.server import _listen
from traymon.ui.web.streams import MAX_STREAMS

NOBODY = 65534


@pytest.fixture
def page() -> Iterator[Served]:
    with served() as page:
        page.show("handshake-silent")
        yield page


def connect(page: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", page.port), timeout=PATIENCE)


def is_cut_off(connection: socket.socket) -> bool:
    try:
        return connection.recv(65_536) == b""
    except ConnectionError:
        return True


def seconds_until_answer(page: Served) -> float:
    began = time.monotonic()
    assert page.get("/status")[0] == 200
    return time.monotonic() - began


def waiting(page: Served) -> int:
    """Count the connections that have not said who they are."""
    assert page.page.site
    return len(page.page.site.connections.waiting)


def test_a_thousand_silent_connections_keep_nobody_out(page: Served) -> None:
    with ExitStack() as stack:
        for count in range(1_000):
            stack.enter_context(connect(page))
            if count % 100 == 99:
                assert seconds_until_answer(page) < 5
                wait_for(lambda: waiting(page) <= BoundedProtocol.MAX_WAITING, "the oldest to end")


def test_of_too_many_that_say_nothing_the_oldest_has_to_go(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reception, "TIMEOUT", 2 * PATIENCE)
    with ExitStack() as stack:
        waiting = [stack.enter_context(connect(page)) for _ in range(MAX_WAITING + 5)]
        wait_for(lambda: [has_ended(one) for one in waiting] == [True] * 5 + [False] * MAX_WAITING)


def test_pages_that_are_open_stay_open_among_silent_connections(page: Served) -> None:
    with ExitStack() as stack:
        stream = stack.enter_context(closing(page.stream()))
        assert stream.readline().startswith(b"data: ")
        for _ in range(3 * BoundedProtocol.MAX_WAITING):
            stack.enter_context(connect(page))
        assert page.get("/status")[0] == 200
        page.show("healthy")
        while b"Programs can connect" not in (line := stream.readline()):
            assert line, "the stream has ended"


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"GET /gat",
        b"GET /gate?market=1 HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n",
    ],
    ids=["silent", "a word", "half a question", "half a request", "a request without the key"],
)
def test_a_connection_without_the_key_has_seconds(
    start: bytes, page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reception, "TIMEOUT", 0.3)
    monkeypatch.setattr(BoundedProtocol, "REQUEST_TIMEOUT", 0.3)
    with connect(page) as connection:
        connection.sendall(start.replace(b"{port}", str(page.port).encode()))
        while not is_cut_off(connection):
            pass


def test_headers_that_drip_in_are_cut_off(page: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(BoundedProtocol, "REQUEST_TIMEOUT", 0.5)
    with connect(page) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n")
        began, cut_off = time.monotonic(), False
        while not cut_off:
            assert time.monotonic() < began + PATIENCE, "it is never cut off"
            try:
                connection.sendall(b"X: y\r\n")
            except OSError:
                cut_off = True
            time.sleep(0.05)


def test_who_asks_for_much_and_reads_nothing_is_cut_off(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedProtocol, "REQUEST_TIMEOUT", 0.5)
    request = f"GET /page.js HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n\r\n".encode()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", page.port))
        with contextlib.suppress(ConnectionError):
            while True:  # until it is cut off
                connection.sendall(request)


def test_a_stream_outlives_the_time_for_a_request_and_says_that_it_is_alive(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(BoundedProtocol, "REQUEST_TIMEOUT", 0.3)
    with closing(page.stream()) as stream:
        assert stream.readline().startswith(b"data: ")
        began = time.monotonic()
        while stream.readline() != b"event: alive\n":
            assert time.monotonic() - began < 10  # the page's script waits for 12


def test_of_too_many_open_pages_the_oldest_rests(page: Served) -> None:
    with ExitStack() as stack:
        streams = []
        for _ in range(MAX_STREAMS + 1):
            streams.append(stack.enter_context(closing(page.stream())))
            assert streams[-1].readline().startswith(b"data: ")
        assert b"event: rest\n" in streams[0].read()  # it has come to its end
        page.show("healthy")
        for stream in streams[1:]:
            while b"Programs can connect" not in (line := stream.readline()):
                assert line, "a newer one has ended"


def test_pages_that_are_opened_in_one_moment_are_bounded_too(page: Served) -> None:
    request = (
        f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n"
        f"Authorization: {page.bearer}\r\nConnection: close\r\n\r\n"
    ).encode()
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(page)) for _ in range(40)]
        for connection in connections:
            connection.sendall(request)
        wait_for(lambda: sum(map(has_ended, connections)) == len(connections) - MAX_STREAMS)
        page.show("healthy")
        assert page.get("/status")[0] == 200


def has_ended(connection: socket.socket) -> bool:
    connection.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while connection.recv(65_536):
            pass
        return True
    return False


def test_to_ask_for_the_head_of_a_stream_holds_nothing(page: Served) -> None:
    head = f"HEAD /events HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\n"
    answer = page.raw(f"{head}Authorization: {page.bearer}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200")
    assert ("viewer present", True) not in page.asked


GARBAGE = {
    "a chunk without a size": b"POST /x HTTP/1.1\r\nHost: {host}\r\n"
    b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a chunk that follows later": b"GET / HTTP/1.1\r\nHost: {host}\r\n\r\nzz\r\n\r\n",
    "a wish for another protocol": b"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\n"
    b"Upgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a head without an end": b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000,
    "two lengths": b"POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1\r\n"
    b"Content-Length: 2\r\n\r\n",
    "an address that is none": b"GET \xff\xfe HTTP/1.1\r\nHost: {host}\r\n\r\n",
    "many at once": b"GET /page.css HTTP/1.1\r\nHost: {host}\r\n\r\n" * 50 + b"\r\nx\r\n\r\n",
}


def send_garbage(page: Served) -> None:
    for garbage in GARBAGE.values():
        data = garbage.replace(b"{host}", f"127.0.0.1:{page.port}".encode())
        for _ in range(10):
            page.raw(data)
    assert page.get("/status")[0] == 200


def test_garbage_is_no_error_of_the_server(
    page: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traymon.serving.log_limit.LINES", 10**9)
    send_garbage(page)
    assert {record.getMessage() for record in caplog.records} == {"Invalid HTTP request received."}


def test_garbage_writes_no_more_than_a_few_lines_into_the_log(
    page: Served, caplog: pytest.LogCaptureFixture
) -> None:
    send_garbage(page)
    assert len(caplog.records) == LINES
    assert "more of this within the hour" in caplog.records[-1].getMessage()


def test_its_port_can_be_taken_again_at_once() -> None:
    with closing(_listen(0)) as listener:
        address = listener.getsockname()
        with socket.create_connection(address, timeout=PATIENCE) as client:
            wait_for(lambda: select.select([listener], [], [], 0)[0])
            listener.accept()[0].close()  # from here on the port is in TIME_WAIT
            assert client.recv(1) == b""
    with closing(_listen(address[1])) as listener:
        assert listener.getsockname() == address


def test_where_its_port_is_taken_it_has_another_one() -> None:
    with closing(_listen(0)) as first, closing(_listen(first.getsockname()[1])) as second:
        assert first.getsockname() != second.getsockname()


def test_this_users_own_programs_are_not_another_users() -> None:
    with closing(_listen(0)) as listener:
        with socket.create_connection(listener.getsockname(), timeout=PATIENCE):
            wait_for(lambda: select.select([listener], [], [], 0)[0])
            connection = listener.accept()[0]
        with connection:
            assert not is_another_users(connection)
            wait_for(lambda: is_cut_off(connection))
            assert not is_another_users(connection), "one that has ended is nobody's"
