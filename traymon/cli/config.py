"""`traymon config`: every setting in force, and the programs that the user marked as own."""

from __future__ import annotations

from typing import Annotated

import typer

from traymon.cli.common import Env, load_target, new_console, open_state, usage_error
from traymon.cli.own_command import own_commands
from traymon.core.target import Target


def show_config(
    env: Env = None,
    example: Annotated[bool, typer.Option("--example", help="Print an example .env file.")] = False,
    not_mine: Annotated[
        int | None,
        typer.Option("--not-mine", help="Forget one of your programs.", metavar="<number>"),
    ] = None,
) -> None:
    """Show all settings with their origin, and the programs marked as yours."""
    from platformdirs import user_config_path
    from rich.markup import escape
    from rich.table import Table

    from traymon.config import ib_resets, loader
    from traymon.config.documents import env_example

    if example:
        print(env_example(), end="")
        return
    state, traymon = open_state(), own_commands().traymon
    if not_mine is not None:
        try:
            forgotten = state.forget_own_program(not_mine)
        except IndexError:
            usage_error(f"There is no program {not_mine}. {traymon} config lists your programs.")
        except OSError as error:
            usage_error(f"Cannot forget it: {error}")
        print(f"No longer marked as yours: {forgotten.script or forgotten.exe}")
        return
    config = load_target(env, None, None, None)
    table = Table(box=None, pad_edge=False)
    for column in ("Setting", "Value", "From"):
        table.add_column(column, overflow="fold")
    ib_first = sorted(loader.listing(config), key=lambda row: not row[0].startswith("IB_"))
    for key, value, source in ib_first:
        if key == "IB_PORT" and config.target.discovered:
            value, source = _discover_port(config.target)
        table.add_row(key, escape(value), escape(source))
    console = new_console()
    console.print(table)
    folder = user_config_path("traymon")
    console.print(
        f"\nIB's reset times: {escape(str(ib_resets.path(folder)))}\n"
        f"To change them, copy that file to: {escape(str(folder / ib_resets.NAME))}",
        soft_wrap=True,
    )
    for number, own in enumerate(state.own_programs(), 1):
        both = f"{own.script} ({own.exe})"
        program = both if own.script and own.exe else own.script or own.exe
        console.print(
            f"\nMarked as yours: {number}. {escape(program)}\n"
            f"To undo this: {escape(traymon)} config --not-mine {number}"
        )


def _discover_port(target: Target) -> tuple[str, str]:
    """Return the port that would be monitored, and how it was chosen."""
    from traymon.sensors.port_discovery import discover
    from traymon.sensors.socket_table import listening_ports

    port = discover(target).port
    found = port in (listening_ports() or ())
    return str(port), "auto-detected" if found else "default (none of IB's usual ports is open yet)"
