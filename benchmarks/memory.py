"""Measures what a resident traymon weighs in memory, and what each of its libraries costs.

A measurement, not a test: `.venv/bin/python benchmarks/memory.py` takes about twelve minutes, with
`--minutes 1` about three. The icon is on a virtual screen (see tests/support/virtual_desktop.py),
the session is held, and the page is first closed and then open. Linux only. The icon is in XFCE's
panel, or with `--tray x11` in an X11 tray.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import psutil

from support.colours import GREEN
from support.desktop_traymon import shows
from support.gateway_process import GatewayProcess
from support.page_visit import visitor
from support.polling import wait_for
from support.virtual_desktop import Desktop, missing
from support.xfce import ANYWHERE, panel_is_here, start_panel

MIB = 2**20
RUNS = 3  # of each import
BOUND, BOUND_WITH_PAGE = 45, 55  # MiB resident
PAGE_TIME = 30.0  # seconds that the page is open before it is measured
LIBRARIES = (
    "asyncio",
    "ssl",
    "psutil",
    "PIL.Image",
    "pystray",
    "pydantic",
    "platformdirs",
    "jinja2",
    "markdown_it",
    "starlette.applications",
    "uvicorn",
    "rich.console",
    "typer",
    "filelock",
    "jeepney",
    "plyer",
    "dotenv",
    "numpy",
    "eventkit",
    "ib_insync",
    "ib_async",
    "traymon.sensors.wire",
    "traymon.app",
    "traymon.cli.commands",
)
IMPORT = """
import sys, psutil
{before}
process = psutil.Process()
before = process.memory_full_info()
import {library}
after = process.memory_full_info()
print(after.rss - before.rss, after.uss - before.uss)
"""
# eventkit asks for an event loop when it is imported
LOOP = "import asyncio; asyncio.set_event_loop(asyncio.new_event_loop())"
NEEDS_LOOP = {"eventkit", "ib_insync", "ib_async"}


class Memory(NamedTuple):
    """What a process takes, in MiB."""

    resident: float
    own: float  # shared with no other process

    def __str__(self) -> str:
        return f"{self.resident:6.1f} {self.own:6.1f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Measures the memory of a resident traymon.")
    parser.add_argument("--minutes", type=float, default=10.0, help="until the tray is measured")
    parser.add_argument("--tray", choices=("panel", "x11"), default="panel", help="for the icon")
    arguments = parser.parse_args()
    minutes, in_panel = arguments.minutes, arguments.tray == "panel"
    if in_panel and not panel_is_here():
        raise SystemExit("a panel needs: apt install xfce4-panel xfconf")
    if packages := missing():
        raise SystemExit(f"a virtual desktop needs: apt install {' '.join(packages)}")
    print(f"Python {sys.version.split()[0]}, {sys.platform}; MiB     resident    own")
    for library in LIBRARIES:
        print(f"  import {library:<28} + {cost_of_import(library)}")
    with GatewayProcess() as gateway, resident_tray(gateway, in_panel) as (desktop, process):
        time.sleep(minutes * 60)
        after = f"after {minutes:g} minutes"
        print(f"tray, session held, {after:<17} {memory_of(process)}  (bound {BOUND})")
        with visitor(desktop.env).open_page():
            time.sleep(PAGE_TIME)
            print(
                f"  and its page open               {memory_of(process)}  (bound {BOUND_WITH_PAGE})"
            )
        loaded = [name for name in ("numpy", "ib_insync", "rich", "typer") if maps(process, name)]
        print(f"  files of these are mapped: {', '.join(loaded) or 'none'}")


def cost_of_import(library: str) -> Memory:
    """Return what importing a library adds to a bare Python: the median of some runs."""
    before = LOOP if library in NEEDS_LOOP else ""
    runs = []
    for _ in range(RUNS):
        script = IMPORT.format(library=library, before=before)
        said = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
        )
        if said.returncode:
            return Memory(float("nan"), float("nan"))  # it is not installed, or has no display
        runs.append([int(word) / MIB for word in said.stdout.split()])
    return Memory(*map(statistics.median, zip(*runs, strict=True)))


@contextmanager
def resident_tray(
    gateway: GatewayProcess, in_panel: bool
) -> Iterator[tuple[Desktop, psutil.Process]]:
    """Run a traymon in the panel or tray of a virtual desktop; yield it once it is green."""
    with Desktop() as desktop:
        start_panel(desktop) if in_panel else desktop.start_tray()
        desktop.start_dunst()
        command = [sys.executable, "-m", "traymon", "run", "--at-login", "--port"]
        process = desktop.spawn(
            "traymon", *command, str(gateway.port), **ANYWHERE, TRAYMON_REGION="off"
        )
        wait_for(lambda: shows(desktop, GREEN), "the green icon")
        yield desktop, psutil.Process(process.pid)


def memory_of(process: psutil.Process) -> Memory:
    """Return what a process takes."""
    info = process.memory_full_info()
    return Memory(info.rss / MIB, info.uss / MIB)


def maps(process: psutil.Process, library: str) -> bool:
    """Tell whether compiled files of a library are in the process's memory."""
    if sys.platform != "linux":
        raise NotImplementedError
    return any(f"/{library}/" in region.path for region in process.memory_maps())


if __name__ == "__main__":
    main()
