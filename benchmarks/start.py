"""Measures what a user waits for: the first coloured icon, `traymon check` and `traymon status`.

A measurement, not a test: `.venv/bin/python benchmarks/start.py` takes about half a minute on a
quiet machine. Whole processes, from their start to the pixels or to their end; the icon is on a
virtual screen (see tests/support/virtual_desktop.py), in XFCE's panel if that is installed, else in
an X11 tray. Linux only.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.colours import GREEN
from support.desktop_traymon import shows
from support.gateway_process import GatewayProcess
from support.polling import wait_for
from support.virtual_desktop import Desktop, missing
from support.xfce import ANYWHERE, panel_is_here, start_panel

RUNS = 5
BOUNDS = {"first coloured icon": 1.0, "traymon check": 1.2, "traymon status": 0.35}  # seconds
LOOK_INTERVAL = 0.01  # seconds
TIMEOUT = 30.0  # seconds


def main() -> None:
    """Print the median and the worst of each."""
    if packages := missing():
        raise SystemExit(f"a virtual desktop needs: apt install {' '.join(packages)}")
    took: dict[str, list[float]] = {what: [] for what in BOUNDS}
    with GatewayProcess() as gateway, Desktop() as desktop:
        start_panel(desktop) if panel_is_here() else desktop.start_tray()
        for run in range(RUNS):
            took["first coloured icon"].append(seconds_until_green(desktop, gateway, run))
            took["traymon check"].append(seconds_of(desktop, "check", "--port", str(gateway.port)))
            seconds_of(desktop, "status")  # the first one loads the server of the page
            took["traymon status"].append(seconds_of(desktop, "status"))
            desktop.end(f"traymon {run}")
            wait_for(lambda: not shows(desktop, GREEN), "the icon's end")
    print("seconds                 median  worst  bound")
    for what, seconds in took.items():
        median, worst = sorted(seconds)[RUNS // 2], max(seconds)
        print(f"{what:<22} {median:7.2f} {worst:6.2f} {BOUNDS[what]:6.2f}")


def seconds_until_green(desktop: Desktop, gateway: GatewayProcess, run: int) -> float:
    """Start a traymon; return how long it takes until its icon is green."""
    command = [sys.executable, "-m", "traymon", "run", "--at-login", "--port", str(gateway.port)]
    began = time.perf_counter()
    desktop.spawn(f"traymon {run}", *command, **ANYWHERE)
    while not shows(desktop, GREEN):
        time.sleep(LOOK_INTERVAL)
        if time.perf_counter() - began > TIMEOUT:
            raise SystemExit(f"no green icon within {TIMEOUT:g} s")
    return time.perf_counter() - began


def seconds_of(desktop: Desktop, *words: str) -> float:
    """Run a command to its end; return how long it takes."""
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "traymon", *words],
        env=desktop.env,
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=TIMEOUT,
    )
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
