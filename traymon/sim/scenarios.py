"""The scenarios by name: what to play on a port, and the diagnosis code that it must produce.

The table is the demo and the test. Knows codes as words only: nothing of traymon is imported.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from traymon.sim import props
from traymon.sim.gateway import HEALTHY, Behaviour, Ending, Gateway, Hello, Start

USUAL_PORTS = (7497, 7496, 4002, 4001)
HALF_CLOSED = 8
ID_10: Mapping[str, str] = MappingProxyType({"IB_CLIENT_ID": "10"})
_NO_ENV: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that can be wrong, and what must be said of it."""

    name: str
    code: str  # of the catalogue
    says: str  # what is played, for a user
    behaviour: Behaviour | None = None  # None: no Gateway on the port
    host: str = props.LOOPBACK  # what to aim at
    env: Mapping[str, str] = field(
        default_factory=lambda: _NO_ENV
    )  # more settings for whoever looks
    poses_as: str = ""  # the name of this process in the process table
    elsewhere: bool = False  # a healthy Gateway listens on one of the usual ports
    half_closed: int = 0  # connections that their peers left and the listener did not close
    full_backlog: bool = False  # a listener that accepts nobody, its queue full
    other_app: bool = False  # a program in a folder of its own holds the client ID 10
    left_behind: bool = False  # a connection that held the client ID 10 was left and never closed
    clients: int = 0  # other sessions that stand
    later_run: float = 0.0  # seconds after which a trading program is started a second time
    linux_only: bool = False

    @property
    def not_here(self) -> str:
        """Why it cannot be played on this system, in one sentence; empty when it can."""
        if self.linux_only and sys.platform != "linux":
            return f"The scenario {self.name} can be played on Linux only."
        return ""


@dataclass(frozen=True, slots=True)
class Stage:
    """A scenario that is being played."""

    scenario: Scenario
    host: str
    port: int
    gateway: Gateway | None  # on `port`
    other_port: int | None = None  # where the Gateway elsewhere listens
    env_file: Path | None = None  # of the trading project that is played too


def _hello(
    name: str, code: str, hello: Hello, says: str, *, half_closed: int = 0, poses_as: str = ""
) -> Scenario:
    return Scenario(
        name=name,
        code=code,
        says=says,
        behaviour=Behaviour(hello=hello),
        half_closed=half_closed,
        poses_as=poses_as,
        linux_only=bool(poses_as),
    )


def _session(
    name: str, says_what: str, *, code: str = "", env: Mapping[str, str] = _NO_ENV, **what: Any
) -> Scenario:
    return Scenario(
        name=name,
        code=code or name,
        says=f"The Gateway {says_what[0].lower()}{says_what[1:]}",
        behaviour=Behaviour(**what),
        env=MappingProxyType(dict(env)),
    )


_ALL = (
    Scenario(
        name="healthy",
        code="healthy",
        says="A Gateway that answers as it should.",
        behaviour=HEALTHY,
    ),
    _hello("byte-by-byte", "healthy", Hello.BYTE_BY_BYTE, "The right answer, byte by byte."),
    _hello("news-first", "healthy", Hello.NEWS_FIRST, "News come before the version."),
    _hello("foreign-time", "healthy", Hello.FOREIGN_TIME, "The connection time is not in UTF-8."),
    # the port
    Scenario(
        name="app-not-running",
        code="app-not-running",
        says="Nothing listens on the port, and neither TWS nor Gateway runs.",
    ),
    Scenario(
        name="api-port-closed",
        code="api-port-closed",
        says="The Gateway runs, but nothing listens on the port.",
        poses_as="ibgateway",
        linux_only=True,
    ),
    Scenario(
        name="wrong-port",
        code="wrong-port",
        says="Nothing listens on the port, but a Gateway answers on another one.",
        elsewhere=True,
    ),
    Scenario(
        name="port-refused",
        code="port-refused",
        says="The port leads to another machine, where nothing listens.",
        env=MappingProxyType({"TRAYMON_FORWARDED": "yes"}),
    ),
    Scenario(
        name="host-unresolved",
        code="host-unresolved",
        says="The host's name cannot exist.",
        host="a" * 64,  # a label has 63 characters at most, so no name server is asked
    ),
    Scenario(
        name="host-unreachable",
        code="host-unreachable",
        says="No route leads to the host.",
        host="127.255.255.255",  # a broadcast address: Linux refuses it without sending a packet
        linux_only=True,
    ),
    Scenario(
        name="port-filtered",
        code="port-filtered",
        says="Connects to the port are dropped without an answer.",
        full_backlog=True,
        linux_only=True,
    ),
    _hello("foreign-listener", "foreign-listener", Hello.HTTP, "A web server has the port."),
    _hello("foreign-ssh", "foreign-listener", Hello.SSH, "An SSH server has the port."),
    _hello("foreign-garbage", "foreign-listener", Hello.GARBAGE, "The answer is garbage."),
    _hello(
        "foreign-huge-length",
        "foreign-listener",
        Hello.HUGE_LENGTH,
        "The answer claims to be four gigabytes long.",
    ),
    _hello(
        "foreign-version-abc",
        "foreign-listener",
        Hello.VERSION_ABC,
        "The version in the answer is no number.",
    ),
    # the handshake
    _hello(
        "just-started",
        "just-started",
        Hello.SILENT,
        "The Gateway has just started and does not answer yet.",
        poses_as="ibgateway",
    ),
    _hello(
        "connection-rejected",
        "connection-rejected",
        Hello.CLOSE,
        "The Gateway accepts the connection and closes it without a byte.",
    ),
    _hello(
        "connection-reset",
        "connection-rejected",
        Hello.RESET,
        "The Gateway accepts the connection and resets it without a byte.",
    ),
    _hello(
        "handshake-silent",
        "handshake-silent",
        Hello.SILENT,
        "The Gateway accepts the connection and does not answer.",
    ),
    _hello(
        "listener-wedged",
        "listener-wedged",
        Hello.SILENT,
        "The Gateway does not answer, and half-closed connections pile up.",
        half_closed=HALF_CLOSED,
    ),
    _hello("tls-expected", "tls-expected", Hello.TLS, "The Gateway answers over TLS only."),
    Scenario(
        name="server-too-old",
        code="server-too-old",
        says="The Gateway's version is older than the client libraries accept.",
        behaviour=Behaviour(server_version=100),
    ),
    Scenario(
        name="handshake-slow",
        code="handshake-slow",
        says="The Gateway answers after 2.6 seconds.",
        behaviour=Behaviour(delay=2.6),
    ),
    # the session
    _session("start-silent", "Logs the client on and then says nothing.", start=Start.SILENT),
    _session("start-rejected", "Hangs up when the client starts its session.", start=Start.CLOSE),
    _session("session-hung", "Starts the session and then answers no heartbeat.", tells_time=False),
    _session("no-accounts", "Starts the session with an empty account list.", accounts=()),
    _session(
        "wrong-account",
        "Is logged in to another account than the .env names.",
        env={"IB_ACCOUNT": "DU7654321"},
    ),
    _session(
        "wrong-environment",
        "Is logged in to a live account where the .env names a paper one.",
        accounts=("U1234567",),
        env={"IB_ACCOUNT": "DU1234567"},
    ),
    _session(
        "ib-link-down",
        "Has lost IB's servers.",
        says=((1100, "Connectivity between IBKR and Trader Workstation has been lost."),),
    ),
    _session(
        "data-farm-down",
        "Has lost a data farm, for less than five minutes yet.",
        code="healthy",
        says=((2103, "Market data farm connection is broken:usfarm"),),
    ),
    _session(
        "competing-session",
        "Says that another session of the same user has the market data.",
        says=((10197, "No market data during competing live session"),),
    ),
    _session(
        "paper-not-acknowledged",
        "Waits for the paper-trading disclaimer.",
        says=((2139, "Real paper-trading has not been acknowledged yet."),),
    ),
    _session(
        "client-outdated",
        "Says that the client is out of date.",
        says=((357, "Your client version is out of date."),),
    ),
    # client IDs
    Scenario(
        name="client-id-clash",
        code="client-id-clash",
        says="Another program holds the client ID 10.",
        behaviour=HEALTHY,
        env=ID_10,
        other_app=True,
    ),
    Scenario(
        name="client-id-stuck",
        code="client-id-stuck",
        says="A program that held the client ID 10 has gone, and the Gateway has not noticed.",
        behaviour=HEALTHY,
        env=ID_10,
        left_behind=True,
    ),
    # A single look at its beginning finds the ID in the user's own hands, where it belongs.
    Scenario(
        name="client-id-held-by-earlier-run",
        code="healthy",
        says="A trading program holds its client ID, and 20 seconds later it is started again.",
        behaviour=HEALTHY,
        later_run=20.0,
    ),
    Scenario(
        name="no-free-slot",
        code="no-free-slot",
        says="Thirty-two clients are connected, and the Gateway serves no more.",
        behaviour=HEALTHY,
        clients=32,
    ),
    _session("clock-skew", "Has a clock that is ten seconds ahead.", clock_ahead=10.0),
    _hello("half-frame", "answer-unfinished", Hello.HALF_FRAME, "Half an answer comes."),
    _hello("drip", "answer-unfinished", Hello.DRIP, "An answer drips in and never ends."),
)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType({s.name: s for s in _ALL})


@asynccontextmanager
async def perform(scenario: Scenario, port: int = 0) -> AsyncIterator[Stage]:
    """Play the scenario on the port (0: a free one) until the context ends.

    Raises OSError when the port is taken, or for `elsewhere` every usual one is, and ValueError
    where `scenario.not_here`.
    """
    if scenario.not_here:
        raise ValueError(scenario.not_here)
    async with AsyncExitStack() as stack:
        gateway = None
        if scenario.behaviour is not None:
            gateway = Gateway(scenario.behaviour)
            await gateway.start(port=port)
            stack.push_async_callback(gateway.stop)
            port = gateway.port
        elif scenario.full_backlog:
            port = await stack.enter_async_context(props.full_backlog(port))
        else:
            port = stack.enter_context(props.nobody_listens(port))
        if gateway is not None and scenario.half_closed:
            await props.half_close(port, scenario.half_closed)
            while sum(c.ending is Ending.PEER_CLOSED for c in gateway.conversations) < (
                scenario.half_closed
            ):
                await asyncio.sleep(0.005)
        env_file = None
        if gateway is not None:
            env_file = await _connect_others(stack, scenario, gateway)
        other_port = None
        if scenario.elsewhere:
            other_port = await _start_elsewhere(stack, port)
        if scenario.poses_as:
            stack.enter_context(props.posing(scenario.poses_as))
        yield Stage(scenario, scenario.host, port, gateway, other_port, env_file)


async def _connect_others(
    stack: AsyncExitStack, scenario: Scenario, gateway: Gateway
) -> Path | None:
    """Connect the other programs of the scenario; return the `.env` of the one that is played."""
    port = gateway.port
    if scenario.other_app:
        place = await stack.enter_async_context(props.folder())
        await stack.enter_async_context(props.program(place, "other_app.py", port, 10))
    if scenario.left_behind:
        gateway.behaviour = replace(HEALTHY, keeps_half_closed=True)
        (writer,) = await props.sessions(port, 1, first_id=10)
        writer.close()
        while gateway.conversations[-1].ending is not Ending.PEER_CLOSED:
            await asyncio.sleep(0.005)
        gateway.behaviour = HEALTHY
    for writer in await props.sessions(port, scenario.clients, first_id=1):
        stack.callback(writer.close)
    if not scenario.later_run:
        return None
    place = await stack.enter_async_context(props.folder())
    env_file = place / ".env"
    env_file.write_text(f"IB_PORT={port}\nIB_CLIENT_ID=10\n", encoding="utf-8")
    await stack.enter_async_context(props.program(place, "run_live.py", port, 10))
    later = asyncio.create_task(_run_again(place, port, scenario.later_run))
    stack.push_async_callback(asyncio.wait, [later])
    stack.callback(later.cancel)
    return env_file


async def _run_again(place: Path, port: int, after: float) -> None:
    """Start the trading program once more, which tries to get in again and again."""
    await asyncio.sleep(after)
    async with props.program(place, "run_live.py", port, 10, every=10.0):
        await asyncio.Event().wait()


async def _start_elsewhere(stack: AsyncExitStack, port: int) -> int:
    """Start a healthy Gateway on the first free usual port other than `port`."""
    gateway = Gateway()
    taken: OSError | None = None
    for usual in USUAL_PORTS:
        if usual == port:
            continue
        try:
            await gateway.start(port=usual)
        except OSError as exc:
            taken = exc
        else:
            stack.push_async_callback(gateway.stop)
            return usual
    raise taken or OSError("no usual port")
