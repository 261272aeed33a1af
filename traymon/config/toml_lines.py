"""On which line of a TOML text each key stands, which tomllib does not tell."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

KeyPath = tuple[str | int, ...]  # `("push", 1, "url")`: the key of the second [[push]]
MAX_DEPTH = 8  # of a key that has a line; ours have three
MAX_LINES = 200  # of one value; how often it is tried to read it


def places(lines: Sequence[str]) -> Mapping[KeyPath, int]:
    """Return the line of every key and table of a text that tomllib can read.

    Every line is on its own a whole statement of TOML, or it begins one that goes on: no value
    that is not closed yet can be read. Behind a value of more than MAX_LINES no line is known.
    """
    found: dict[KeyPath, int] = {}
    sizes: dict[KeyPath, int] = {}  # of the arrays of tables so far
    table: KeyPath = ()
    for number, text, content in _statements(lines):
        if text.lstrip().startswith("["):
            table = _table(content, sizes)
            found.setdefault(table, number)
        else:
            _note(table, content, number, found)
    return found


def _statements(lines: Sequence[str]) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """Yield each statement: the number of its first line, its text, what it says."""
    first = 0
    while first < len(lines):
        for end in range(first + 1, min(first + MAX_LINES, len(lines)) + 1):
            text = "".join(lines[first:end])
            try:
                content = tomllib.loads(text)
            except tomllib.TOMLDecodeError:  # it goes on in the next line
                continue
            yield first + 1, text, content
            first = end
            break
        else:
            return


def _table(content: Mapping[str, Any], sizes: dict[KeyPath, int]) -> KeyPath:
    """Return the path of the table that a `[header]` or `[[header]]` begins."""
    at: KeyPath = ()
    inner: Any = content
    while inner:
        ((key, inner),) = inner.items()
        at = (*at, key)
        if isinstance(inner, list):
            sizes[at] = sizes.get(at, 0) + 1
            return (*at, sizes[at] - 1)
        if at in sizes:  # what follows is within its newest table
            at = (*at, sizes[at] - 1)
    return at


def _note(at: KeyPath, value: object, number: int, found: dict[KeyPath, int]) -> None:
    """Note the line of a value, and of what is within it, down to MAX_DEPTH."""
    if at:
        found.setdefault(at, number)
    if len(at) >= MAX_DEPTH:
        return
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _note((*at, key), inner, number, found)
