"""Measures what a push channel costs a resident traymon, and how soon a fault is pushed.

A measurement, not a test: `.venv/bin/python benchmarks/push.py` takes about four minutes. The icon
is on a virtual screen, the session is held, a web server plays the push service. Linux only.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import psutil

from memory import BOUND, memory_of
from support.colours import GREEN, RED
from support.desktop_traymon import shows
from support.gateway_process import GatewayProcess
from support.polling import wait_for
from support.push_server import HANGS, PushServer, Received, push_server
from support.virtual_desktop import Desktop, missing

FAULTS = 2  # of one traymon; after more in so short a time it calls the API unstable


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Measures what a push channel costs.")
    parser.add_argument("--minutes", type=float, default=1.0, help="until a tray is measured")
    options = parser.parse_args()
    if packages := missing():
        raise SystemExit(f"a virtual desktop needs: apt install {' '.join(packages)}")
    print(f"Python {sys.version.split()[0]}, {sys.platform}; MiB   resident    own")
    with GatewayProcess() as gateway:
        with resident_tray(gateway, "") as (_, process):
            time.sleep(options.minutes * 60)
            print(f"without a push channel           {memory_of(process)}  (bound {BOUND})")
        with push_server() as server, resident_tray(gateway, server.url) as (desktop, process):
            _measure_faults(FAULTS, gateway, desktop, server, "answers")
            time.sleep(options.minutes * 60)
            print(f"with one, after its messages     {memory_of(process)}  (bound {BOUND})")
        with push_server(HANGS) as server, resident_tray(gateway, server.url) as (desktop, _):
            _measure_faults(FAULTS, gateway, desktop, server, "hangs")


def _measure_faults(
    faults: int, gateway: GatewayProcess, desktop: Desktop, server: PushServer, peer: str
) -> None:
    to_red, to_message = [], []
    for fault in range(faults):
        began = time.time()
        gateway.kill()
        wait_for(lambda: shows(desktop, RED), "the red icon")
        to_red.append(time.time() - began)
        if peer == "answers":
            message = _wait_for_message(server, 2 * fault)
            to_message.append(message.at - began)
        gateway.play()
        wait_for(lambda: shows(desktop, GREEN), "the green icon")
        if peer == "answers":
            _wait_for_message(server, 2 * fault + 1)  # the recovery
    print(f"Gateway killed, to red, while the push service {peer}: {_range(to_red)}")
    if to_message:
        print(f"Gateway killed, to the message: {_range(to_message)}")


def _wait_for_message(server: PushServer, number: int) -> Received:
    return wait_for(lambda: server.received[number:], f"message {number}")[0]


def _range(seconds: list[float]) -> str:
    return f"{min(seconds):.2f} to {max(seconds):.2f} s ({len(seconds)} times)"


@contextmanager
def resident_tray(
    gateway: GatewayProcess, webhook: str
) -> Iterator[tuple[Desktop, psutil.Process]]:
    """Run a traymon in the tray of a virtual desktop; yield it once it is green."""
    with Desktop() as desktop:
        desktop.start_tray()
        desktop.start_dunst()
        command = [sys.executable, "-m", "traymon", "run", "--at-login", "--port"]
        env = {"PYSTRAY_BACKEND": "xorg", "TRAYMON_REGION": "off", "TRAYMON_WEBHOOK": webhook}
        process = desktop.spawn("traymon", *command, str(gateway.port), **env)
        wait_for(lambda: shows(desktop, GREEN), "the green icon")
        yield desktop, psutil.Process(process.pid)


if __name__ == "__main__":
    main()
