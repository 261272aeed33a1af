"""What metrics cost: processor time and bytes of a scrape, and memory.

    python benchmarks/metrics.py

The scraper is a process of its own. Prints the figures of docs/metrics.md.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

import traymon.app  # noqa: F401  what a traymon has loaded anyway
from traymon.core.addresses import ListenAddress
from traymon.core.alerts import MetricsAccess
from traymon.core.model import Change, Diagnosis, Evidence, Reading, Status, Update
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.outbound.base import Surroundings

SCRAPES = 100
CLIENT = """
import sys, urllib.request
for _ in range(int(sys.argv[2])):
    text = urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/metrics").read()
print(len(text))
"""


def measure(targets: int) -> tuple[float, float, float]:
    """Return milliseconds and KiB of a scrape, and the MiB that memory has grown by."""
    before = psutil.Process().memory_info().rss
    from traymon.outbound.metrics import server
    from traymon.outbound.metrics.outlet import Metrics

    server.KEPT_FOR = 0.0
    statuses = [_status(f"target {number}") for number in range(targets)]
    around = Surroundings(time.time, lambda why, source: None, statuses=lambda: statuses)
    outlet = Metrics(MetricsAccess(ListenAddress("127.0.0.1", 0)), around)
    outlet.start()
    for status in statuses:
        outlet.on_update(Update(status, None, Change.NOTHING))
    while outlet.port is None:
        time.sleep(0.01)
    _scrape(outlet.port, 1)
    began = time.process_time()
    size = _scrape(outlet.port, SCRAPES)
    spent = time.process_time() - began
    outlet.stop(1.0)
    grown = psutil.Process().memory_info().rss - before
    return spent / SCRAPES * 1e3, size / 1024, grown / 1024**2


def _status(name: str) -> Status:
    target, now = Target(name), time.time()
    evidence = Evidence(target, now)
    for sensor in (SensorName.HANDSHAKE, SensorName.SESSION):
        evidence = evidence.with_reading(Reading(sensor, Symptom.OK, took=0.01, at=now))
    return Status(target, Diagnosis("healthy", Light.GREEN), now, now, evidence, now)


def _scrape(port: int, count: int) -> int:
    client = [sys.executable, "-c", CLIENT, str(port), str(count)]
    return int(subprocess.check_output(client, text=True))


def main(arguments: Sequence[str]) -> None:
    """Print the figures; each number of targets in a process of its own."""
    if arguments:
        print(*(f"{figure:.3g}" for figure in measure(int(arguments[0]))))
        return
    for targets in (1, 100):
        own = [sys.executable, str(Path(__file__)), str(targets)]
        spent, size, grown = subprocess.check_output(own, text=True).split()
        print(f"{targets} targets: {spent} ms, {size} KiB, +{grown} MiB")


if __name__ == "__main__":
    main(sys.argv[1:])
