"""Measures what one process costs that watches 1, 10 and 100 targets, each with a held session.

A measurement, not a test: `.venv/bin/python benchmarks/targets.py` takes about five minutes. Every
target is a simulated Gateway, all of them in another process. Prints a Markdown table and what each
further target adds.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sys
import threading
import time
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection
from typing import NamedTuple

import psutil

from traymon.core.model import Update
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName
from traymon.monitoring.monitor import Monitor
from traymon.sensors import sensors_for_target
from traymon.sim.gateway import Gateway

COUNTS = (1, 10, 100)
FIRST_ID = 9_100  # of traymon's own sessions
SETTLING = 20.0  # seconds after the last target is green
MEASURED = 60.0  # seconds
PATIENCE = 120.0  # seconds until all targets are green
CPU_BOUNDS = {10: 0.5, 100: 5.0}  # % of a core, by the number of targets
MEMORY_BOUNDS = {10: 1.0, 100: 0.5}  # MiB for one more, likewise
MIB = 2**20


class Cost(NamedTuple):
    """What a process takes that watches some targets."""

    targets: int
    cpu: float  # % of a core
    resident: float  # MiB
    own: float  # MiB that it shares with no other process
    sockets: int
    threads: int


def main() -> None:
    """Measure each count in a fresh process, and print the table."""
    parser = argparse.ArgumentParser(description="Measures what watching more targets costs.")
    parser.add_argument("--seconds", type=float, default=MEASURED, help="that each is measured")
    seconds = parser.parse_args().seconds
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    served = context.Process(target=serve, args=(theirs, max(COUNTS)), daemon=True)
    served.start()
    ports = ours.recv()
    print(f"{time.strftime('%Y-%m-%d')}: Python {sys.version.split()[0]}, {sys.platform}\n")
    print("| targets | CPU % of a core | MiB resident | MiB of its own | sockets | threads |")
    print("|---|---|---|---|---|---|")
    costs = []
    for count in COUNTS:
        results, result = context.Pipe()
        watcher = context.Process(target=watch, args=(result, ports[:count], seconds))
        watcher.start()
        costs.append(Cost(*results.recv()))
        watcher.join()
        print(f"| {' | '.join(f'{value:.4g}' for value in costs[-1])} |", flush=True)
    served.kill()
    first, *others = costs
    for cost in others:
        more = (cost.own - first.own) / (cost.targets - first.targets)
        print(
            f"\n{cost.targets} targets: {cost.cpu:.2f} % of a core"
            f" (bound {CPU_BOUNDS[cost.targets]:g}),"
            f" {more:.2f} MiB for each further one (bound {MEMORY_BOUNDS[cost.targets]:g})"
        )


def serve(pipe: Connection, count: int) -> None:
    """Serve so many Gateways for ever; send their ports."""

    async def all_of_them() -> None:
        gateways = [Gateway() for _ in range(count)]
        for gateway in gateways:
            await gateway.start()
        pipe.send([gateway.port for gateway in gateways])
        await asyncio.Event().wait()

    asyncio.run(all_of_them())


def watch(pipe: Connection, ports: list[int], seconds: float) -> None:
    """Watch these ports and send the cost."""
    pipe.send(asyncio.run(_watch(ports, seconds)))


async def _watch(ports: list[int], seconds: float) -> Cost:
    targets = [
        Target(f"target {number}", port=port, own_client_id=FIRST_ID + number)
        for number, port in enumerate(ports)
    ]
    monitor = Monitor(targets, sensors_for_target)
    green: set[str] = set()
    all_green = asyncio.Event()

    def note(update: Update) -> None:
        status = update.status
        held = status.evidence.readings.get(SensorName.SESSION) is not None
        if status.diagnosis.light is Light.GREEN and held:
            green.add(status.target.name)
        else:
            green.discard(status.target.name)
        if len(green) == len(targets):
            all_green.set()

    monitor.subscribe(note)
    async with AsyncExitStack() as stack:
        running = asyncio.create_task(monitor.run())
        stack.callback(running.cancel)
        await asyncio.wait_for(all_green.wait(), PATIENCE)
        await asyncio.sleep(SETTLING)
        process, before = psutil.Process(), time.process_time()
        await asyncio.sleep(seconds)
        cpu = (time.process_time() - before) / seconds
        memory = process.memory_full_info()
        return Cost(
            len(targets),
            cpu * 100,
            memory.rss / MIB,
            memory.uss / MIB,
            len(process.net_connections("all")),
            threading.active_count(),
        )


if __name__ == "__main__":
    main()
