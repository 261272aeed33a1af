"""Measures how long a program waits for the gate: 1,000 times as a command, 1,000 times in Python.

A measurement, not a test: `.venv/bin/python benchmarks/gate.py` takes two minutes. A traymon
watches a simulated Gateway meanwhile, in processes of their own; whole commands are measured, from
their start to their end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import psutil

from support.gateway_process import GatewayProcess
from support.traymon_process import IsolatedTraymon, end
from traymon.gate import gate, wait_until_open

CALLS = 1_000
BOUND = 0.050  # seconds, for 99 of 100
ASK_INTERVAL = 0.01  # seconds
LAUNCHER = Path(sys.executable).with_name("traymon")


def main() -> None:
    """Print the median, the 99th percentile and the worst of each, and what it costs traymon."""
    with tempfile.TemporaryDirectory() as home, GatewayProcess() as gateway:
        user = IsolatedTraymon(Path(home), TRAYMON_NOTIFY="off", TRAYMON_REGION="off")
        os.environ["XDG_STATE_HOME"] = user.env["XDG_STATE_HOME"]
        resident = subprocess.Popen(
            user.command("run", "--no-tray", "--port", str(gateway.port)),
            cwd=user.cwd,
            env=user.env,
            stdout=subprocess.DEVNULL,
        )
        try:
            if not wait_until_open(60.0, margin_minutes=0):
                raise SystemExit("the gate does not open")
            process = psutil.Process(resident.pid)
            before = process.memory_info().rss
            began = cpu_of_commands()
            bare = seconds_of(lambda: run(user, sys.executable, "-c", "pass"))
            between = cpu_of_commands()
            called = seconds_of(lambda: run(user, str(LAUNCHER), "gate", "--margin", "0"))
            ended = cpu_of_commands()
            cpu = sum(process.cpu_times()[:2])
            asked = seconds_of(lambda: gate(margin_minutes=0))
            cpu = sum(process.cpu_times()[:2]) - cpu
            grown = process.memory_info().rss - before
            gateway.freeze()
            frozen = seconds_until_closed()
            gateway.play()  # another one
            wait_until_open(60.0, margin_minutes=0)
            gateway.kill()
            killed = seconds_until_closed()
        finally:
            end(resident)
    print(f"{CALLS} calls            median      p99    worst")
    for name, took in (
        ("python -c pass", bare),
        ("traymon gate", called),
        ("traymon.gate", asked),
    ):
        median, p99, worst = (took[int(len(took) * share)] for share in (0.5, 0.99, 0.9999))
        print(f"{name:<18} {median * 1e3:6.1f} ms {p99 * 1e3:5.1f} ms {worst * 1e3:5.1f} ms")
    shares = ((between - began) / CALLS * 1e3, (ended - between) / CALLS * 1e3)
    print("CPU: {:.1f} ms for python -c pass, {:.1f} ms for traymon gate".format(*shares))
    print(f"the traymon that answers: {cpu / CALLS * 1e3:.2f} ms of CPU for each answer")
    print(f"it has grown by {grown / 2**20:.1f} MiB")
    print(f"closed {frozen:.1f} s after the Gateway froze, {killed:.2f} s after it was killed")
    sys.exit(called[int(CALLS * 0.99)] > BOUND)


def cpu_of_commands() -> float:
    """Return the seconds of CPU of all commands that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def seconds_until_closed() -> float:
    """Return how long it takes from now until the gate is closed."""
    began = time.perf_counter()
    while gate(margin_minutes=0):
        time.sleep(ASK_INTERVAL)
    return time.perf_counter() - began


def run(user: IsolatedTraymon, *command: str) -> bool:
    """Run a command to its end; tell whether it succeeded."""
    done = subprocess.run(
        command, cwd=user.cwd, env=user.env, stdout=subprocess.DEVNULL, check=False
    )
    return done.returncode == 0


def seconds_of(call: Callable[[], object]) -> list[float]:
    """Return how long each call took, in order of length."""
    took = []
    for _ in range(CALLS):
        began = time.perf_counter()
        if not call():
            raise SystemExit("the gate closed")
        took.append(time.perf_counter() - began)
    return sorted(took)


if __name__ == "__main__":
    main()
