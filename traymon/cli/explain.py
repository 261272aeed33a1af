"""`traymon explain`: the page of a diagnosis, or the list of all of them."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer

from traymon.cli.common import new_console, usage_error


def explain(
    code: Annotated[str | None, typer.Argument(help="A code, such as wrong-port.")] = None,
) -> None:
    """Print the page of a diagnosis, or the list of all of them."""
    from rich.markup import escape
    from rich.table import Table

    from traymon.diagnosis import fix_pages
    from traymon.diagnosis.catalogue import ENTRIES
    from traymon.ui import terminal

    console, general = new_console(), fix_pages.general_facts()
    if code is None:
        table = Table(box=None, pad_edge=False)
        for column in ("Code", "Light", "Headline"):
            table.add_column(column)
        for entry in ENTRIES.values():
            style = terminal.STYLES[entry.light]
            headline = fix_pages.fill(fix_pages.page(entry.code).headline, general)
            table.add_row(entry.code, f"[{style}]{entry.light.word}[/]", escape(headline))
        console.print(table)
        return
    if code not in ENTRIES:
        near = difflib.get_close_matches(code, ENTRIES, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        usage_error(f"There is no diagnosis {code!r}.{hint} `traymon explain` lists all of them.")
    console.print(terminal.explanation(code))
