"""Each scenario, played by one traymon and looked at by another: the command line tells its code.

The table of scenarios is the simulator's; nothing is known here but how to look.
"""

from __future__ import annotations

import contextlib
import json
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

from support.gateway_lookalikes import no_others
from support.polling import PATIENCE
from support.scenario_timeout import timeout_of
from support.traymon_process import IsolatedTraymon
from traymon.sim.scenarios import SCENARIOS
from traymon.sim.stage import Scenario
from traymon.ui.status_json import SCHEMA

EXIT_OF_LIGHT = {"green": 0, "red": 1, "amber": 2}
PLAYABLE = [s for s in SCENARIOS.values() if not (s.not_here or s.needs_screen)]

# Some scenarios change what all others on this machine see: a Gateway on one of IB's usual ports,
# or a process named like a Gateway. They are played one by one, when no other scenario runs.
ALONE = [scenario for scenario in PLAYABLE if scenario.machine_wide]
TOGETHER = [scenario for scenario in PLAYABLE if scenario not in ALONE]


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
                if line.startswith("Press Ctrl-C"):
                    break
            host_and_port = re.search(r"--host (\S+) --port (\d+)", said)
            assert host_and_port, said
            yield host_and_port[1], host_and_port[2]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)
    assert process.returncode == 0, "Ctrl-C is how a user ends it"


def run_check(folder: Path, *arguments: str, **settings: str) -> tuple[int, str]:
    """Run `traymon check`; return its exit code and what it printed."""
    # with a client ID given, none is chosen
    traymon = IsolatedTraymon(folder, TRAYMON_CLIENT_ID="9100")
    done = traymon.run("check", *arguments, **settings)
    assert done.stderr == ""
    return done.returncode, done.stdout


def check(folder: Path, *arguments: str, **settings: str) -> tuple[int, dict[str, Any]]:
    """Run `traymon check --json`; return its exit code and what it printed."""
    code, printed = run_check(folder, "--json", *arguments, **settings)
    return code, json.loads(printed)


def play(scenario: Scenario, folder: Path) -> str:
    """Return what went wrong with a scenario, or nothing."""
    with simulated(scenario, folder) as (host, port):
        code, result = check(
            folder,
            *("--host", host, "--port", port, "--timeout", timeout_of(scenario, in_vain=2)),
            **scenario.env,
        )
    if result["code"] != scenario.code:
        return f"{scenario.name}: {result['code']} instead of {scenario.code}: {result['readings']}"
    if code != EXIT_OF_LIGHT[result["light"]]:
        return f"{scenario.name}: exit code {code} for {result['light']}"
    return ""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no Ctrl-C to send")
@pytest.mark.timeout(400)  # two processes per scenario
@pytest.mark.parametrize(
    ("scenarios", "at_once"), [(TOGETHER, 8), (ALONE, 1)], ids=["together", "alone"]
)
def test_check_tells_the_code_of_every_scenario(
    folder: Path, scenarios: list[Scenario], at_once: int
) -> None:
    others_wait = no_others() if scenarios is ALONE else contextlib.nullcontext()
    with others_wait, ThreadPoolExecutor(at_once) as pool:
        wrong = pool.map(lambda scenario: play(scenario, folder), scenarios)
        assert [fault for fault in wrong if fault] == []


@pytest.mark.usefixtures("no_other_lookalikes")
def test_where_nothing_listens_the_application_does_not_run(folder: Path) -> None:
    with socket.socket() as held:  # bound, not listening: nobody else can take it
        held.bind(("127.0.0.1", 0))
        code, result = check(folder, "--port", str(held.getsockname()[1]))
    assert (code, result["code"], result["schema"]) == (1, "app-not-running", SCHEMA)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no Ctrl-C to send")
@pytest.mark.parametrize(
    ("name", "exit_code", "tick", "seen"),
    [
        ("healthy", 0, "✓", ["✓ API version 176", "✓ paper account DU***456", "✓ TWS reports its"]),
        ("wrong-environment", 1, "✗", ["live account U***456, but IB_ACCOUNT is paper account"]),
        ("wrong-account", 2, "!", ["paper account DU***456, but IB_ACCOUNT is paper account"]),
        ("unexpected-live-account", 2, "!", ["U***456, but TRADING_MODE=paper means paper"]),
        ("ib-link-down", 2, "!", ["1100: Connectivity between IBKR"]),
        ("no-accounts", 1, "✗", []),
        ("session-hung", 1, "✗", ["no answer to the heartbeat for 5 s"]),
        ("start-silent", 1, "✗", ["no account list or next order ID"]),
        ("start-rejected", 1, "✗", ["closed after startApi"]),
        ("handshake-silent", 1, "…", ["not reached"]),
    ],
)
def test_check_session_tells_whether_a_client_is_let_in(
    folder: Path, name: str, exit_code: int, tick: str, seen: list[str]
) -> None:
    scenario = SCENARIOS[name]
    with simulated(scenario, folder) as (host, port):
        where = ("--host", host, "--port", port, "--timeout", timeout_of(scenario, in_vain=2))
        code, printed = run_check(folder, "session", *where, **scenario.env)
    words = " ".join(printed.split())
    assert code == exit_code, printed
    assert f"{tick} Test 3: Full Connection" in words
    assert [text for text in seen if text not in words] == [], words


@pytest.mark.skipif(sys.platform == "win32", reason="there is no Ctrl-C to send")
@pytest.mark.parametrize("name", ["wrong-account", "wrong-environment"])
def test_no_account_number_is_printed_whole(folder: Path, name: str) -> None:
    scenario = SCENARIOS[name]
    with simulated(scenario, folder) as (host, port):
        where = ("--host", host, "--port", port)
        kinds: tuple[list[str], ...] = (
            [],
            ["session"],
            ["--json"],
            ["session", "--json"],
            ["--report"],
        )
        for kind in kinds:
            _, printed = run_check(folder, *kind, *where, **scenario.env)
            assert not re.search(r"\b[DUF]{1,2}\d{5}", printed), printed
            assert "***" in printed


@pytest.mark.skipif(sys.platform == "win32", reason="there is no Ctrl-C to send")
def test_a_second_check_gets_in_beside_one_whose_id_is_taken(folder: Path) -> None:
    with simulated(SCENARIOS["healthy"], folder) as (host, port):
        where = ("--host", host, "--port", port)
        with ThreadPoolExecutor(4) as pool:  # all of them want the same ID
            results = list(pool.map(lambda _: check(folder, "session", *where), range(4)))
    assert [(code, result["passed"]) for code, result in results] == [(0, True)] * 4
