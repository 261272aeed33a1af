"""A scenario, the props that it is made of, and how it is played on a port.

A prop is a context manager factory. It receives the stage, and notes there what the later props
and the player need to know.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from traymon.sim import launcher_log, stage_props, window
from traymon.sim.gateway import HEALTHY, Behaviour, Ending, Gateway
from traymon.sim.script import ORDINARY, Script
from traymon.sim.stage_props import LOOPBACK

USUAL_PORTS = (7497, 7496, 4002, 4001)
CLIENT_ID = 10  # of the trading programs that are played
RETRY_INTERVAL = 10.0  # seconds between the tries of a trading program that was refused
WAIT_INTERVAL = 0.005  # seconds
NO_ENV: Mapping[str, str] = MappingProxyType({})


@dataclass(slots=True)
class Stage:
    """Where a scenario is being played, and what the props have put there so far."""

    host: str
    port: int  # 0 until a prop has taken a free one
    gateway: Gateway | None = None  # on `port`
    other_port: int | None = None  # where another Gateway listens
    env_file: Path | None = None  # of the trading project that is played

    def require_gateway(self) -> Gateway:
        """Return the Gateway on the port, for props that need one."""
        if self.gateway is None:
            raise ValueError("this prop needs a Gateway on the port, put there by an earlier prop")
        return self.gateway


Prop = Callable[[Stage], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing that can be wrong, and the diagnosis code that it must produce."""

    name: str
    code: str  # of the catalogue
    says: str  # what is played, in one sentence for users
    props: tuple[Prop, ...]  # the first one takes the port
    host: str = LOOPBACK  # where to look for the API
    env: Mapping[str, str] = field(default_factory=lambda: NO_ENV)  # further settings to check with
    linux_only: bool = False
    machine_wide: bool = False  # disturbs other scenarios that are played on this machine
    needs_screen: bool = False  # shows a window on an X11 screen, so Linux only, too

    @property
    def not_here(self) -> str:
        """Why it cannot be played on this system, in one sentence; empty if it can."""
        if (self.linux_only or self.needs_screen) and sys.platform != "linux":
            return f"The scenario {self.name} can be played on Linux only."
        if self.needs_screen and not os.environ.get("DISPLAY"):
            return f"The scenario {self.name} shows a window, and there is no X11 screen here."
        return ""


@asynccontextmanager
async def perform(scenario: Scenario, port: int = 0) -> AsyncIterator[Stage]:
    """Play the scenario on the port (0: a free one) until the context ends.

    Raises OSError if a port that it needs is taken, and ValueError if it cannot be played here.
    """
    if scenario.not_here:
        raise ValueError(scenario.not_here)
    stage = Stage(scenario.host, port)
    async with AsyncExitStack() as stack:
        for prop in scenario.props:
            await stack.enter_async_context(prop(stage))
        yield stage


# --- props that take the port ---


def gateway(behaviour: Behaviour = HEALTHY, script: Script = ORDINARY) -> Prop:
    """A Gateway on the port."""

    @asynccontextmanager
    async def prop(stage: Stage) -> AsyncIterator[None]:
        stage.gateway = Gateway(behaviour, script)
        await stage.gateway.start(port=stage.port)
        stage.port = stage.gateway.port
        try:
            yield
        finally:
            await stage.gateway.stop()

    return prop


@asynccontextmanager
async def nobody_listens(stage: Stage) -> AsyncIterator[None]:
    """A port that refuses every connect."""
    with stage_props.nobody_listens(stage.port) as stage.port:
        yield


@asynccontextmanager
async def full_backlog(stage: Stage) -> AsyncIterator[None]:
    """A listener that accepts nobody, its queue full. Linux only."""
    async with stage_props.full_backlog(stage.port) as stage.port:
        yield


# --- further props ---


def half_closed_connections(count: int) -> Prop:
    """Connections that their peers left and the Gateway has not closed."""

    @asynccontextmanager
    async def prop(stage: Stage) -> AsyncIterator[None]:
        await stage_props.half_close(stage.port, count)
        await _wait_for_leavers(stage.require_gateway(), count)
        yield

    return prop


def other_sessions(count: int) -> Prop:
    """Sessions of other clients, with the client IDs from 1 on."""

    @asynccontextmanager
    async def prop(stage: Stage) -> AsyncIterator[None]:
        writers = await stage_props.open_sessions(stage.port, count, first_id=1)
        try:
            yield
        finally:
            for writer in writers:
                writer.close()

    return prop


@asynccontextmanager
async def other_program(stage: Stage) -> AsyncIterator[None]:
    """A program in a folder of its own that holds CLIENT_ID."""
    async with (
        stage_props.temporary_folder() as folder,
        stage_props.trading_program(folder, "other_app.py", stage.port, CLIENT_ID),
    ):
        yield


@asynccontextmanager
async def stuck_client_id(stage: Stage) -> AsyncIterator[None]:
    """A connection that held CLIENT_ID, was left by its client, and is never closed."""
    gateway = stage.require_gateway()
    behaviour = gateway.behaviour
    gateway.behaviour = replace(behaviour, keeps_half_closed=True)
    (writer,) = await stage_props.open_sessions(stage.port, 1, first_id=CLIENT_ID)
    writer.close()
    await _wait_for_leavers(gateway, 1)
    gateway.behaviour = behaviour
    yield


def second_run(after: float) -> Prop:
    """A trading project whose program holds CLIENT_ID, and is started again some seconds later.

    The second run is refused and keeps trying.
    """

    @asynccontextmanager
    async def prop(stage: Stage) -> AsyncIterator[None]:
        async with stage_props.temporary_folder() as folder:
            stage.env_file = folder / ".env"
            settings = f"IB_PORT={stage.port}\nIB_CLIENT_ID={CLIENT_ID}\n"
            stage.env_file.write_text(settings, encoding="utf-8")
            async with stage_props.trading_program(folder, "run_live.py", stage.port, CLIENT_ID):
                again = asyncio.create_task(_run_again(folder, stage.port, after))
                try:
                    yield
                finally:
                    again.cancel()
                    await asyncio.wait([again])

    return prop


async def _run_again(folder: Path, port: int, after: float) -> None:
    await asyncio.sleep(after)
    async with stage_props.trading_program(
        folder, "run_live.py", port, CLIENT_ID, every=RETRY_INTERVAL
    ):
        await asyncio.Event().wait()


@asynccontextmanager
async def gateway_on_another_port(stage: Stage) -> AsyncIterator[None]:
    """A healthy Gateway on the first free one of USUAL_PORTS other than the stage's port."""
    gateway = Gateway()
    error = OSError("no usual port")
    for port in USUAL_PORTS:
        if port == stage.port:
            continue
        try:
            await gateway.start(port=port)
        except OSError as taken:
            error = taken
        else:
            break
    else:
        raise error
    stage.other_port = gateway.port
    try:
        yield
    finally:
        await gateway.stop()


@asynccontextmanager
async def gateway_beside(stage: Stage) -> AsyncIterator[None]:
    """A healthy Gateway of the same process, on a free port."""
    gateway = Gateway()
    await gateway.start()
    stage.other_port = gateway.port
    try:
        yield
    finally:
        await gateway.stop()


def waiting_gateway(*lines: tuple[float, str]) -> Prop:
    """A Gateway that has not opened its port, and what its launcher log says. Linux only.

    The lines are messages with the seconds that have passed since each.
    """

    @asynccontextmanager
    async def prop(stage: Stage) -> AsyncIterator[None]:
        log = launcher_log.written(lines, datetime.now().astimezone())
        async with stage_props.waiting_gateway(log):
            yield

    return prop


def process_name(name: str) -> Prop:
    """Another name for this process in the process table. Linux only."""

    @asynccontextmanager
    async def prop(stage: Stage) -> AsyncIterator[None]:
        with stage_props.process_name(name):
            yield

    return prop


def dialog(title: str) -> Prop:
    """A window of this process, as TWS shows one."""

    @asynccontextmanager
    async def prop(stage: Stage) -> AsyncIterator[None]:
        with window.open_dialog(title):
            yield

    return prop


async def _wait_for_leavers(gateway: Gateway, count: int) -> None:
    """Wait until so many connections have been closed by their peer."""
    while sum(c.ending is Ending.PEER_CLOSED for c in gateway.conversations) < count:
        await asyncio.sleep(WAIT_INTERVAL)
