"""Measures how fast the light follows the Gateway, and what that costs.

A measurement, not a test. Run it from the repository: `.venv/bin/python benchmarks/session.py`.
Takes about four minutes.
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
from typing import NamedTuple

import psutil

from traymon.core.model import Diagnosis, Evidence, Reading
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.monitoring.monitor import Monitor
from traymon.sensors import sensors_for_target
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.session import Session
from traymon.sim.gateway import Behaviour, Hello, Running, running

IDLE_TIME = 60.0  # seconds
GATEWAY = "import sys; sys.argv = ['traymon', 'simulate', 'healthy', '--port', '{port}']; " + (
    "from traymon.cli.main import main; main()"
)


class MonitorThread:
    """A monitor in its own thread, and what it shows."""

    def __init__(self, port: int) -> None:
        target = Target("bench", port=port, own_client_id=9100)
        self.monitor = Monitor([target], sensors_for_target)
        self._changed = threading.Condition()
        self._shown: tuple[str, Light] = ("", Light.GREY)
        self.monitor.subscribe(lambda update: self._show(update.status.diagnosis))
        self._thread = threading.Thread(target=lambda: asyncio.run(self.monitor.run()))
        self._thread.start()

    def _show(self, diagnosis: Diagnosis) -> None:
        with self._changed:
            self._shown = (diagnosis.code, diagnosis.light)
            self._changed.notify_all()

    def seconds_until(self, matches: Callable[[str, Light], bool], timeout: float) -> float:
        """Wait until the code and light match; return how long it took."""
        began = time.perf_counter()
        with self._changed:
            if not self._changed.wait_for(lambda: matches(*self._shown), timeout):
                raise SystemExit(f"not within {timeout} s; shown: {self._shown}")
        return time.perf_counter() - began

    def stop(self) -> None:
        """Stop the monitor."""
        self.monitor.stop()
        self._thread.join()


def red(code: str, light: Light) -> bool:
    """Tell whether the light is red, whatever the cause."""
    return light is Light.RED


def green(code: str, light: Light) -> bool:
    """Tell whether the light is green."""
    return light is Light.GREEN


def start_gateway(port: int) -> subprocess.Popen[bytes]:
    """Start a simulated Gateway in its own process, and wait until it listens."""
    command = [sys.executable, "-c", GATEWAY.format(port=port)]
    gateway = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert gateway.stdout is not None
    while b"Ctrl-C" not in (line := gateway.stdout.readline()):
        if not line:
            raise SystemExit(f"no simulated Gateway on port {port}")
    return gateway


def wait_for_session(gateway: psutil.Process, port: int) -> None:
    """Wait until a client stays connected, which is traymon's session."""
    steady = 0
    while steady < 10:
        connected = [c for c in gateway.net_connections("tcp") if c.status == "ESTABLISHED"]
        steady = steady + 1 if connected else 0
        time.sleep(0.1)


def seconds_until_red(port: int, end: signal.Signals) -> float:
    """Return the seconds from a signal that kills or freezes a Gateway to a red light."""
    gateway = start_gateway(port)
    monitor = MonitorThread(port)
    try:
        monitor.seconds_until(green, 10)
        wait_for_session(psutil.Process(gateway.pid), port)
        gateway.send_signal(end)
        return monitor.seconds_until(red, 60)
    finally:
        gateway.kill()
        monitor.stop()
        gateway.communicate()


def dropped(becomes: Behaviour) -> tuple[float, float]:
    """Return the seconds to amber and to red, where the Gateway drops all and then serves nobody.

    The second is counted from the drop as well.
    """
    with running() as gateway:
        monitor = MonitorThread(gateway.port)
        try:
            monitor.seconds_until(green, 10)
            _wait_for_heartbeat(gateway)
            gateway.behaviour = becomes
            gateway.drop_connections()
            amber = monitor.seconds_until(lambda _, light: light is Light.AMBER, 10)
            return amber, amber + monitor.seconds_until(red, 60)
        finally:
            monitor.stop()


def link_lost() -> tuple[float, float, float]:
    """Return the seconds to amber, to red and, after message 1102, to green."""
    with running() as gateway:
        monitor = MonitorThread(gateway.port)
        try:
            monitor.seconds_until(green, 10)
            _wait_for_heartbeat(gateway)
            gateway.say(1100, "Connectivity between IBKR and Trader Workstation has been lost.")
            amber = monitor.seconds_until(lambda _, light: light is Light.AMBER, 10)
            to_red = amber + monitor.seconds_until(red, 90)
            gateway.say(1102, "Connectivity has been restored - data maintained.")
            return amber, to_red, monitor.seconds_until(green, 30)
        finally:
            monitor.stop()


def _wait_for_heartbeat(gateway: Running) -> None:
    while not any(c.messages[:2] == (71, 49) for c in gateway.conversations):
        time.sleep(0.02)


class Usage(NamedTuple):
    """What this process uses."""

    threads: int
    tasks: int
    sockets: int
    resident: int  # KiB


def cycles(times: int) -> tuple[Usage, Usage]:
    """Return the usage before and after so many sessions.

    "Before" is after a tenth of them, when everything is imported and the allocator has its pools.
    """
    with simulator() as port:
        return asyncio.run(_cycles(port, times))


async def _cycles(port: int, times: int) -> tuple[Usage, Usage]:
    target = Target("bench", port=port, own_client_id=9100)
    before = _measure_usage()
    for cycle in range(times + times // 10):
        if cycle == times // 10:
            before = _measure_usage()
        context = ServedHandshake(target)
        running_session = asyncio.create_task(Session(ConnectionRegistry()).run(context))
        await asyncio.wait_for(context.served.wait(), 10)
        running_session.cancel()
        await asyncio.gather(running_session, return_exceptions=True)
    return before, _measure_usage()


class ServedHandshake:
    """A sensor context in which the handshake succeeded."""

    check_requests = 0
    settings_requests = 0

    def __init__(self, target: Target) -> None:
        handshake = Reading(SensorName.HANDSHAKE, Symptom.OK, at=1.0)
        self.evidence = Evidence(target, now=2.0).with_reading(handshake)
        self.served = asyncio.Event()

    def post(self, reading: Reading) -> None:
        """Note that the session is served."""
        if reading.symptom is Symptom.OK:
            self.served.set()

    async def wait_for_update(self) -> None:
        """Wait forever: no other sensor reports anything."""
        await asyncio.Event().wait()


def _measure_usage() -> Usage:
    gc.collect()
    process = psutil.Process()
    sockets = len(process.net_connections("all"))
    resident = process.memory_info().rss // 1024
    return Usage(threading.active_count(), len(asyncio.all_tasks()), sockets, resident)


IMPORTS = """
import time
import psutil, PIL.Image, jinja2, typer, rich.console, pydantic, dotenv
import markdown_it, platformdirs
import traymon.app, traymon.cli.main
print("ready", flush=True)
time.sleep(600)
"""


def idle(seconds: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the CPU share and resident MiB of an idle traymon, and of its libraries alone."""
    with simulator() as port, tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "HOME": home, "XDG_STATE_HOME": home, "IB_PORT": str(port)}
        whole = [sys.executable, "-m", "traymon", "--no-tray"]
        alone = [sys.executable, "-c", IMPORTS]
        processes = [
            subprocess.Popen(command, env=environ, cwd=home, stdout=subprocess.DEVNULL)
            for command in (whole, alone)
        ]
        try:
            time.sleep(10)  # until both are started and traymon is green
            measured = [psutil.Process(process.pid) for process in processes]
            before = [sum(process.cpu_times()[:2]) for process in measured]
            time.sleep(seconds)
            whole_cost, alone_cost = (
                (
                    (sum(process.cpu_times()[:2]) - cpu) / seconds,
                    process.memory_info().rss / 2**20,
                )
                for process, cpu in zip(measured, before, strict=True)
            )
            return whole_cost, alone_cost
        finally:
            for started in processes:
                started.kill()
                started.wait()


@contextmanager
def simulator() -> Iterator[int]:
    """Run a healthy simulated Gateway in its own process, so that its cost is not counted."""
    port = free_port()
    gateway = start_gateway(port)
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
    """Print the figures beside the bounds that they should keep."""
    if sys.platform == "win32":
        raise SystemExit("This measurement needs POSIX signals.")
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores; seconds")
    kills = [seconds_until_red(port, signal.SIGKILL) for port in range(17_600, 17_605)]
    print(f"Gateway killed -> red        {max(kills):7.3f} worst of {len(kills)}   (bound 0.5)")
    frozen = seconds_until_red(17_610, signal.SIGSTOP)
    print(f"Gateway stopped -> red       {frozen:7.3f}               (bound 11)")
    amber, to_red = dropped(Behaviour(hello=Hello.SILENT))
    print(f"dropped -> amber             {amber:7.3f}               (bound 0.5)")
    print(f"dropped and silent -> red    {to_red:7.3f}               (bound 6)")
    amber, to_red, to_green = link_lost()
    print(f"1100 -> amber                {amber:7.3f}               (at once)")
    print(f"1100 -> red                  {to_red:7.3f}               (60)")
    print(f"1102 -> green                {to_green:7.3f}               (at once)")
    before, after = cycles(1_000)
    print("1,000 sessions               threads  tasks  sockets  resident KiB")
    for when, (threads, tasks, sockets, resident) in (("before", before), ("after", after)):
        print(f"  {when:<27}{threads:7} {tasks:6} {sockets:8} {resident:13}")
    whole, alone = idle(IDLE_TIME)
    print(f"idle for {IDLE_TIME:.0f} s                CPU share  resident MiB")
    for what, (share, mebibytes) in (("traymon --no-tray", whole), ("its libraries alone", alone)):
        print(f"  {what:<27}{share:9.2%} {mebibytes:13.1f}")


if __name__ == "__main__":
    main()
