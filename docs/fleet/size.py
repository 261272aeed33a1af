"""Calculate what a Prometheus needs for a fleet, from the series that a traymon really exports.

    python docs/fleet/size.py [traymons]

A calculation, not a measurement. Disk: Prometheus' documentation of its storage says 1 to 2 bytes
for each sample; 2 are taken. Memory: 3 kB for each series is the rule of Robust Perception, for
Prometheus 2.20 and newer; what queries take is not in it.
"""

from __future__ import annotations

import sys

from traymon.core.model import Change, Diagnosis, Evidence, Reading, Status, Update
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.outbound.metrics.exposition import Exposition
from traymon.outbound.metrics.reliability import WINDOWS

BYTES_PER_SAMPLE = 2
BYTES_PER_SERIES = 3_000
ADDED_BY_PROMETHEUS = 5  # `up` and what it notes of each scrape
DAY = 86_400


def series(targets: int) -> int:
    """Return how many series a traymon exports that knows everything of so many targets."""
    statuses = [_status(f"target {number}") for number in range(targets)]
    ratios = {(window, hours): 1.0 for window in WINDOWS for hours in ("all", "trading")}
    exposition = Exposition(lambda: 0.0, lambda: statuses, lambda name: ratios)
    for status in statuses:
        exposition.take(Update(status, None, Change.NOTHING))
    lines = exposition.text().decode().splitlines()
    return sum(not line.startswith("#") for line in lines)


def _status(name: str) -> Status:
    target = Target(name)
    answered = Reading(SensorName.HANDSHAKE, Symptom.OK, took=0.01)
    evidence = Evidence(target, 0.0).with_reading(answered)
    return Status(target, Diagnosis("healthy", Light.GREEN), 0.0, 0.0, evidence, 0.0)


def table(traymons: int) -> str:
    """Return the needs of traymons that watch one target each, as a table in Markdown."""
    total = traymons * (series(1) + ADDED_BY_PROMETHEUS)
    memory = total * BYTES_PER_SERIES / 1e6
    lines = [
        f"{series(1)} series from each, {series(2) - series(1)} more for each further target,"
        f" {ADDED_BY_PROMETHEUS} that Prometheus adds: {total:,} series for {traymons:,} traymons,"
        f" {memory:,.0f} MB of memory.",
        "",
        "| scraped every | samples a second | disk, 15 days | disk, 90 days |",
        "|---|---|---|---|",
    ]
    for interval in (15, 30):
        rate = total / interval
        disk = [f"{rate * days * DAY * BYTES_PER_SAMPLE / 1e9:.1f} GB" for days in (15, 90)]
        lines.append(f"| {interval} s | {rate:,.0f} | {' | '.join(disk)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000), end="")
