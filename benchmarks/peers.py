"""Compares traymon with what people watch a TWS with otherwise: the same faults, at the same time.

    python benchmarks/peers.py              about fifteen minutes
    python benchmarks/peers.py --seconds 10 shorter faults and rests, to see that it works

Each program has a simulated Gateway of its own; all of them fail in the same way at once. Prints
two Markdown tables: what each program says of each fault and after how many seconds, and what it
costs. monit and blackbox_exporter are installed from Debian where that is allowed; a program that
cannot be had is left out with a word. Asserts nothing.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "install"))

import psutil
from desktop_packages import install

from peer_programs import MAKERS, PACKAGES, SCRAPE_INTERVAL, Maker, NotHere, found
from remote_gateway import RemoteGateway
from traymon.sim.behaviour import HEALTHY, Behaviour, Hello, Start

FAULT, REST, IDLE = 60.0, 45.0, 120.0  # seconds
MIB = 2**20
LONGEST_WORDS = 70  # characters of an alarm in the table
PORT = "7497"  # printed in place of the free port that was used


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong at a Gateway, and how it ends."""

    name: str
    begin: Callable[[RemoteGateway], object]
    end: Callable[[RemoteGateway], object]


def _behave(behaviour: Behaviour) -> Callable[[RemoteGateway], None]:
    """Return what restarts a Gateway into a behaviour."""

    def restart(gateway: RemoteGateway) -> None:
        gateway.stop()
        gateway.behave(behaviour)
        gateway.start()

    return restart


FAULTS = (
    Fault("the Gateway ends", RemoteGateway.stop, RemoteGateway.start),
    Fault("the Gateway freezes", RemoteGateway.freeze, RemoteGateway.thaw),
    Fault(
        "restarted, it accepts and does not answer",
        _behave(Behaviour(hello=Hello.SILENT)),
        _behave(HEALTHY),
    ),
    Fault("restarted, no session begins", _behave(Behaviour(start=Start.SILENT)), _behave(HEALTHY)),
    Fault(
        "sessions get no more answers",
        lambda gateway: gateway.behave(Behaviour(tells_time=False)),
        RemoteGateway.behave,
    ),
    Fault(
        "IB's servers are lost (1100)",
        lambda gateway: gateway.say(1100, "Connectivity between IB and TWS has been lost."),
        lambda gateway: gateway.say(1102, "Connectivity restored - data maintained."),
    ),
)


class Alarm(NamedTuple):
    """Something that a program said."""

    at: float
    words: str


class Watcher:
    """A program that runs beside its own Gateway, and what it says."""

    def __init__(self, make: Maker, folder: Path) -> None:
        """Raises NotHere if it cannot be run."""
        self.alarms: list[Alarm] = []
        self.gateway = RemoteGateway()
        try:
            self.program = make(self.gateway.port, folder)
        except NotHere:
            self.gateway.end()
            raise
        program = self.program
        self._ended = threading.Event()
        self._process = subprocess.Popen(
            program.command,
            cwd=folder,
            env=program.env or None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        threads = [self._read_output]
        if program.log:
            threads.append(self._follow_log)
        if program.scrape:
            threads.append(self._scrape)
        for thread in threads:
            threading.Thread(target=thread, daemon=True).start()

    def end(self) -> None:
        """End the program and its Gateway."""
        self._ended.set()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.gateway.end()

    def usage(self) -> tuple[float, float]:
        """Return the seconds of CPU that it has used so far, and its resident MiB."""
        process = psutil.Process(self._process.pid)
        family = [process, *process.children(recursive=True)]
        cpu = sum(sum(each.cpu_times()[:2]) for each in family)
        return cpu, sum(each.memory_info().rss for each in family) / MIB

    def _read_output(self) -> None:
        for line in self._process.stdout or ():
            self._hear(line)

    def _follow_log(self) -> None:
        log, read = self.program.log, 0
        while log is not None and not self._ended.wait(0.1):
            lines = log.read_text(errors="replace").splitlines() if log.exists() else []
            for line in lines[read:]:
                self._hear(line)
            read = len(lines)

    def _scrape(self) -> None:
        while not self._ended.wait(SCRAPE_INTERVAL):
            try:
                with urllib.request.urlopen(self.program.scrape, timeout=10) as answer:
                    text = answer.read().decode()
            except (OSError, urllib.error.URLError) as error:
                text = f"not to be scraped: {error}"
            for line in text.splitlines():
                self._hear(line)

    def _hear(self, line: str) -> None:
        heard = self.program.alarm.search(line)
        if heard:
            words = " ".join(heard[1].split())[:LONGEST_WORDS]
            self.alarms.append(Alarm(time.monotonic(), words))


def main() -> None:
    """Run all programs side by side and print the tables."""
    parser = argparse.ArgumentParser(description="Compares traymon with its peers.")
    parser.add_argument("--seconds", type=float, default=FAULT, help="that each fault lasts")
    seconds = parser.parse_args().seconds
    scale = seconds / FAULT
    prepare()
    with ExitStack() as stack:
        watchers = start_all(stack)
        time.sleep(REST * scale)
        costs = cost_while_well(watchers, IDLE * scale)
        rows = [play(fault, watchers, seconds, REST * scale) for fault in FAULTS]
        print_tables(watchers, rows, costs)


def prepare() -> None:
    """Install what Debian has and is missing here."""
    lacking = []
    for program, package in PACKAGES.items():
        try:
            found(program)
        except NotHere:
            lacking.append(package)
    if lacking and (reason := install(lacking)):
        print(f"Left out: {', '.join(lacking)} ({reason}).")


def start_all(stack: ExitStack) -> list[Watcher]:
    """Start every program that can be had."""
    watchers = []
    for make in MAKERS:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            watcher = Watcher(make, folder)
        except NotHere as error:
            print(f"Left out: {error}.")
        else:
            stack.callback(watcher.end)
            watchers.append(watcher)
    return watchers


def cost_while_well(watchers: list[Watcher], seconds: float) -> list[list[str]]:
    """Let all of them watch Gateways that are well; return the second table's rows."""
    before = [(watcher.usage(), watcher.gateway.seen()) for watcher in watchers]
    time.sleep(seconds)
    hours = seconds / 3600
    rows = []
    for watcher, ((cpu, _), seen) in zip(watchers, before, strict=True):
        (cpu_after, memory), after = watcher.usage(), watcher.gateway.seen()
        rows.append(
            [
                watcher.program.name,
                f"{(cpu_after - cpu) / hours:.1f}",
                f"{memory:.0f}",
                f"{(after.connections - seen.connections) / hours:.0f}",
                f"{(after.bare - seen.bare) / hours:.0f}",
                str(after.open_sessions),
            ]
        )
    return rows


def play(fault: Fault, watchers: list[Watcher], seconds: float, rest: float) -> list[str]:
    """Have one fault at every Gateway; return the first table's row."""
    began = []
    for watcher in watchers:
        began.append(time.monotonic())
        fault.begin(watcher.gateway)
    time.sleep(seconds)
    cells = [
        cell(tuple(watcher.alarms), at, watcher.gateway.port)
        for watcher, at in zip(watchers, began, strict=True)
    ]
    for watcher in watchers:
        fault.end(watcher.gateway)
    time.sleep(rest)
    return [fault.name, *cells]


def cell(alarms: Sequence[Alarm], began: float, port: int) -> str:
    """Return what was said of a fault: its first alarm and the one that was settled on."""
    told = [alarm for alarm in alarms if alarm.at >= began]
    if not told:
        return "nothing"
    settled = next(alarm for alarm in told if alarm.words == told[-1].words)
    shown = dict.fromkeys([told[0], settled])
    text = "; ".join(f"{alarm.at - began:.1f} s: {alarm.words}" for alarm in shown)
    return text.replace("|", "/").replace(str(port), PORT)


def print_tables(watchers: list[Watcher], rows: list[list[str]], costs: list[list[str]]) -> None:
    """Print both tables, with the date and the machine."""
    system = f"{platform.system()}, Python {platform.python_version()}"
    print(f"{time.strftime('%Y-%m-%d')}: {system}, {os.cpu_count()} cores, {cpu_name()}\n")
    print_table(["Fault", *(watcher.program.name for watcher in watchers)], rows)
    print()
    headings = ["Program", "CPU s/h", "MiB", "connections/h", "bare ones/h", "sessions held"]
    print_table(headings, costs)


def print_table(headings: list[str], rows: list[list[str]]) -> None:
    """Print a Markdown table."""
    for cells in (headings, ["---"] * len(headings), *rows):
        print(f"| {' | '.join(cells)} |")


def cpu_name() -> str:
    """Return the processor's name where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


if __name__ == "__main__":
    main()
