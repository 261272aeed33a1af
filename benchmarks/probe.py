"""Measures the CPU time of one poll of each sensor, compared with the cheapest possible probe.

A measurement, not a test: run `python benchmarks/probe.py` on an idle machine. Loopback only.
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
from traymon.sensors.frame_reader import FrameReader
from traymon.sensors.handshake import Handshake
from traymon.sensors.listener import Listener
from traymon.sim.gateway import running

ROUNDS = 15  # the two probes take turns, so that changes of the CPU's clock rate affect both
HANDSHAKES = 300  # per round
TABLE_POLLS = 20
CONNECTIONS = (0, 300)
MAX_RATIO = 3.0  # cost of the sensor's handshake, in bare handshakes


def main() -> None:
    """Print the figures. The listener comes first, because handshakes fill the socket table."""
    for count in CONNECTIONS:
        cost, rows = listener(count)
        print(f"listener              {cost * 1e3:8.2f} ms CPU per look, {rows} rows in the table")
    with simulator() as port:
        sensor, bare = handshakes(Target("benchmark", port=port))
    ratio = sensor / bare
    print(f"handshake sensor      {sensor * 1e6:8.0f} us CPU per look")
    print(f"bare blocking socket  {bare * 1e6:8.0f} us CPU per look")
    print(f"ratio                 {ratio:8.2f} (aim: at most {MAX_RATIO:g})")
    sys.exit(ratio > MAX_RATIO)


def handshakes(target: Target) -> tuple[float, float]:
    """Return the CPU seconds of the sensor's poll and of a bare handshake."""
    sensor, bare = [], []
    for _ in range(ROUNDS):
        sensor.append(cpu(lambda: asyncio.run(poll(Handshake, target, HANDSHAKES))))
        bare.append(cpu(lambda: bare_handshakes(target.port, HANDSHAKES)))
    return statistics.median(sensor) / HANDSHAKES, statistics.median(bare) / HANDSHAKES


def listener(connections: int) -> tuple[float, int]:
    """Return the CPU seconds of a poll with so many connections, and the rows of the table."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        address = server.getsockname()
        for _ in range(connections // 2):  # each has two ends on this machine
            stack.enter_context(socket.create_connection(address))
            stack.enter_context(server.accept()[0])
        target = Target("benchmark", port=address[1])
        cost = cpu(lambda: asyncio.run(poll(Listener, target, TABLE_POLLS))) / TABLE_POLLS
        return cost, len(psutil.net_connections(kind="tcp"))


async def poll(
    kind: Callable[[ConnectionRegistry], PollingSensor], target: Target, times: int
) -> None:
    """Poll with a new sensor, and check that every poll succeeds."""
    sensor = kind(ConnectionRegistry())
    for _ in range(times):
        reading = await sensor.poll(Evidence(target, now=0.0))
        assert reading.symptom is Symptom.OK, reading


def bare_handshakes(port: int, times: int) -> None:
    """Send and read the same bytes with plain blocking calls, and close as gracefully."""
    hello = wire.hello()
    for _ in range(times):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(hello)
            reply = wire.find_version(FrameReader(), connection.recv(4096))
            assert reply is not None
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65_536):
                pass


def cpu(work: Callable[[], None]) -> float:
    """Return the CPU seconds of all threads for the work."""
    before = time.process_time()
    work()
    return time.process_time() - before


@contextmanager
def simulator() -> Iterator[int]:
    """Run a healthy simulated Gateway in its own process, so that its cost is not counted."""
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
    """Serve until something arrives through the pipe."""
    with running() as gateway:
        pipe.send(gateway.port)
        pipe.recv()


if __name__ == "__main__":
    main()
