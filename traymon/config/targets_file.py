"""Reads targets.toml, which lists several targets, and adds targets to it.

A key is a setting's short name: `quiet` for TRAYMON_QUIET. What a setting may be is said by the
schema alone.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from traymon.config.in_force import Value
from traymon.config.layers import Entry
from traymon.config.schema import OWN, Settings, allowed
from traymon.config.toml_file import Table, TomlFile
from traymon.errors import ConfigError, Mistake

NAME = "targets.toml"
CLIENT_IDS = "IB_CLIENT_IDS"  # the one key of a target that is no row of the schema
SHORT_NAMES: Mapping[str, str] = {
    str(row.alias): name for name, row in Settings.model_fields.items()
} | {CLIENT_IDS: "client_ids"}
IDS_ALLOWED = 'a number, a list like [10, 11] or a range like "10-12"'
HEADER = "# The targets that traymon watches: docs/targets.md\n"


@dataclass(frozen=True, slots=True)
class Described:
    """What is said of several targets, and of traymon itself."""

    entries: tuple[Entry, ...]
    own: Mapping[str, Value] = field(default_factory=dict)  # of [traymon]
    mistakes: tuple[Mistake, ...] = ()  # those of no target


def short_name(key: str) -> str:
    """Return a setting's name in the file: `quiet` for TRAYMON_QUIET."""
    return SHORT_NAMES.get(key, key)


def read(path: Path) -> Described:
    """Return what the file says. Raises ConfigError if nothing of it can be used."""
    try:
        file = TomlFile(path)
    except FileNotFoundError as error:
        raise ConfigError([Mistake(str(path), "", "", "there is no such file")]) from error
    root = file.root
    tables, own = root.tables("target"), root.table("traymon")
    values = {} if own is None else _values(own, OWN)
    root.refuse_others()
    if own is not None:
        _refuse_others(own, SHORT_NAMES.keys() - OWN, "write it in a [[target]]")
    if not tables:
        root.note("target", "has no entry; write [[target]] and its keys below")
    mistakes = tuple(file.mistakes)
    return Described(tuple(_entry(table, file) for table in tables), values, mistakes)


def _entry(table: Table, file: TomlFile) -> Entry:
    known = len(file.mistakes)
    env = table.text("env", "the path of a .env file")
    muted = table.flag("muted", default=False)
    values = _values(table, SHORT_NAMES.keys() - OWN)
    _refuse_others(table, OWN, "write it under [traymon]")
    return Entry(
        env_file=file.path.parent / os.path.expanduser(env) if env else None,
        values=values,
        where=table.where("env" if env else None),
        muted=muted,
        mistakes=tuple(file.mistakes[known:]),
    )


def _values(table: Table, keys: Iterable[str]) -> dict[str, Value]:
    """Return the texts of these settings, as a .env would have them."""
    found = {}
    for key in keys:
        name = SHORT_NAMES[key]
        is_list = key == CLIENT_IDS
        words = IDS_ALLOWED if is_list else allowed(key)
        text = table.get(name, words, _as_list_text if is_list else _as_text, "")
        if text:
            found[key] = Value(text, table.where(name))
    return found


def _refuse_others(table: Table, elsewhere: Iterable[str], hint: str) -> None:
    """Note every key that is not known; `hint` is for those that belong elsewhere."""
    for key in elsewhere:
        name = SHORT_NAMES[key]
        if name in table:
            table.get(name, "", lambda value: value, None)
            table.note(name, "does not belong here", hint)
    table.refuse_others()


def _as_text(value: object) -> str:
    """Return a value as a .env would have it. Raises ValueError."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, str | int | float):
        raise ValueError
    return str(value).strip()


def _as_list_text(value: object) -> str:
    """Return numbers and ranges, alone or in a list, as a .env would have them."""
    return ",".join(map(_as_text, value if isinstance(value, list) else [value]))


# --- adding


def appended(before: bytes, entries: Sequence[Mapping[str, str]]) -> bytes:
    """Return the content of a file with more targets at its end; what is there stays as it is.

    `entries` are short names and values. Raises ValueError if that makes no TOML.
    """
    blocks = ["\n".join(["[[target]]", *map(_line, entry.items()), ""]) for entry in entries]
    added = "\n".join(["" if before else HEADER, *blocks])
    if b"\r\n" in before:
        added = added.replace("\n", "\r\n")
    after = before + added.encode("utf-8")
    tomllib.loads(after.decode("utf-8-sig"))
    return after


def _line(item: tuple[str, str]) -> str:
    key, value = item
    is_literal = "\\" in value and "'" not in value and value.isprintable()  # a path of Windows
    quoted = f"'{value}'" if is_literal else json.dumps(value, ensure_ascii=False)
    return f"{key} = {value if value.isdecimal() and value.isascii() else quoted}"
