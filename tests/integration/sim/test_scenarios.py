"""Each scenario puts on its port what its name says, and takes it down."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from traymon.sim.behaviour import Ending
from traymon.sim.scenarios import HALF_CLOSED, SCENARIOS
from traymon.sim.stage import USUAL_PORTS, Scenario, Stage, perform

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's sockets or /proc")
SHOWABLE = [scenario for scenario in SCENARIOS.values() if not scenario.not_here]
FULL_BACKLOG = {"port-filtered"}
WITHOUT_A_GATEWAY = FULL_BACKLOG | {
    *("app-not-running", "api-port-closed", "wrong-port", "port-refused"),
    *("host-unresolved", "host-unreachable"),
    *("two-factor-pending", "two-factor-lapsed", "login-refused", "login-throttled"),
    *("login-idle", "version-refused", "restarting-itself"),
}


@contextmanager
def connecting(host: str, port: int, timeout: float = 5.0) -> Iterator[socket.socket]:
    with socket.socket() as sock:
        sock.settimeout(timeout)
        sock.connect((host, port))
        yield sock


def refuses(port: int) -> bool:
    try:
        with connecting("127.0.0.1", port):
            return False
    except ConnectionRefusedError:
        return True


@pytest.mark.parametrize("scenario", SHOWABLE, ids=lambda s: s.name)
def test_a_scenario_listens_or_not_as_it_says_and_leaves_the_port_free(
    scenario: Scenario,
) -> None:
    async def play() -> int:
        async with perform(scenario) as stage:
            listens = scenario.name not in WITHOUT_A_GATEWAY
            assert (stage.gateway is not None) == listens
            assert stage.host == scenario.host
            if scenario.name not in FULL_BACKLOG:
                assert refuses(stage.port) != listens
        return stage.port

    port = asyncio.run(play(), debug=True)
    assert refuses(port)
    asyncio.run(_plays_on(scenario, port))


async def _plays_on(scenario: Scenario, port: int) -> None:
    async with perform(scenario, port) as stage:
        assert stage.port == port


def test_names_are_kebab_case_and_every_line_for_the_user_is_one_sentence() -> None:
    for name, scenario in SCENARIOS.items():
        assert scenario.name == name
        assert name.replace("-", "").isalnum()
        assert name == name.lower()
        assert scenario.says.endswith(".")
        assert "\n" not in scenario.says


def test_nobody_else_can_take_the_port_on_which_nobody_listens() -> None:
    async def play() -> None:
        async with perform(SCENARIOS["app-not-running"]) as stage:
            with socket.socket() as other, pytest.raises(OSError, match=r".") as taken:
                other.bind(("127.0.0.1", stage.port))
            assert taken.value.errno == errno.EADDRINUSE

    asyncio.run(play())


def test_elsewhere_is_a_healthy_gateway_on_another_usual_port() -> None:
    async def play() -> Stage:
        async with perform(SCENARIOS["wrong-port"]) as stage:
            assert stage.other_port in USUAL_PORTS
            reader, writer = await asyncio.open_connection("127.0.0.1", stage.other_port)
            writer.write(b"API\0\0\0\0\x09v100..176")
            assert (await reader.readexactly(8))[4:] == b"176\0"
            writer.close()
            await writer.wait_closed()
        return stage

    stage = asyncio.run(play())
    assert stage.other_port is not None
    assert refuses(stage.other_port)


def test_elsewhere_is_never_the_port_itself() -> None:
    async def play(port: int) -> None:
        async with perform(SCENARIOS["wrong-port"], port) as stage:
            assert stage.port == port
            assert stage.other_port in set(USUAL_PORTS) - {port}

    free = next(port for port in USUAL_PORTS if refuses(port))
    asyncio.run(play(free))


@linux_only
def test_a_posing_process_bears_the_name_while_it_plays() -> None:
    def name() -> str:
        return Path("/proc/self/comm").read_text().strip()

    own_name = name()
    assert own_name != "ibgateway"

    async def play() -> None:
        async with perform(SCENARIOS["api-port-closed"]):
            assert name() == "ibgateway"
            assert psutil.Process().name() == "ibgateway"

    asyncio.run(play())
    assert name() == own_name


@linux_only
def test_a_full_backlog_lets_no_connect_through() -> None:
    async def play() -> None:
        async with perform(SCENARIOS["port-filtered"]) as stage:
            for _ in range(3):
                with pytest.raises(TimeoutError), connecting("127.0.0.1", stage.port, 0.3):
                    pass

    asyncio.run(play())


@linux_only
def test_the_unreachable_host_is_refused_by_this_machine_itself() -> None:
    with pytest.raises(OSError, match="unreachable") as no_route:  # noqa: SIM117
        with connecting(SCENARIOS["host-unreachable"].host, 9):
            pass
    assert no_route.value.errno == errno.ENETUNREACH


def test_the_unresolved_host_is_no_name() -> None:
    with pytest.raises((OSError, UnicodeError)):
        socket.getaddrinfo(SCENARIOS["host-unresolved"].host, 9)


def test_a_wedged_listener_has_half_closed_connections_in_the_socket_table() -> None:
    async def play() -> None:
        async with perform(SCENARIOS["listener-wedged"]) as stage:
            assert stage.gateway is not None
            table = psutil.Process().net_connections("tcp")
            waiting = [
                c
                for c in table
                if c.laddr.port == stage.port and c.status == psutil.CONN_CLOSE_WAIT
            ]
            assert len(waiting) == HALF_CLOSED
            assert {c.ending for c in stage.gateway.conversations} == {Ending.PEER_CLOSED}

    asyncio.run(play())


def test_what_cannot_be_played_here_says_so() -> None:
    scenario = Scenario(name="elsewhere", code="x", says="x.", props=(), linux_only=True)
    if sys.platform == "linux":
        assert scenario.not_here == ""
    else:
        assert "Linux" in scenario.not_here
        with pytest.raises(ValueError, match="Linux"):
            asyncio.run(_plays_on(scenario, 0))


def test_a_program_without_python_cannot_play_what_needs_one_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(ValueError, match="no Python"):
        asyncio.run(_plays_on(SCENARIOS["client-id-clash"], 0))


def test_a_taken_port_is_an_error_and_leaves_nothing_behind() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for name in ("healthy", "app-not-running"):
            with pytest.raises(OSError, match=r"."):
                asyncio.run(_plays_on(SCENARIOS[name], port))
