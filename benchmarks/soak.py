"""Soaks a traymon: hours of restarts, drops and freezes in minutes, and what it holds afterwards.

    .venv/bin/python benchmarks/soak.py                about an hour
    .venv/bin/python benchmarks/soak.py --share 0.1    a tenth of everything

A whole traymon on a virtual desktop, with real sockets; its clock is fast (fast_traymon.py).
Prints threads, tasks, sockets, descriptors and memory before and after each part, and the slope of
the memory. Exits with 1 if it holds more than before. Linux only.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from remote_gateway import RemoteGateway
from support.colours import GREEN
from support.desktop_traymon import shows
from support.page_visit import visitor
from support.polling import wait_for
from support.virtual_desktop import Desktop, missing

SPEED = 15.0  # seconds of traymon's clock in a second
HELD = 11.0  # seconds of its clock after which an ended session was not one that ended at once
FREEZE = 12.0  # seconds of its clock, longer than a heartbeat and its answer may take
CALM = 660.0  # seconds of its clock after which an outage is news again
RESTARTS, DROPS, FREEZES, PAGES, BUS_RESTARTS = 500, 2_000, 200, 500, 20
WARM_UP = 0.1  # share of the work that is done before anything is measured
POOL_THREADS = 5  # that may start later than the warm-up, and stay
MAX_SLOPE = 1.0  # MiB in an hour of traymon's clock; in less than an hour it means nothing
MIB = 2**20
PATIENCE = 120.0  # seconds for a light to come back


class Held(NamedTuple):
    """What a process holds."""

    threads: int
    tasks: int
    sockets: int
    descriptors: int
    resident: int  # bytes

    def __str__(self) -> str:
        counts = "".join(f"{count:9}" for count in self[:-1])
        return f"{counts}{self.resident / MIB:11.1f}"


class Soak:
    """A traymon on a desktop, and what is done to it."""

    def __init__(self, desktop: Desktop, gateway: RemoteGateway) -> None:
        self.desktop, self.gateway = desktop, gateway
        desktop.start_tray()
        desktop.start_dunst()
        script = str(Path(__file__).with_name("fast_traymon.py"))
        command = [sys.executable, script, str(SPEED), "run", "--port", str(gateway.port)]
        settings = {"PYSTRAY_BACKEND": "xorg", "TRAYMON_REGION": "off", "TRAYMON_QUICK": "2"}
        self._process = desktop.spawn("traymon", *command, **settings)
        self.wait_until_well()
        self._visitor = visitor(desktop.env)

    def wait_until_well(self) -> None:
        """Wait until the icon is green and a session is held."""
        wait_for(lambda: shows(self.desktop, GREEN), "the green icon", PATIENCE)
        wait_for(lambda: self.gateway.seen().open_sessions, "a session", PATIENCE)
        time.sleep(HELD / SPEED)

    def restart(self) -> None:
        """Restart the Gateway."""
        self.gateway.stop()
        self.gateway.start()
        self.wait_until_well()

    def drop(self) -> None:
        """Drop every connection."""
        self.gateway.drop()
        self.wait_until_well()

    def freeze(self) -> None:
        """Freeze the Gateway for a moment."""
        self.gateway.freeze()
        time.sleep(FREEZE / SPEED)
        self.gateway.thaw()
        self.wait_until_well()

    def visit(self) -> None:
        """Open the page and close it."""
        with self._visitor.open_page():
            pass

    def restart_bus(self) -> None:
        """Restart the session bus, and have an outage that is told over the new one."""
        self.desktop.stop_bus()
        self.desktop.end("dunst")
        self.desktop.restart_bus()
        self.desktop.start_dunst()
        time.sleep(CALM / SPEED)
        before = len(self.desktop.notifications())
        self.gateway.stop()
        wait_for(lambda: len(self.desktop.notifications()) > before, "a notification", PATIENCE)
        self.gateway.start()
        self.wait_until_well()

    def held(self) -> Held:
        """Ask the process what it holds."""
        said = self.desktop.log("traymon").count("{")
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()

        def answers() -> list[str]:
            lines = self.desktop.log("traymon").splitlines()
            return [line for line in lines if line.startswith("{")][said:]

        (answer,) = wait_for(answers, "an answer", PATIENCE)
        return Held(**json.loads(answer))


class Sample(NamedTuple):
    """What was held, and when by traymon's clock."""

    hours: float
    held: Held


def main() -> None:
    """Soak, print, and exit with 1 if more is held than before."""
    parser = argparse.ArgumentParser(description="Soaks a traymon.")
    parser.add_argument("--share", type=float, default=1.0, help="of the work; 0.1: a tenth")
    share = parser.parse_args().share
    if packages := missing():
        raise SystemExit(f"a virtual desktop needs: apt install {' '.join(packages)}")
    with soaked() as soak:
        work = {
            f"Gateway restarts: {RESTARTS}": (soak.restart, RESTARTS),
            f"connections dropped: {DROPS}": (soak.drop, DROPS),
            f"Gateway frozen: {FREEZES}": (soak.freeze, FREEZES),
            f"page opened and closed: {PAGES}": (soak.visit, PAGES),
            f"session bus restarted: {BUS_RESTARTS}": (soak.restart_bus, BUS_RESTARTS),
        }
        head = "".join(f"{name:>9}" for name in ("threads", "tasks", "sockets", "files"))
        print(f"{f'share {share:g}':<32}{head}        MiB", flush=True)
        for action, times in work.values():
            repeat(action, times * share * WARM_UP)
        began = time.monotonic()
        samples = [Sample(0.0, show("after a warm-up", soak))]
        for name, (action, times) in work.items():
            repeat(action, times * share)
            hours = (time.monotonic() - began) * SPEED / 3600
            samples.append(Sample(hours, show(name, soak)))
        told = len(soak.desktop.notifications())
    print(f"{samples[-1].hours:.1f} hours by its clock; {told} notifications since the last bus")
    sys.exit(judge(samples))


@contextmanager
def soaked() -> Iterator[Soak]:
    """Yield a traymon that is well."""
    gateway = RemoteGateway(SPEED)
    try:
        with Desktop() as desktop:
            yield Soak(desktop, gateway)
    finally:
        gateway.end()


def repeat(action: Callable[[], None], times: float) -> None:
    """Do something so many times, once at least."""
    for _ in range(max(1, round(times))):
        action()


def show(name: str, soak: Soak) -> Held:
    """Print what is held at rest, and return it."""
    soak.wait_until_well()
    looks = []
    for _ in range(5):
        looks.append(soak.held())
        time.sleep(0.5)
    held = Held(*(min(column) for column in zip(*looks, strict=True)))
    print(f"{name:<32}{held}", flush=True)
    return held


def judge(samples: list[Sample]) -> bool:
    """Print what is wrong and the slope of the memory; return whether something is wrong."""
    before, after = samples[0].held, samples[-1].held
    settled = samples[1:]  # in the first part the allocator still takes what it then keeps
    slope = 0.0
    if len(settled) > 1:
        hours, memory = zip(
            *((each.hours, each.held.resident / MIB) for each in settled), strict=True
        )
        slope = statistics.linear_regression(hours, memory).slope
    print(f"memory: {slope:+.2f} MiB an hour by its clock (bound {MAX_SLOPE:g})")
    grown = [
        f"{name}: {first} before, {last} after"
        for name, first, last in zip(Held._fields, before, after, strict=True)
        if name != "resident" and last > first + (POOL_THREADS if name == "threads" else 0)
    ]
    for line in grown:
        print(f"LEAK: {line}")
    return bool(grown) or (samples[-1].hours > 1 and slope > MAX_SLOPE)


if __name__ == "__main__":
    main()
