"""`traymon incident`: what happened around an incident, for IB's support or a forum."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from traymon.cli.common import Envs, Exit, Targets, usage_error, write_file
from traymon.cli.history_source import (
    Source,
    exit_unreadable,
    exit_without_history,
    open_history,
)
from traymon.cli.own_command import own_commands
from traymon.cli.target_choice import TargetName
from traymon.core.history import HistoryError

if TYPE_CHECKING:
    from traymon.core.incidents import Incident

Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", help="Write it to this file instead of printing it.", metavar="<file>"
    ),
]


def show_incident(
    number: Annotated[
        int | None,
        typer.Argument(
            help="Its number in `history` and on the page; the last incident if left out.",
            metavar="<number>",
            show_default=False,
        ),
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="As HTML instead of Markdown.")] = False,
    output: Output = None,
    env: Envs = None,
    targets: Targets = None,
    target: TargetName = None,
) -> None:
    """Report an incident, ten minutes before to ten after, without private data."""
    from traymon.ui.incident_material import read_material
    from traymon.ui.incident_report import incident_report
    from traymon.ui.own_names import own_names
    from traymon.ui.web.reports import incident_html, incident_markdown

    source, now = open_history(env, targets, target), time.time()
    try:
        name, incident = _find(source, number, now, everywhere=not (env or targets or target))
        material = read_material(source.reader, name, incident, now)
    except HistoryError as error:
        exit_unreadable(error)
    report = incident_report(material, source.calendar_of(name), own_names(*source.accounts))
    write_report((incident_html if html else incident_markdown)(report, now), output)


def _find(
    source: Source, number: int | None, now: float, *, everywhere: bool
) -> tuple[str, Incident]:
    """Return an incident and its target; exit if there is none. Raises HistoryError.

    `everywhere`: a number may be that of an incident of any target.
    """
    from traymon.ui.incident_material import find_incident

    reader = source.reader
    if all(reader.read_extent(target) is None for target in source.targets):
        exit_without_history(source)
    if number is None:
        return _find_last(source, now)
    targets = reader.read_targets() if everywhere else source.targets
    found = find_incident(reader, targets, number, now)
    if found is None:
        usage_error(f"There is no incident {number}. {own_commands().traymon} history lists them.")
    return found


def _find_last(source: Source, now: float) -> tuple[str, Incident]:
    """Return the last incident, rather one that was not expected; exit if there is none."""
    from traymon.core.periods import Condition

    incidents = [
        (target, incident)
        for target in source.targets
        for incident in source.reader.read_incidents(target, 0.0, now)
    ]
    serious = [one for one in incidents if one[1].condition is not Condition.EXPECTED]
    if not incidents:
        print("No incident is recorded.")
        raise Exit(0)
    return max(serious or incidents, key=lambda one: one[1].start)


def write_report(text: str, output: Path | None) -> None:
    """Print a report, or write it to a file and say so; exit if that is impossible."""
    if output is None:
        print(text, end="")
        return
    write_file(output, text)
    print(f"Written to {output}")
