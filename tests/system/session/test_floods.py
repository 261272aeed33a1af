"""A server that floods the held session costs little memory, and the light goes on being served."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from support import hostile_server
from support.polling import PATIENCE, wait_for
from support.traymon_process import IsolatedTraymon

FLOODED_FOR = 2.0  # seconds
ROUNDS = 3  # of which the best counts: the machine may be busy
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


# A link that is lost and back without a pause may be either when somebody asks; while it is lost,
# it counts that the tests have no internet.
LIGHTS: dict[str, str | tuple[str, ...]] = {
    "giant": "red: Port ",
    "link": ("green: ", "amber: ", "red: This computer seems offline"),
}


@dataclass(frozen=True)
class Cost:
    """What a flood costs for some seconds."""

    peak: int  # bytes
    cpu_share: float  # of one core
    slowest: float  # seconds in which the page answered

    @property
    def is_bounded(self) -> bool:
        return self.cpu_share < MOST_CPU and self.slowest < ANSWERED_WITHIN


def port_of_the_page(home: Path) -> int | None:
    """Return where the running traymon serves its page; None before it does."""
    for place in home.rglob("traymon.json"):
        return int(json.loads(place.read_text())["port"])
    return None


def cpu_seconds(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


def cost_of(process: psutil.Process, page: int) -> Cost:
    peak, slowest, cpu_before, began = 0, 0.0, cpu_seconds(process), time.monotonic()
    while time.monotonic() - began < FLOODED_FOR:
        slowest = max(slowest, seconds_to_answer(page))
        peak = max(peak, process.memory_info().rss)
        time.sleep(0.05)
    cpu_share = (cpu_seconds(process) - cpu_before) / (time.monotonic() - began)
    return Cost(peak, cpu_share, slowest)


def seconds_to_answer(port: int) -> float:
    """Ask the page's server for anything; return how long it took, whatever it answered."""
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", "/")
    connection.getresponse().read()
    connection.close()
    return time.monotonic() - began


@pytest.mark.parametrize("mode", hostile_server.FLOODS)
def test_a_flood_costs_neither_memory_nor_answers(mode: str, tmp_path: Path) -> None:
    user = IsolatedTraymon(tmp_path, TRAYMON_NOTIFY="off")
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
            page = wait_for(lambda: port_of_the_page(tmp_path), "the page")
            seconds_to_answer(page)  # the first request loads the web server
            user.run("status")
            process = psutil.Process(traymon.pid)
            before = process.memory_info().rss
            server.stdin.write("now\n")
            server.stdin.flush()
            costs = [cost_of(process, page)]
            while not costs[-1].is_bounded and len(costs) < ROUNDS:
                costs.append(cost_of(process, page))
            status = user.run("status")
            peak = max([process.memory_info().rss, *(cost.peak for cost in costs)])
        finally:
            traymon.send_signal(signal.SIGTERM)
            ended = time.monotonic()
            traymon.wait(PATIENCE)
            ended = time.monotonic() - ended
    assert peak - before < MOST_GROWTH
    assert costs[-1].is_bounded, costs
    assert status.stdout.startswith(LIGHTS.get(mode, "green: "))
    assert ended < ENDED_WITHIN
