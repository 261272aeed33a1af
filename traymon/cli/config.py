"""`traymon config`: every setting in force, and the programs that the user marked as own."""

from __future__ import annotations

from typing import Annotated

import typer

from traymon.cli.common import Env, load, new_console, open_state, usage_error
from traymon.core.target import Target


def show_config(
    env: Env = None,
    example: Annotated[bool, typer.Option("--example", help="Print an example .env.")] = False,
    not_mine: Annotated[
        int | None, typer.Option("--not-mine", help="Forget the program with this number.")
    ] = None,
) -> None:
    """Print every setting in force with where it comes from, and the programs that are yours."""
    from platformdirs import user_config_path
    from rich.markup import escape
    from rich.table import Table

    from traymon.config import ib_resets, loader
    from traymon.config.documents import env_example

    if example:
        print(env_example(), end="")
        return
    state = open_state()
    if not_mine is not None:
        try:
            forgotten = state.forget_own_program(not_mine)
        except IndexError:
            usage_error(f"There is no program {not_mine}; `traymon config` lists them.")
        except OSError as error:
            usage_error(f"It cannot be forgotten: {error}")
        print(f"Not yours any more: {forgotten.script or forgotten.exe}")
        return
    config = load(env, None, None, None)
    table = Table(box=None, pad_edge=False)
    for column in ("Setting", "Value", "From"):
        table.add_column(column, overflow="fold")
    for key, value, source in loader.listing(config):
        if key == "IB_PORT" and config.target.discovered:
            value, source = _discover_port(config.target)
        table.add_row(key, escape(value), escape(source))
    console = new_console()
    console.print(table)
    folder = user_config_path("traymon")
    console.print(
        f"\nIB's reset times: {escape(str(ib_resets.path(folder)))}\n"
        f"A copy of your own: {escape(str(folder / ib_resets.NAME))}",
        soft_wrap=True,
    )
    for number, own in enumerate(state.own_programs(), 1):
        both = f"{own.script} ({own.exe})"
        program = both if own.script and own.exe else own.script or own.exe
        console.print(
            f"\nYours, as you said: {number}. {escape(program)}\n"
            f"`traymon config --not-mine {number}` takes it back."
        )


def _discover_port(target: Target) -> tuple[str, str]:
    """Return the port that would be monitored, and how it was chosen."""
    from traymon.sensors.port_discovery import discover
    from traymon.sensors.socket_table import listening_ports

    port = discover(target).port
    found = port in (listening_ports() or ())
    return str(port), "discovered" if found else "default: no usual port of IB's listens yet"
