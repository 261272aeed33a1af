"""`traymon events`: what happens, one line each, for programs and for readers."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Annotated

import typer

from traymon.cli.common import Envs, Targets, usage_error
from traymon.cli.history_source import exit_unreadable, settings_of_history
from traymon.cli.streams import print_error, wait_while_read
from traymon.cli.target_choice import TargetName, find_name
from traymon.core.events import Event, as_json, missed, with_losses
from traymon.core.history import HistoryError, HistoryReader

BATCH = 500  # events that are read at once
INTERVAL = 0.5  # seconds between two looks at whether the file has changed
LOOK_ANYWAY = 5.0  # seconds after which it is read though no change was seen
OFF = "No events are kept: TRAYMON_HISTORY=off."


def show_events(
    as_ndjson: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per line.")
    ] = False,
    follow: Annotated[
        bool,
        typer.Option("-f", "--follow", help="Wait for new ones; without --since, show only those."),
    ] = False,
    since: Annotated[
        int | None,
        typer.Option(
            "--since", min=0, help="Only events after the one with this ID.", metavar="<id>"
        ),
    ] = None,
    env: Envs = None,
    targets: Targets = None,
    target: TargetName = None,
) -> None:
    """Show what happens, one event per line."""
    from traymon.storage.history.reader import HistoryFile
    from traymon.storage.paths import Folders

    config = settings_of_history(env, targets)
    if config is not None and config.settings.history == "off":
        usage_error(OFF)
    reader = HistoryFile(Folders.of_this_user().history)
    try:
        if target is not None:
            watched = () if config is None else (one.target.name for one in config.targets)
            target = find_name(target, [*reader.read_targets(), *watched], "The history has")
        after = _start(reader, since, follow=follow)
        for event in _follow(reader, after) if follow else _read(reader, after):
            if target in (None, event.target) or event.target is None:
                _print(event, as_ndjson=as_ndjson)
    except HistoryError as error:
        exit_unreadable(error)


def _start(reader: HistoryReader, since: int | None, *, follow: bool) -> int:
    """Return the number after which to begin. Raises HistoryError."""
    last = reader.last_event() or 0
    if since is None:
        return last if follow else 0
    if since > last:
        usage_error(f"There is no event {since} yet. The newest is {last}.")
    return since


def _read(reader: HistoryReader, after: int) -> Iterator[Event]:
    """Yield the events after a number, and what is missing of them. Raises HistoryError."""
    while events := reader.read_events(after, BATCH):
        yield from with_losses(events, after, time.time())
        after = events[-1].number or after
    last = reader.last_event() or 0
    if after and last > after and not reader.read_events(after, 1):  # else they came meanwhile
        yield missed(after + 1, last, time.time())


def _follow(reader: HistoryReader, after: int) -> Iterator[Event]:
    """Yield the events after a number as they come, until nobody reads them any more."""
    trouble, stamp, looked_at = "", None, -LOOK_ANYWAY
    while True:
        before, stamp, now = stamp, reader.stamp(), time.monotonic()
        if stamp != before or now - looked_at >= LOOK_ANYWAY:
            looked_at = now
            try:
                for event in _read(reader, after):
                    yield event
                    after = event.number or after
                trouble = ""
            except HistoryError as error:  # traymon begins another file in place of a damaged one
                if str(error) != trouble:
                    print_error(str(error))
                trouble = str(error)
        if not wait_while_read(INTERVAL):
            return


def _print(event: Event, *, as_ndjson: bool) -> None:
    if as_ndjson:
        print(json.dumps(as_json(event), separators=(",", ":")))
        return
    from traymon.ui.event_text import event_line

    print(event_line(event))
