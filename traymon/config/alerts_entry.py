"""Adds a push channel to alerts.toml for the user, who may have written the rest of it."""

from __future__ import annotations

import json
import tomllib
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from traymon.config.toml_file import MAX_SIZE
from traymon.storage.files import read_file, write_atomically

NAME = "phone"
NO_TABLES = "its push is not written as [[push]]"


def add_ntfy(path: Path, url: str) -> None:
    """Add a channel that sends to this address of ntfy; creates the file if there is none.

    Everything else in it stays as it is, and nobody but the user may read it from now on. Raises
    OSError, or ValueError if the file is not one that an entry can be added to.
    """
    path = path.resolve()  # a link to it stays one
    before = ""
    with suppress(FileNotFoundError):
        before = read_file(path, MAX_SIZE).decode("utf-8-sig").replace("\r\n", "\n")
    entries = _entries(before)
    names = {str(entry.get("name", "")).lower() for entry in entries}
    name = next(one for n in count(1) if (one := NAME if n == 1 else f"{NAME}-{n}") not in names)
    entry = {"name": name, "kind": "ntfy", "url": url}
    lines = ["[[push]]", *(f"{key} = {json.dumps(value)}" for key, value in entry.items()), ""]
    after = (f"{before.rstrip()}\n\n" if before.strip() else "") + "\n".join(lines)
    try:
        is_added = _entries(after) == [*entries, entry]
    except ValueError:  # nothing can be added to a list on one line
        is_added = False
    if not is_added:
        raise ValueError(NO_TABLES)
    write_atomically(path, after)


def _entries(text: str) -> list[dict[str, Any]]:
    """Return the tables of `[[push]]`. Raises ValueError if the text cannot be used."""
    try:
        entries = tomllib.loads(text).get("push", [])
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"it is no TOML: {error}") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(NO_TABLES)
    return entries
