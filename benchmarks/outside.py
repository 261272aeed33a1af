"""Measures what is told outside: the CPU time of a ping, and of a follower of the events.

A measurement, not a test: `.venv/bin/python benchmarks/outside.py` takes two minutes.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import psutil

from support.certificates import new_certificate, trusted_folder
from support.polling import wait_for
from support.push_scene import GREEN, NOON, status
from support.push_server import push_server
from support.traymon_process import IsolatedTraymon
from traymon.core.alerts import PING_INTERVAL, Ping, Secret
from traymon.core.events import Event, EventType
from traymon.core.ping_policy import Signal
from traymon.outbound.answer import Verdict
from traymon.outbound.courier import Courier
from traymon.outbound.ping import request
from traymon.storage.history.database import Database

PINGS = 50
FOLLOWED = 60.0  # seconds


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        print_ping(Path(folder))
    with tempfile.TemporaryDirectory() as home:
        print_follower(IsolatedTraymon(Path(home)))


def print_ping(folder: Path) -> None:
    """Print what a ping by TLS costs, the start of its process included."""
    certificate = new_certificate(folder)
    os.environ.pop("SSL_CERT_FILE", None)
    os.environ["SSL_CERT_DIR"] = str(trusted_folder(folder, certificate))
    with push_server(certificate=certificate) as server:
        order = request(Ping(Secret(server.url)), Signal.WELL, [status(GREEN, NOON)])
        costs = [_cost(order) for _ in range(PINGS)]
    cost = statistics.median(costs)
    least, most = min(costs) * 1000, max(costs) * 1000
    print(f"a ping: {cost * 1000:.0f} ms of CPU time, {least:.0f} to {most:.0f} ms")
    print(f"every {PING_INTERVAL:.0f} s: {cost / PING_INTERVAL:.3%} of one core")


def _cost(order: Mapping[str, Any]) -> float:
    """Return the seconds of CPU time that the process of a ping takes."""
    if sys.platform == "win32":
        raise SystemExit("Windows does not add up what the processes of a ping take")
    import resource

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert Courier().send(order).verdict is Verdict.DELIVERED
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def print_follower(user: IsolatedTraymon) -> None:
    """Print what a follower costs while nothing happens."""
    database = Database(Path(user.env["XDG_STATE_HOME"]) / "traymon" / "history.db")
    database.transaction(lambda db: db.add_event(Event(EventType.STOP, time.time())))
    database.close()
    process = user.start("events", "--json", "--follow", "--since", "0")
    try:
        assert process.stdout is not None
        wait_for(process.stdout.readline, "the first event")
        times = psutil.Process(process.pid).cpu_times
        before = sum(times()[:2])
        time.sleep(FOLLOWED)
        share = (sum(times()[:2]) - before) / FOLLOWED
        memory = psutil.Process(process.pid).memory_info().rss / 2**20
    finally:
        process.kill()
        process.communicate()
    print(f"a follower of the events: {share:.3%} of one core, {memory:.0f} MiB")


if __name__ == "__main__":
    main()
