"""`traymon report`: the last days as one HTML file."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from traymon.cli.common import Envs, Targets, usage_error
from traymon.cli.history_source import (
    exit_unreadable,
    exit_without_history,
    open_history,
)
from traymon.cli.incident import write_report
from traymon.cli.target_choice import TargetName
from traymon.core.history import HistoryError

WEEK = 7  # days
STDOUT = Path("-")


def write_period_report(
    week: Annotated[bool, typer.Option("--week", help="The last 7 days (the default).")] = False,
    days: Annotated[
        int | None,
        typer.Option(
            "--days", help="How many days, up to today.", metavar="<n>", show_default=False
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="The file to write (traymon-<date>.html); - prints it.",
            metavar="<file>",
        ),
    ] = None,
    env: Envs = None,
    targets: Targets = None,
    target: TargetName = None,
) -> None:
    """Write how reliable the last days were into one HTML file."""
    from traymon.ui.period_report import MAX_DAYS, read_report
    from traymon.ui.web.reports import period_html

    if week and days is not None:
        usage_error("Use only one of --week and --days.")
    if days is not None and not 1 <= days <= MAX_DAYS:
        usage_error(f"--days must be a whole number from 1 to {MAX_DAYS}.")
    source, now = open_history(env, targets, target), time.time()
    try:
        found = [
            read_report(source.reader, name, days or WEEK, now, source.hours_of(name))
            for name in source.targets
        ]
    except HistoryError as error:
        exit_unreadable(error)
    reports = [report for report in found if report is not None]
    if not reports:
        exit_without_history(source)
    file = output or Path(f"traymon-{date.fromtimestamp(now)}.html")
    write_report(period_html(reports, now), None if file == STDOUT else file)
