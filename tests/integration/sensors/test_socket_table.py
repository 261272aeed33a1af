"""The socket table is read seldom for many targets, and never older than the question."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest

from traymon.core.model import Evidence
from traymon.core.target import Target
from traymon.core.vocabulary import Symptom
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.listener import Listener
from traymon.sensors.socket_table import listening_ports, socket_table

TARGETS = 60


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The times at which the table was read from the system."""
    times = []
    read = psutil.net_connections

    def noted(kind: str) -> Any:
        times.append(time.monotonic())
        return read(kind=kind)

    monkeypatch.setattr(psutil, "net_connections", noted)
    return times


def test_targets_that_are_polled_in_the_same_moment_share_reads(reads: list[float]) -> None:
    async def poll_all(port: int) -> list[Symptom]:
        evidence = Evidence(Target("t", port=port), time.time())
        listeners = [Listener(ConnectionRegistry()) for _ in range(TARGETS)]
        readings = await asyncio.gather(*(one.poll(evidence) for one in listeners))
        assert all(reading.cost > 0 for reading in readings)
        return [reading.symptom for reading in readings]

    with socket.create_server(("127.0.0.1", 0)) as server:
        symptoms = asyncio.run(poll_all(server.getsockname()[1]))
    assert symptoms == [Symptom.OK] * TARGETS
    assert len(reads) <= TARGETS / 3  # two, where nothing else keeps the computer busy


def test_nobody_gets_a_table_that_was_read_before_he_asked(reads: list[float]) -> None:
    for _ in range(3):
        asked = time.monotonic()
        socket_table(asked)
        assert reads[-1] >= asked


def test_a_port_that_has_just_opened_or_closed_is_seen_while_others_read_too() -> None:
    ended = threading.Event()

    def read_on() -> None:
        while not ended.is_set():
            socket_table()

    with ThreadPoolExecutor(2) as others:
        for _ in range(2):
            others.submit(read_on)
        try:
            for _ in range(50):
                with socket.create_server(("127.0.0.1", 0)) as server:
                    port = server.getsockname()[1]
                    assert port in (listening_ports() or ())
                assert port not in (listening_ports() or ())
        finally:
            ended.set()
