"""Measures the cost of reading the socket table and the process list of a busy machine.

A measurement, not a test: run `python benchmarks/programs.py` on an idle Linux machine. Prints the
cost of each read, the interval that follows from it, and the resulting share of a core.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from traymon.core.polling import MAX_CPU_SHARE, poll_interval
from traymon.core.target import Limits, Target
from traymon.core.vocabulary import Symptom
from traymon.sensors.client_ids import POLL_INTERVAL
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.connection_table import TABLE_INTERVAL
from traymon.sensors.listener import Listener
from traymon.sensors.processes import EXEC_WINDOW, Processes

CONNECTIONS, PROCESSES = 300, 500
READS = 20
MAX_SHARE = 0.001  # of a core, for all reads of the socket table


def main() -> None:
    """Fill the machine, measure and print; exit with 1 if MAX_SHARE is reached."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        (folder / ".env").touch()
        for _ in range(PROCESSES):
            sleeper = subprocess.Popen(["sleep", "600"])
            stack.callback(sleeper.wait)
            stack.callback(sleeper.kill)
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        for _ in range(CONNECTIONS):
            stack.enter_context(socket.create_connection(server.getsockname()))
            stack.enter_context(server.accept()[0])
        port = server.getsockname()[1]
        target = Target("benchmark", port=port, client_ids=(10,), env_file=str(folder / ".env"))
        share = measure(target)
    print(f"socket table in all: {share:.3%} of a core (aim: under {MAX_SHARE:.1%})")
    sys.exit(share >= MAX_SHARE)


def measure(target: Target) -> float:
    """Print the figures; return the share of a core that reading the socket table takes."""
    programs = Processes(ConnectionRegistry(), tuple)
    programs.scan_new(target)
    time.sleep(EXEC_WINDOW)  # until the processes are not new any more
    rows = len(psutil.net_connections(kind="tcp"))
    print(f"{len(psutil.pids())} processes, {rows} rows in the socket table")

    def connected() -> None:
        found = programs.read_connections(target)
        assert found is not None

    limits = Limits()
    listener = cpu(lambda: Listener(ConnectionRegistry()).read_measured(target, time.monotonic()))
    table = cpu(connected)
    listener_rest = poll_interval(Symptom.OK, 1, True, limits, listener)
    table_rest = max(TABLE_INTERVAL, table / MAX_CPU_SHARE)
    new = cpu(lambda: programs.scan_new(target))
    print(row("listener", listener, listener_rest))
    print(row("who is connected", table, table_rest))
    print(row("new processes", new, POLL_INTERVAL))
    all_of_them = cpu(lambda: programs.scan_all(target))  # it caches nothing that may change
    print(f"{'every process':<18}{all_of_them * 1e3:8.2f} ms CPU, only right before a try")
    return listener / listener_rest + table / table_rest


def row(what: str, cost: float, interval: float) -> str:
    """Return one line: cost, interval and share."""
    share = cost / interval
    return f"{what:<18}{cost * 1e3:8.2f} ms CPU, every {interval:5.1f} s: {share:.3%} of a core"


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of one call."""
    work()
    before = time.thread_time()
    for _ in range(READS):
        work()
    return (time.thread_time() - before) / READS


if __name__ == "__main__":
    main()
