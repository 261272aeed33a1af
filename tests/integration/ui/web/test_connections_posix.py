"""Few descriptors, and other users of this computer, where the system can play them."""

from __future__ import annotations

import errno
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from support.page_server import Served, served
from support.polling import PATIENCE, wait_for
from traymon.serving.listener import RETRY_INTERVAL
from traymon.serving.log_limit import LINES

if sys.platform == "win32":
    pytest.skip("POSIX alone", allow_module_level=True)

import resource

NOBODY = 65534


@pytest.fixture
def page() -> Iterator[Served]:
    with served() as page:
        page.show("handshake-silent")
        yield page


def test_without_a_free_descriptor_it_waits_and_goes_on_with_the_next_one(
    page: Served, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("traymon.serving.log_limit.LINES", 10**9)  # to count the attempts
    assert page.get("/status")[0] == 200  # all is loaded
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.socket()) for _ in range(40)]
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
        try:
            began = time.monotonic()
            for client in clients:
                client.connect(("127.0.0.1", page.port))
            wait_for(lambda: caplog.records, "the first attempt")
            time.sleep(0.5)
            attempts = len(caplog.records)
            assert attempts <= 2 + (time.monotonic() - began) / RETRY_INTERVAL
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert all(os.strerror(errno.EMFILE) in r.getMessage() for r in caplog.records)
        assert page.get("/status")[0] == 200


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells who connects")
def test_another_users_connections_are_refused(
    page: Served, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(20):
        with of_nobody() as connection:
            connection.connect(("127.0.0.1", page.port))
            assert connection.recv(1) == b""
    assert len(caplog.records) <= LINES
    assert page.get("/status")[0] == 200


@contextmanager
def of_nobody() -> Iterator[socket.socket]:
    """Make a socket that belongs to another user."""
    os.seteuid(NOBODY)
    try:
        connection = socket.socket()
    finally:
        os.seteuid(0)
    connection.settimeout(PATIENCE)
    with connection:
        yield connection
