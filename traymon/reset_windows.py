"""When IB resets its servers: assets/reset_windows.toml, or the user's own copy of it."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

from traymon import assets, windows
from traymon.errors import ConfigError, Mistake

NAME = "reset_windows.toml"
EVERYWHERE = "all"


def read(region: str, own_folder: Path) -> windows.Schedule:
    """Return the resets of a region; none for `off`.

    A file of the same name in `own_folder` is used instead of ours. Raises ConfigError where it
    cannot be used.
    """
    if region == "off":
        return windows.NEVER
    own = own_folder / NAME
    path = own if os.path.exists(own) else assets.folder() / NAME
    rules: list[windows.Rule] = []
    mistakes = []
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("window", [])
        for number, row in enumerate(rows, 1):
            try:
                rules += windows.parse(row["when"]).rules if _concerns(row, region) else ()
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                problem = str(error) if isinstance(error, ValueError) else "wants region and when"
                mistakes.append(Mistake(f"{path}, window {number}", "when", "", problem))
    except (OSError, ValueError, AttributeError, TypeError) as error:
        mistakes.append(Mistake(str(path), NAME, "", f"cannot be read: {error}"))
    if mistakes:
        raise ConfigError(mistakes)
    return windows.Schedule(tuple(rules))


def _concerns(row: dict[str, str], region: str) -> bool:
    return row["region"] in (region, EVERYWHERE)
