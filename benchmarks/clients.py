"""Prints a Markdown table: what bare clients report for each fault, and what `traymon check` does.

Run it from the repository: `.venv/bin/python benchmarks/clients.py`. Loopback only; asserts
nothing.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from traymon.sim.scenarios import SCENARIOS
from traymon.sim.stage import Scenario

LIBRARIES = ("ib_insync", "ib_async")
CONNECT_TIMEOUT = 2.0  # seconds; passed to IB.connect
CHECK_TIMEOUT = "5"
MAX_PARALLEL = 4
PORT = "7497"  # printed in place of the free port that was used
NO_FAULT = frozenset({"byte-by-byte", "news-first", "foreign-time", "data-farm-down"})


def main() -> None:
    """Print the table or, given a library and an address, the result of that bare client."""
    if len(sys.argv) > 1:
        library, host, port = sys.argv[1:]
        print(json.dumps(connect_bare(library, host, int(port))))
        return
    print(f"| Scenario | {' | '.join(f'`{name}`' for name in LIBRARIES)} | `traymon check` |")
    print("|---|---|---|---|")
    played = [s for s in SCENARIOS.values() if not s.not_here and s.name not in NO_FAULT]
    alone = [s for s in played if s.machine_wide]
    with ThreadPoolExecutor(MAX_PARALLEL) as pool:
        rows = dict(pool.map(row, [s for s in played if s not in alone]))
    rows.update(map(row, alone))
    for scenario in played:
        print(rows[scenario.name])


def row(scenario: Scenario) -> tuple[str, str]:
    """Play a scenario; return its name and its row of the table."""
    with simulated(scenario) as (host, port):
        results = [run_bare_client(library, host, port) for library in LIBRARIES]
        code, headline = run_check(scenario, host, port)
    cells = [scenario.name, *results, f"`{code}`: {headline}"]
    text = " | ".join(cell.replace("|", "/").replace(port, PORT) for cell in cells)
    return scenario.name, f"| {text} |"


@contextmanager
def simulated(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Play a scenario in its own process, and yield its address."""
    command = [sys.executable, "-m", "traymon", "simulate", scenario.name, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            output = ""
            for line in process.stdout or ():
                output += line
                if line.startswith("Press Ctrl-C"):
                    break
            address = re.search(r"--host (\S+) --port (\d+)", output)
            if address is None:
                raise SystemExit(f"{scenario.name} cannot be played: {output}")
            yield address[1], address[2]
        finally:
            process.terminate()


def run_bare_client(library: str, host: str, port: str) -> str:
    """Return the result of a bare client, as a cell of the table."""
    done = subprocess.run(
        [sys.executable, __file__, library, host, port],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    result, took = json.loads(done.stdout)
    return f"{result} ({took:.1f} s)"


def connect_bare(library: str, host: str, port: int) -> tuple[str, float]:
    """Connect as a trading program would; return the result and the seconds that it took."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    module = __import__(library)
    logging.disable(logging.CRITICAL)
    client, began = module.IB(), time.perf_counter()
    try:
        client.connect(host, port, clientId=1, timeout=CONNECT_TIMEOUT)
    except Exception as error:  # whichever it is, it is the result
        text = re.sub(r"\s+", " ", str(error)) or "no text"
        return f"`{type(error).__name__}`: {text}", time.perf_counter() - began
    took = time.perf_counter() - began
    client.disconnect()
    return "connected, no complaint", took


def run_check(scenario: Scenario, host: str, port: str) -> tuple[str, str]:
    """Return the code and headline of `traymon check`, run in a folder without a .env."""
    own = {key: value for key, value in os.environ.items() if not key.startswith(("TRAYMON", "IB"))}
    command = [sys.executable, "-m", "traymon", "check", "--json", "--host", host, "--port", port]
    with tempfile.TemporaryDirectory() as elsewhere:
        done = subprocess.run(
            [*command, "--timeout", CHECK_TIMEOUT],
            cwd=elsewhere,
            env={**own, **scenario.env},
            capture_output=True,
            text=True,
            check=False,  # the exit code depends on the light
            timeout=60,
        )
    result = json.loads(done.stdout)
    return result["code"], result["headline"]


if __name__ == "__main__":
    main()
