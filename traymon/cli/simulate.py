"""`traymon simulate`: a simulated Gateway with one of the known faults."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from traymon.cli.common import Exit, new_console, usage_error

if TYPE_CHECKING:
    from traymon.sim.stage import Scenario


def simulate(
    scenario: Annotated[str | None, typer.Argument(help="What to play.")] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65_535)] = 7497,
    listed: Annotated[bool, typer.Option("--list", help="List the scenarios.")] = False,
) -> None:
    """Run a simulated Gateway alone, until Ctrl-C."""
    import asyncio  # here, since no other command would wait for it

    from rich.table import Table

    from traymon.sim.scenarios import SCENARIOS

    if listed or scenario is None:
        table = Table(box=None, pad_edge=False)
        for column in ("Scenario", "Shows as", "What is played"):
            table.add_column(column)
        for known in SCENARIOS.values():
            table.add_row(known.name, known.code, known.says)
        new_console().print(table)
        return
    if scenario not in SCENARIOS:
        usage_error(f"There is no scenario {scenario!r}; `traymon simulate --list` lists them.")
    try:
        asyncio.run(_simulate(SCENARIOS[scenario], port))
    except KeyboardInterrupt:
        raise Exit(0) from None
    except (OSError, ValueError) as error:
        usage_error(f"It cannot be played: {error}")


async def _simulate(scenario: Scenario, port: int) -> None:
    import asyncio

    from traymon.sim.stage import perform

    async with perform(scenario, port) as stage:
        print(scenario.says)
        settings = "".join(f"{key}={value} " for key, value in scenario.env.items())
        where = f"--host {stage.host} --port {stage.port}"
        if stage.env_file is not None:
            where += f" --env {stage.env_file}"
        print(f"See it with: {settings}traymon check {where}")
        print("Ctrl-C ends it.", flush=True)
        await asyncio.Event().wait()
