"""Each scenario, played by one traymon and looked at by another: the command line tells its code.

The table of scenarios is the simulator's; nothing is known here but how to look.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from traymon.check import SCHEMA
from traymon.sim.scenarios import SCENARIOS, Scenario

EXIT_OF_LIGHT = {"green": 0, "red": 1, "amber": 2}
PLAYABLE = [scenario for scenario in SCENARIOS.values() if not scenario.not_here]

# Two scenarios change what all others of this machine see: a Gateway on one of IB's usual ports,
# and a process that goes by a Gateway's name. They are played when no other one is on the stage.
ALONE = [scenario for scenario in PLAYABLE if scenario.elsewhere or scenario.poses_as]
TOGETHER = [scenario for scenario in PLAYABLE if scenario not in ALONE]


def timeout_of(scenario: Scenario) -> str:
    return "5" if scenario.behaviour and scenario.behaviour.delay else "2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("elsewhere")  # not the checkout


@contextlib.contextmanager
def simulated(scenario: Scenario, folder: Path) -> Iterator[tuple[str, str]]:
    """Run `traymon simulate` and give the address that it says it plays on."""
    command = [sys.executable, "-m", "traymon", "simulate", scenario.name, "--port", "0"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            said = ""
            for line in process.stdout or ():
                said += line
                if line.startswith("Ctrl-C"):
                    break
            host_and_port = re.search(r"--host (\S+) --port (\d+)", said)
            assert host_and_port, said
            yield host_and_port[1], host_and_port[2]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(15)
    assert process.returncode == 0, "Ctrl-C is how a user ends it"


def check(folder: Path, *arguments: str, **settings: str) -> tuple[int, dict[str, Any]]:
    """Run `traymon check --json`; return its exit code and what it printed."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("TRAYMON_")}
    done = subprocess.run(
        [sys.executable, "-m", "traymon", "check", "--json", *arguments],
        cwd=folder,
        env={**environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def play(scenario: Scenario, folder: Path) -> str:
    """Return what went wrong with a scenario, or nothing."""
    with simulated(scenario, folder) as (host, port):
        code, result = check(
            folder,
            *("--host", host, "--port", port, "--timeout", timeout_of(scenario)),
            **scenario.env,
        )
    if result["code"] != scenario.code:
        return f"{scenario.name}: {result['code']} instead of {scenario.code}: {result['readings']}"
    if code != EXIT_OF_LIGHT[result["light"]]:
        return f"{scenario.name}: exit code {code} for {result['light']}"
    return ""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no Ctrl-C to send")
@pytest.mark.parametrize(
    ("scenarios", "at_once"), [(TOGETHER, 8), (ALONE, 1)], ids=["together", "alone"]
)
def test_check_tells_the_code_of_every_scenario(
    folder: Path, scenarios: list[Scenario], at_once: int
) -> None:
    with ThreadPoolExecutor(at_once) as pool:
        wrong = pool.map(lambda scenario: play(scenario, folder), scenarios)
        assert [fault for fault in wrong if fault] == []


def test_where_nothing_listens_the_application_does_not_run(folder: Path) -> None:
    with socket.socket() as held:  # bound, not listening: nobody else can take it
        held.bind(("127.0.0.1", 0))
        code, result = check(folder, "--port", str(held.getsockname()[1]))
    assert (code, result["code"], result["schema"]) == (1, "app-not-running", SCHEMA)
