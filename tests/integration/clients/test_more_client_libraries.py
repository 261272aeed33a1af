"""IBKR's own libraries and others, each in an environment of its own, on the simulated Gateway."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from typing import Any

import pytest

from support.client_setup import CLIENTS, NODE_CLIENT, place, why_not
from traymon.sim.gateway import Behaviour, Config, Conversation, Hello, Running, running

HOURS = "20261123:0930-20261123:1600"
# Between two of these, some message changes its layout.
VERSIONS = (100, 110, 122, 134, 152, 157, 163, 164, 166, 176, 178, 181, 182, 186, 193)
NEWEST = {  # the highest version that each library offers
    "ibapi": 157,  # 9.81, of the tests' own environment
    "ibapi-stable": 203,
    "ibapi-latest": 226,
    "nautilus-ibapi": 225,
    NODE_CLIENT: 193,
}
BY_IBKR = [name for name in NEWEST if name != NODE_CLIENT]


def run(name: str, what: str, gateways: list[Running]) -> list[Any]:
    """Run a program on the library; return what it says of each Gateway."""
    if name != "ibapi" and (reason := why_not(name)):
        pytest.skip(reason)
    env = dict(os.environ)
    if name == NODE_CLIENT:
        library = place(name) / "node_modules" / "@stoqey" / "ib"
        command = ["node", str(CLIENTS / "stoqey_program.cjs"), str(library)]
    else:
        command = [sys.executable, str(CLIENTS / "ibapi_program.py"), what]
        if name != "ibapi":
            env["PYTHONPATH"] = str(place(name))
    ports = [str(gateway.port) for gateway in gateways]
    done = subprocess.run(
        [*command, "7", *ports], env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert len(done.stdout.splitlines()) == len(ports), done.stdout + done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def visit(name: str, *behaviours: Behaviour) -> list[tuple[dict[str, Any], Conversation]]:
    """Let a program connect to each Gateway; return what it heard, and the Gateway's record."""
    with ExitStack() as stack:
        gateways = [stack.enter_context(running(behaviour)) for behaviour in behaviours]
        heard = run(name, "visit", gateways)
        return [
            (one, gateway.conversations[0]) for one, gateway in zip(heard, gateways, strict=True)
        ]


@pytest.mark.parametrize("name", NEWEST)
def test_a_library_gets_in_and_is_answered_whatever_version_is_agreed(name: str) -> None:
    behaviours = [Behaviour(server_version=version, hours=HOURS) for version in VERSIONS]
    for version, (heard, record) in zip(VERSIONS, visit(name, *behaviours), strict=True):
        assert heard["version"] == min(version, NEWEST[name])
        assert record.hello == f"v100..{NEWEST[name]}"
        assert heard["accounts"] == "DU123456"
        assert heard["next ID"] == 1
        assert abs(heard["time"] - time.time()) < 60
        kind = "COMMON" if heard["version"] >= 152 else ""
        *contract, stock_type = heard["contract"]
        assert contract == [5, "SPY", "SMART", "USD", 1, HOURS, HOURS, "America/New_York"]
        assert (stock_type or "") == kind
        assert heard["end"] == 5
        assert [code for _, code, _ in heard["errors"]] == [2104, 2106, 2158]
        assert "raised" not in heard
        assert record.client_id == 7


@pytest.mark.parametrize("name", NEWEST)
def test_a_library_is_told_of_an_unknown_contract_and_of_a_client_id_in_use(name: str) -> None:
    for heard, _ in visit(name, *(Behaviour(server_version=v) for v in (165, 166, 193))):
        assert [5, 200, "No security definition has been found for the request"] in heard["errors"]
        assert "contract" not in heard
        assert heard["refused"][0] == 326


def test_the_newest_library_reads_the_settings_of_the_simulated_tws() -> None:
    configs = [Config(), Config(True, 4001, False, ("10.0.0.3", "::1"), 7), None]
    with ExitStack() as stack:
        behaviours = [Behaviour(server_version=226, config=config) for config in configs]
        gateways = [stack.enter_context(running(behaviour)) for behaviour in behaviours]
        usual, special, refused = run("ibapi-latest", "settings", gateways)
        port = gateways[0].port
        records = [gateway.conversations[0] for gateway in gateways]
    exit_at = ["11:45", "PM", "restart"]
    assert usual["settings"] == [5, False, port, 0, True, ["127.0.0.1"], *exit_at]
    assert special["settings"] == [5, True, 4001, 7, False, ["10.0.0.3", "::1"], *exit_at]
    assert "settings" not in refused
    assert refused["errors"][-1][:2] == [5, 10357]
    for heard, record in zip((usual, special, refused), records, strict=True):
        assert (heard["version"], heard["accounts"], heard["next ID"]) == (226, "DU123456", 1)
        assert abs(heard["time"] - time.time()) < 60
        assert [code for _, code, _ in heard["errors"]][:3] == [2104, 2106, 2158]
        assert heard["refused"][0] == 326
        assert record.messages == (271, 249, 308)


@pytest.mark.parametrize("name", BY_IBKR)
def test_a_library_of_ibkr_reads_only_an_answer_that_comes_alone_and_in_one_piece(
    name: str,
) -> None:
    hellos = (Hello.ANSWER, Hello.FOREIGN_TIME, Hello.BYTE_BY_BYTE, Hello.NEWS_FIRST)
    with ExitStack() as stack:
        gateways = [stack.enter_context(running(Behaviour(hello=hello))) for hello in hellos]
        assert run(name, "try", gateways) == [True, True, False, False]
