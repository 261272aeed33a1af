"""What one look costs this machine: CPU time of each sensor, beside the cheapest possible probe.

A measurement, not a test: run `python benchmarks/probe.py` on a quiet machine. Loopback only.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection

import psutil

from traymon.core.model import Evidence
from traymon.core.target import Target
from traymon.core.vocabulary import Symptom
from traymon.sensors import wire
from traymon.sensors.base import PollingSensor
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.handshake import Handshake
from traymon.sensors.listener import Listener
from traymon.sim.gateway import running

ROUNDS = 15  # the two probes take turns, so that a change of the machine's clock hits both
LOOKS = 300  # handshakes in each round
TABLE_LOOKS = 20
CONNECTIONS = (0, 300)
AIM = 3.0  # the sensor may cost so many bare handshakes


def main() -> None:
    """Print the figures; the listener's first, since handshakes leave the table full."""
    for count in CONNECTIONS:
        cost, rows = listener(count)
        print(f"listener              {cost * 1e3:8.2f} ms CPU per look, {rows} rows in the table")
    with simulator() as port:
        sensor, bare = handshakes(Target("benchmark", port=port))
    ratio = sensor / bare
    print(f"handshake sensor      {sensor * 1e6:8.0f} us CPU per look")
    print(f"bare blocking socket  {bare * 1e6:8.0f} us CPU per look")
    print(f"ratio                 {ratio:8.2f} (aim: at most {AIM:g})")
    sys.exit(ratio > AIM)


def handshakes(target: Target) -> tuple[float, float]:
    """Return the CPU seconds of the sensor's look and of a bare handshake."""
    sensor, bare = [], []
    for _ in range(ROUNDS):
        sensor.append(cpu(lambda: asyncio.run(look(Handshake, target, LOOKS))))
        bare.append(cpu(lambda: bare_handshakes(target.port, LOOKS)))
    return statistics.median(sensor) / LOOKS, statistics.median(bare) / LOOKS


def listener(connections: int) -> tuple[float, int]:
    """Return the CPU seconds of a look beside so many connections, and the socket table's rows."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        address = server.getsockname()
        for _ in range(connections // 2):  # each has two ends on this machine
            stack.enter_context(socket.create_connection(address))
            stack.enter_context(server.accept()[0])
        target = Target("benchmark", port=address[1])
        cost = cpu(lambda: asyncio.run(look(Listener, target, TABLE_LOOKS))) / TABLE_LOOKS
        return cost, len(psutil.net_connections(kind="tcp"))


async def look(
    kind: Callable[[ConnectionRegistry], PollingSensor], target: Target, times: int
) -> None:
    """Let a fresh sensor look; whatever it measures, it must have worked."""
    sensor = kind(ConnectionRegistry())
    for _ in range(times):
        reading = await sensor.poll(Evidence(target, now=0.0))
        assert reading.symptom is Symptom.OK, reading


def bare_handshakes(port: int, times: int) -> None:
    """Send and read the same bytes with plain blocking calls, and close as politely."""
    hello = wire.hello()
    for _ in range(times):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(hello)
            assert wire.AnswerReader().feed(connection.recv(4096)) is not None
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass


def cpu(work: Callable[[], None]) -> float:
    """Return the CPU seconds, of all threads, that the work takes."""
    before = time.process_time()
    work()
    return time.process_time() - before


@contextmanager
def simulator() -> Iterator[int]:
    """Run a healthy simulated Gateway in a process of its own, whose cost does not count here."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join()


def serve(pipe: Connection) -> None:
    """Serve until something comes through the pipe."""
    with running() as gateway:
        pipe.send(gateway.port)
        pipe.recv()


if __name__ == "__main__":
    main()
