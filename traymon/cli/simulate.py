"""`traymon simulate`: a simulated Gateway with one of the known faults."""

from __future__ import annotations

import errno
import socket
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from traymon.cli.common import Exit, new_console, settings_options, usage_error
from traymon.cli.own_command import own_commands

if TYPE_CHECKING:
    from traymon.sim.stage import Scenario


DEFAULT_PORT = 47497  # none that IB's programs use: a trading program must not find it by itself


def _scenarios() -> list[str]:
    from traymon.sim.scenarios import SCENARIOS

    return list(SCENARIOS)


def simulate(
    scenario: Annotated[
        str | None,
        typer.Argument(
            help="What to simulate, such as handshake-silent.",
            metavar="<scenario>",
            autocompletion=_scenarios,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65_535,
            help=f"Port to listen on; 0: any free one. [default: {DEFAULT_PORT}]",
            metavar="<port>",
        ),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the scenarios.")] = False,
) -> None:
    """Run a simulated Gateway with one of the known faults."""
    import asyncio  # here, since no other command would wait for it

    from rich.table import Table

    from traymon.sim.scenarios import SCENARIOS

    if listed or scenario is None:
        table = Table(box=None, pad_edge=False)
        table.add_column("Scenario", no_wrap=True)
        table.add_column("What is simulated")
        for known in SCENARIOS.values():
            shown = "" if known.code == known.name else f" Shows {known.code}."
            table.add_row(known.name, f"{known.says}{shown}")
        new_console().print(table)
        return
    if scenario not in SCENARIOS:
        every = f"{own_commands().traymon} simulate --list"
        usage_error(f"Unknown scenario {scenario!r}. {every} lists them all.")
    try:
        asyncio.run(_simulate(SCENARIOS[scenario], _default_port() if port is None else port))
    except KeyboardInterrupt:
        raise Exit(0) from None
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            usage_error(f"Port {port} is in use. Choose another one with --port, or 0 for any.")
        usage_error(f"Cannot simulate it: {error}")


def _default_port() -> int:
    """Return DEFAULT_PORT, or 0 for any free port if it is taken."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", DEFAULT_PORT))
        except OSError:
            return 0
    return DEFAULT_PORT


async def _simulate(scenario: Scenario, port: int) -> None:
    import asyncio

    from traymon.sim.stage import perform

    async with perform(scenario, port) as stage:
        print(scenario.says)
        form = '$env:{}="{}"; ' if sys.platform == "win32" else "{}={} "  # PowerShell's, a shell's
        settings = "".join(form.format(*pair) for pair in scenario.env.items())
        env = None if stage.env_file is None else str(stage.env_file)
        options = settings_options(env, stage.host, str(stage.port))
        print(f"Simulated, without TWS, on {stage.host}:{stage.port}.")
        print(f"In another terminal: {settings}{own_commands(options).check}")
        print("Press Ctrl-C to end it.", flush=True)
        await asyncio.Event().wait()
