"""`traymon history`: what happened, as a table, as CSV or as JSON."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from traymon.cli.common import Envs, Targets, new_console, print_json, usage_error
from traymon.cli.history_source import (
    Days,
    Since,
    exit_without_history,
    open_history,
    read_time,
)
from traymon.cli.target_choice import TargetName

if TYPE_CHECKING:
    from traymon.ui.history_record import Record


def show_history(
    since: Since = None,
    days: Days = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print it as CSV.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    by_day: Annotated[
        bool, typer.Option("--by-day", help="With --csv: one row for each day.")
    ] = False,
    env: Envs = None,
    targets: Targets = None,
    target: TargetName = None,
) -> None:
    """Show what happened: how reliable the API was, and every incident."""
    from traymon.ui import history_export

    if as_csv and as_json:
        usage_error("Use only one of --csv and --json.")
    if by_day and not as_csv:
        usage_error("--by-day belongs to --csv.")
    now = time.time()
    source = open_history(env, targets, target)
    records = read_time(source, since, days, now)
    if as_json:
        print_json([*map(history_export.as_json, records)], as_list=source.of_several)
    elif as_csv and by_day:
        _print_rows(history_export.DAY_COLUMNS, map(history_export.day_rows, records))
    elif as_csv:
        _print_rows(history_export.PERIOD_COLUMNS, map(history_export.period_rows, records))
    elif all(record.begins is None for record in records):
        exit_without_history(source)
    else:
        _print_text(records, now)


def _print_text(records: Sequence[Record], now: float) -> None:
    """Print what happened to each target, the worst first."""
    from traymon.ui.history_record import worst_first
    from traymon.ui.history_text import history_text, is_ascii

    console = new_console()
    ascii_only = is_ascii(console.encoding)
    for number, record in enumerate(worst_first(records)):
        if number:
            console.print("\n")
        console.print(history_text(record, now, width=console.width, ascii_only=ascii_only))


def _print_rows(columns: Sequence[str], rows: Iterable[Iterable[Sequence[str]]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(chain.from_iterable(rows))
