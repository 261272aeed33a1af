"""`traymon config`: every setting in force, and the programs that the user marked as own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from traymon.cli.alerts import alert_lines, read_alerts
from traymon.cli.common import Envs, Targets, load, new_console, open_state, usage_error
from traymon.cli.own_command import own_commands
from traymon.cli.target_choice import TargetName, choose
from traymon.core.target import Target
from traymon.diagnosis.fix_pages import clean

if TYPE_CHECKING:
    from rich.table import Table

    from traymon.config.in_force import TargetConfig


def show_config(
    env: Envs = None,
    targets: Targets = None,
    target: TargetName = None,
    example: Annotated[bool, typer.Option("--example", help="Print an example .env file.")] = False,
    not_mine: Annotated[
        int | None,
        typer.Option("--not-mine", help="Forget one of your programs.", metavar="<number>"),
    ] = None,
) -> None:
    """Show all settings with their origin, and the programs marked as yours."""
    from platformdirs import user_config_path
    from rich.markup import escape

    from traymon.config import ib_resets
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
    loaded = load(env, None, None, None, targets)
    configs, console = choose(loaded, target), new_console()
    for config in configs:
        if config.target.one_of_many:
            muted = ", muted" if config.target.muted else ""
            console.print(f"[bold]{escape(clean(config.target.name))}[/]{muted}\n")
        console.print(_table_of(config))
        if config is not configs[-1]:
            console.print()
    folder = user_config_path("traymon")
    console.print(
        f"\nIB's reset times: {escape(str(ib_resets.path(folder)))}\n"
        f"To change them, copy that file to: {escape(str(folder / ib_resets.NAME))}",
        soft_wrap=True,
    )
    found = read_alerts(loaded.settings)
    console.print(f"\nWho is alerted as well: {escape(str(found.path))}", soft_wrap=True)
    for line in alert_lines(found.alerts):
        console.print(f"  {escape(line)}")
    for number, own in enumerate(state.own_programs(), 1):
        both = f"{own.script} ({own.exe})"
        program = both if own.script and own.exe else own.script or own.exe
        console.print(
            f"\nMarked as yours: {number}. {escape(program)}\n"
            f"To undo this: {escape(traymon)} config --not-mine {number}"
        )


def _table_of(config: TargetConfig) -> Table:
    """Return every setting of a target, with where it comes from."""
    from rich.markup import escape
    from rich.table import Table

    from traymon.config import loader

    table = Table(box=None, pad_edge=False)
    for column in ("Setting", "Value", "From"):
        table.add_column(column, overflow="fold")
    ib_first = sorted(loader.listing(config), key=lambda row: not row[0].startswith("IB_"))
    for key, value, source in ib_first:
        if key == "IB_PORT" and config.target.discovered:
            value, source = _discover_port(config.target)
        table.add_row(key, escape(value), escape(source))
    return table


def _discover_port(target: Target) -> tuple[str, str]:
    """Return the port that would be monitored, and how it was chosen."""
    from traymon.sensors.port_discovery import discover
    from traymon.sensors.socket_table import listening_ports

    port = discover(target).port
    found = port in (listening_ports() or ())
    return str(port), "auto-detected" if found else "default (none of IB's usual ports is open yet)"
