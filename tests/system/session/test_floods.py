"""A server that floods the held session costs little memory, and the light goes on being served."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from support import hostile_server
from support.polling import wait_for
from support.traymon_process import IsolatedTraymon

FLOODED_FOR = 2.0  # seconds
MOST_GROWTH = 10 * 2**20  # bytes
MOST_CPU = 0.75  # of one core; a burst at the beginning included
ANSWERED_WITHIN = 1.0  # seconds
ENDED_WITHIN = 5.0  # seconds


@contextmanager
def hostile(mode: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, hostile_server.__file__, mode]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            yield server
        finally:
            server.kill()


# A link that is lost and back without a pause may be either when somebody asks.
LIGHTS: dict[str, str | tuple[str, ...]] = {"giant": "red: Port ", "link": ("green: ", "amber: ")}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def cpu_seconds(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


def listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def seconds_to_answer(port: int) -> float:
    """Ask the page's server for anything; return how long it took, whatever it answered."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/")
    connection.getresponse().read()
    connection.close()
    return time.monotonic() - began


@pytest.mark.parametrize("mode", hostile_server.FLOODS)
def test_a_flood_costs_neither_memory_nor_answers(mode: str, tmp_path: Path) -> None:
    page = free_port()
    user = IsolatedTraymon(tmp_path, TRAYMON_NOTIFY="off", TRAYMON_PAGE_PORT=str(page))
    with hostile(mode) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        target = server.stdout.readline().strip()
        traymon = subprocess.Popen(
            user.command("run", "--no-tray", "--port", target),
            cwd=user.cwd,
            env=user.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            server.stdout.readline()  # a session is held
            wait_for(lambda: listens(page), "the page")
            seconds_to_answer(page)  # the first request loads the web server
            user.run("status")
            process = psutil.Process(traymon.pid)
            before = peak = process.memory_info().rss
            cpu_before = cpu_seconds(process)
            server.stdin.write("now\n")
            server.stdin.flush()
            began, slowest = time.monotonic(), 0.0
            while time.monotonic() - began < FLOODED_FOR:
                slowest = max(slowest, seconds_to_answer(page))
                peak = max(peak, process.memory_info().rss)
                time.sleep(0.05)
            cpu_share = (cpu_seconds(process) - cpu_before) / (time.monotonic() - began)
            status = user.run("status")
            peak = max(peak, process.memory_info().rss)
        finally:
            traymon.send_signal(signal.SIGTERM)
            ended = time.monotonic()
            traymon.wait(20)
            ended = time.monotonic() - ended
    assert peak - before < MOST_GROWTH
    assert cpu_share < MOST_CPU
    assert slowest < ANSWERED_WITHIN
    assert status.stdout.startswith(LIGHTS.get(mode, "green: "))
    assert ended < ENDED_WITHIN
