"""`traymon explain`: the page of a diagnosis, or the list of all of them."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

from traymon.cli.common import new_console, usage_error
from traymon.cli.own_command import own_commands


def _codes() -> list[str]:
    from traymon.diagnosis.catalogue import ENTRIES

    return list(ENTRIES)


def explain(
    code: Annotated[
        str | None,
        typer.Argument(help="A code, such as wrong-port.", metavar="<code>", autocompletion=_codes),
    ] = None,
) -> None:
    """Show the page of a diagnosis, or list all of them."""
    from rich.markup import escape
    from rich.table import Table

    from traymon.diagnosis import fix_pages
    from traymon.diagnosis.catalogue import ENTRIES
    from traymon.diagnosis.stages import STAGES
    from traymon.ui import check_text, terminal

    console, commands = new_console(), own_commands()
    general = fix_pages.general_facts()
    if code is None:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column()
        for stage, codes in STAGES.items():
            table.add_row(f"[bold]{stage}[/]")
            for known in codes:
                headline = fix_pages.fill(fix_pages.page(known).headline, general)
                light = ENTRIES[known].light
                mark = f"[{terminal.STYLES[light]}]{light.word}[/]"
                table.add_row(f"  {known}", mark, escape(headline))
        console.print(table)
        console.print(f"\nShow one: {escape(commands.traymon)} explain <code>")
        return
    if code not in ENTRIES:
        near = difflib.get_close_matches(code, ENTRIES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        usage_error(f"Unknown code {code!r}.{hint} {commands.traymon} explain lists all codes.")
    console.print(check_text.explanation(code, commands))
