"""What a hostile server, or being cancelled, can do to a look: little, and not for long."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
import time
import tracemalloc
from collections.abc import Callable

import psutil
import pytest

from support.polling import wait_for
from traymon.core.vocabulary import Symptom
from traymon.sensors import version_exchange
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.version_exchange import Answer, exchange_versions
from traymon.sim.gateway import Behaviour, Conversation, Ending, Hello, running
from traymon.sim.stage_props import full_backlog

HELLO = b"API\0\0\0\0\x09v100..226"
REPLY = b"\0\0\0\x1a176\x0020261123 10:15:30 UTC\0"
LONG, SHORT = 5.0, 0.3  # seconds
SPARE = 2.0  # seconds that a busy machine may take longer
MEGABYTES = b"\0\0\0\6a\0b\0c\0" * 400_000  # frames that are no version reply


def client_ends(port: int) -> int:
    """Count the sockets of this process that are connected, or connecting, to the port."""
    table = psutil.Process().net_connections("tcp")
    return sum(bool(entry.raddr) and entry.raddr.port == port for entry in table)


@pytest.mark.parametrize(
    ("first", "symptom"),
    [(b"", Symptom.NOT_IB), (REPLY, Symptom.OK)],
    ids=["instead-of-a-reply", "after-the-reply"],
)
def test_a_flood_of_100_megabytes_costs_neither_memory_nor_time(
    serve: Callable[..., int], first: bytes, symptom: Symptom
) -> None:
    def speak(connection: socket.socket) -> None:
        connection.sendall(first)
        for _ in range(25):
            connection.sendall(MEGABYTES)

    port = serve(speak)
    tracemalloc.start()
    try:
        started = time.monotonic()
        answer = asyncio.run(exchange_versions("127.0.0.1", port, LONG, ConnectionRegistry()))
        took = time.monotonic() - started
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.symptom is symptom
    assert peak < 1_500_000
    assert took < answer.took + version_exchange.CLOSE_TIMEOUT + SPARE


def test_a_server_that_is_always_faster_than_we_read_does_not_stop_the_loop(
    serve: Callable[..., int],
) -> None:
    class BytesAreAlwaysThere(asyncio.SelectorEventLoop):
        reads = 0

        async def sock_recv(self, sock: socket.socket, n: int) -> bytes:
            self.reads += 1
            assert self.reads < 500_000, "it read on and on, and nobody else ran"
            return bytes(n)

    with asyncio.Runner(loop_factory=BytesAreAlwaysThere) as runner:
        port = serve(lambda connection: connection.recv(100))
        answer = runner.run(exchange_versions("127.0.0.1", port, LONG, ConnectionRegistry()))
    assert answer.symptom is Symptom.NOT_IB


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a queue refuses as it likes")
def test_a_listener_that_accepts_nobody_finds_a_polite_client_in_its_queue() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert asyncio.run(
            exchange_versions("127.0.0.1", port, SHORT, ConnectionRegistry())
        ).symptom is (Symptom.SILENT)
        connection, _ = server.accept()
        with connection:
            connection.settimeout(LONG)
            assert connection.recv(100) == HELLO
            assert connection.recv(100) == b""


# the end in the middle of a look


async def cancelled_once(port: int, when: Callable[[], bool]) -> asyncio.Task[Answer]:
    task = asyncio.create_task(exchange_versions("127.0.0.1", port, LONG, ConnectionRegistry()))
    async with asyncio.timeout(LONG):
        while not when():
            await asyncio.sleep(0.005)
    task.cancel()
    return task


def test_a_look_that_is_cancelled_while_it_waits_closes_politely() -> None:
    with running(Behaviour(hello=Hello.HALF_FRAME)) as gateway:

        def last() -> Conversation:
            return (*gateway.conversations, Conversation(0.0))[0]

        async def play() -> None:
            task = await cancelled_once(gateway.port, lambda: bool(last().hello))
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(play(), debug=True)
        gc.collect()  # an unclosed socket would warn now, and warnings are errors
        assert client_ends(gateway.port) == 0
        wait_for(lambda: last().ending is not Ending.OPEN)
        assert last().ending is Ending.PEER_CLOSED


def test_a_look_that_is_cancelled_while_it_closes_leaves_no_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(version_exchange, "CLOSE_TIMEOUT", LONG)
    with running(Behaviour(hello=Hello.SILENT)) as gateway:

        def closes() -> bool:
            return any(c.ending is Ending.PEER_CLOSED for c in gateway.conversations)

        async def play() -> float:
            task = asyncio.create_task(
                exchange_versions("127.0.0.1", gateway.port, SHORT, ConnectionRegistry())
            )
            while not closes():
                await asyncio.sleep(0.005)
            before = time.monotonic()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return time.monotonic() - before

        assert asyncio.run(play(), debug=True) < SPARE
        gc.collect()
        assert client_ends(gateway.port) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="needs a full queue")
def test_a_look_that_is_cancelled_while_it_connects_leaves_no_socket() -> None:
    async def play() -> None:
        async with full_backlog(0) as port:
            waiting = client_ends(port)
            task = await cancelled_once(port, lambda: client_ends(port) > waiting)
            with pytest.raises(asyncio.CancelledError):
                await task
            gc.collect()
            assert client_ends(port) == waiting

    asyncio.run(play(), debug=True)
