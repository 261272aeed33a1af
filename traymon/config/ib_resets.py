"""When IB resets its servers: assets/reset_windows.toml, or the user's own copy of it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal, get_args

from traymon import assets
from traymon.core import time_windows
from traymon.errors import ConfigError, Mistake
from traymon.storage.files import lies_at, read_file

NAME = "reset_windows.toml"
EVERYWHERE = "all"
MAX_SIZE = 64_000  # bytes; ours has 2,000

Region = Literal["america", "europe", "asia"]
REGIONS = get_args(Region)


def path(own_folder: Path) -> Path:
    """Return the file that is used: the one in `own_folder` if there is one, else ours."""
    own = own_folder / NAME
    return own if lies_at(own) else assets.folder() / NAME


def read(region: str, own_folder: Path) -> time_windows.Schedule:
    """Return the resets of a region; none for `off`.

    A file of the same name in `own_folder` is used instead of ours. Raises ConfigError with every
    mistake in it.
    """
    if region == "off":
        return time_windows.NEVER
    file = path(own_folder)
    rules: list[time_windows.Rule] = []
    mistakes = []
    try:
        rows = _rows(tomllib.loads(read_file(file, MAX_SIZE).decode("utf-8")))
    except (OSError, ValueError, RecursionError) as error:  # RecursionError: thousands of `[`
        raise ConfigError([Mistake(str(file), "", "", f"cannot be used: {error}")]) from None
    for number, row in enumerate(rows, 1):
        try:
            where, schedule = _parse_row(row)
        except ValueError as error:
            mistakes.append(Mistake(f"{file}, window {number}", "", "", str(error)))
        else:
            rules += schedule.rules if where in (region, EVERYWHERE) else ()
    if mistakes:
        raise ConfigError(mistakes)
    return time_windows.Schedule(tuple(rules))


def _rows(table: dict[str, object]) -> list[object]:
    """Return the rows under [[window]]. Raises ValueError if the file holds anything else."""
    rows = table.get("window", [])
    if table.keys() - {"window"} or not isinstance(rows, list):
        raise ValueError("it wants nothing but [[window]], each with region and when")
    return rows


def _parse_row(row: object) -> tuple[str, time_windows.Schedule]:
    """Return a row's region and windows. Raises ValueError with what is wrong."""
    values = row if isinstance(row, dict) else {}
    region, when = values.get("region"), values.get("when")
    if not isinstance(region, str) or region not in (*REGIONS, EVERYWHERE):
        raise ValueError(f"region is one of {', '.join(REGIONS)} or {EVERYWHERE}")
    if not isinstance(when, str):
        raise ValueError(f"when is {time_windows.HOW_WRITTEN}")
    return region, time_windows.parse(when)
