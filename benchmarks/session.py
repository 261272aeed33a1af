"""How fast the light follows the Gateway, and what it costs: prints figures, tests nothing.

Run it from the repository: `.venv/bin/python benchmarks/session.py`. About four minutes.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from traymon.core.model import Evidence, Reading
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.monitoring.monitor import Monitor
from traymon.sensors import sensors_for_target
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.session import Session
from traymon.sim.gateway import Running, running

IDLE = 60.0  # seconds
GATEWAY = "import sys; sys.argv = ['traymon', 'simulate', 'healthy', '--port', '{port}']; " + (
    "from traymon.cli.main import main; main()"
)


class Watched:
    """A monitor in a thread, and when it showed what."""

    def __init__(self, port: int) -> None:
        target = Target("bench", port=port, own_client_id=9100)
        self.monitor = Monitor([target], sensors_for_target)
        self._changed = threading.Condition()
        self._shown: tuple[str, Light] = ("", Light.GREY)
        self.monitor.subscribe(lambda update: self._show(update.status.diagnosis))
        self._thread = threading.Thread(target=lambda: asyncio.run(self.monitor.run()))
        self._thread.start()

    def _show(self, diagnosis: object) -> None:
        with self._changed:
            self._shown = (diagnosis.code, diagnosis.light)  # type: ignore[attr-defined]
            self._changed.notify_all()

    def seconds_until(self, what: Callable[[str, Light], bool], timeout: float) -> float:
        """Return how long it took until the light showed what is asked for."""
        began = time.perf_counter()
        with self._changed:
            if not self._changed.wait_for(lambda: what(*self._shown), timeout):
                raise SystemExit(f"not within {timeout} s; shown: {self._shown}")
        return time.perf_counter() - began

    def end(self) -> None:
        """Stop watching."""
        self.monitor.stop()
        self._thread.join()


def red(code: str, light: Light) -> bool:
    """The light is red, whatever the cause."""
    return light is Light.RED


def green(code: str, light: Light) -> bool:
    """The light is green."""
    return light is Light.GREEN


def in_a_process(port: int) -> subprocess.Popen[bytes]:
    """Start a simulated Gateway in a process of its own, and wait until it listens."""
    command = [sys.executable, "-c", GATEWAY.format(port=port)]
    gateway = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert gateway.stdout is not None
    while b"Ctrl-C" not in (line := gateway.stdout.readline()):
        if not line:
            raise SystemExit(f"no simulated Gateway on port {port}")
    return gateway


def until_the_session_stands(gateway: psutil.Process, port: int) -> None:
    """Wait until a client stays connected: the held session."""
    steady = 0
    while steady < 10:
        connected = [c for c in gateway.net_connections("tcp") if c.status == "ESTABLISHED"]
        steady = steady + 1 if connected else 0
        time.sleep(0.1)


def until_red(port: int, end: signal.Signals) -> float:
    """Return the seconds from a signal that ends or freezes a Gateway to red."""
    gateway = in_a_process(port)
    watched = Watched(port)
    try:
        watched.seconds_until(green, 10)
        until_the_session_stands(psutil.Process(gateway.pid), port)
        gateway.send_signal(end)
        return watched.seconds_until(red, 60)
    finally:
        gateway.kill()
        watched.end()
        gateway.communicate()


def link_lost() -> tuple[float, float, float]:
    """Return seconds to amber, to red and, after 1102, to green."""
    with running() as gateway:
        watched = Watched(gateway.port)
        try:
            watched.seconds_until(green, 10)
            _session_begun(gateway)
            gateway.say(1100, "Connectivity between IBKR and Trader Workstation has been lost.")
            amber = watched.seconds_until(lambda _, light: light is Light.AMBER, 10)
            to_red = amber + watched.seconds_until(red, 90)
            gateway.say(1102, "Connectivity has been restored - data maintained.")
            return amber, to_red, watched.seconds_until(green, 30)
        finally:
            watched.end()


def _session_begun(gateway: Running) -> None:
    while not any(c.messages[:2] == (71, 49) for c in gateway.conversations):
        time.sleep(0.02)


def cycles(times: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return threads, tasks, sockets and resident KiB before and after so many sessions.

    Before: after a tenth of them, when all is imported and the allocator has its pools.
    """
    with simulator() as port:
        return asyncio.run(_cycles(port, times))


async def _cycles(port: int, times: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    target = Target("bench", port=port, own_client_id=9100)
    before: tuple[int, ...] = ()
    for cycle in range(times + times // 10):
        if cycle == times // 10:
            before = _counted()
        one = OneSession(target)
        holding = asyncio.create_task(Session(ConnectionRegistry()).run(one))
        await asyncio.wait_for(one.served.wait(), 10)
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
    return before, _counted()


class OneSession:
    """A context in which the handshake was served."""

    def __init__(self, target: Target) -> None:
        handshake = Reading(SensorName.HANDSHAKE, Symptom.OK, at=1.0)
        self.evidence = Evidence(target, now=2.0).with_reading(handshake)
        self.served = asyncio.Event()

    def post(self, reading: Reading) -> None:
        """Note that the session is served."""
        if reading.symptom is Symptom.OK:
            self.served.set()

    @property
    def check_requests(self) -> int:
        """Nobody asks for a check."""
        return 0

    async def wait_for_update(self) -> None:
        """Nothing more is seen."""
        await asyncio.Event().wait()


def _counted() -> tuple[int, ...]:
    gc.collect()
    process = psutil.Process()
    sockets = len(process.net_connections("all"))
    resident = process.memory_info().rss // 1024
    return threading.active_count(), len(asyncio.all_tasks()), sockets, resident


IMPORTS = """
import asyncio, sys, time
asyncio.set_event_loop(asyncio.new_event_loop())
import ib_insync.client, psutil, PIL.Image, jinja2, typer, rich.console, pydantic, dotenv
import markdown_it, platformdirs
import traymon.app, traymon.cli.main
print("ready", flush=True)
time.sleep(600)
"""


def idle(seconds: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return CPU share and resident MiB of an idle traymon, and of its libraries alone."""
    with simulator() as port, tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "HOME": home, "XDG_STATE_HOME": home, "IB_PORT": str(port)}
        whole = [sys.executable, "-m", "traymon", "--no-tray"]
        alone = [sys.executable, "-c", IMPORTS]
        running_ones = [
            subprocess.Popen(command, env=environ, cwd=home, stdout=subprocess.DEVNULL)
            for command in (whole, alone)
        ]
        try:
            time.sleep(10)  # started, imported, green
            seen = [psutil.Process(one.pid) for one in running_ones]
            before = [sum(one.cpu_times()[:2]) for one in seen]
            time.sleep(seconds)
            one, two = (
                (
                    (sum(process.cpu_times()[:2]) - cpu) / seconds,
                    process.memory_info().rss / 2**20,
                )
                for process, cpu in zip(seen, before, strict=True)
            )
            return one, two
        finally:
            for started in running_ones:
                started.kill()
                started.wait()


@contextmanager
def simulator() -> Iterator[int]:
    """Run a healthy simulated Gateway in a process of its own, whose cost does not count here."""
    port = free_port()
    gateway = in_a_process(port)
    try:
        yield port
    finally:
        gateway.kill()
        gateway.communicate()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def main() -> None:
    """Print the figures of what is promised beside their bounds."""
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores; seconds")
    kills = [until_red(port, signal.SIGKILL) for port in range(17_600, 17_605)]
    print(f"Gateway killed -> red        {max(kills):7.3f} worst of {len(kills)}   (bound 0.5)")
    frozen = until_red(17_610, signal.SIGSTOP)
    print(f"Gateway stopped -> red       {frozen:7.3f}               (bound 15)")
    amber, to_red, to_green = link_lost()
    print(f"1100 -> amber                {amber:7.3f}               (at once)")
    print(f"1100 -> red                  {to_red:7.3f}               (60)")
    print(f"1102 -> green                {to_green:7.3f}               (at once)")
    before, after = cycles(1_000)
    print("1,000 sessions               threads  tasks  sockets  resident KiB")
    for when, counted in (("before", before), ("after", after)):
        print(f"  {when:<27}{counted[0]:7} {counted[1]:6} {counted[2]:8} {counted[3]:13}")
    whole, alone = idle(IDLE)
    print(f"idle for {IDLE:.0f} s                CPU share  resident MiB")
    for what, (share, resident) in (("traymon --no-tray", whole), ("its libraries alone", alone)):
        print(f"  {what:<27}{share:9.2%} {resident:13.1f}")


if __name__ == "__main__":
    main()
