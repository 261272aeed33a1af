"""Reads a TOML file as tables that know their lines and note every mistake in them.

Does not know which keys there are.
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import TypeVar

from traymon.config.toml_lines import KeyPath, places
from traymon.errors import ConfigError, Mistake
from traymon.storage.files import read_file

MAX_SIZE = 64_000  # bytes
T = TypeVar("T")
_SYNTAX_AT = re.compile(r" \(at line (\d+), column \d+\)$")


class TomlFile:
    """A file that was read, and the mistakes found in it so far."""

    def __init__(self, path: Path) -> None:
        """Raises FileNotFoundError, and ConfigError if the file as a whole cannot be used."""
        self.path = path
        self.mistakes: list[Mistake] = []
        self._places: Mapping[KeyPath, int] | None = None
        try:
            text = read_file(path, MAX_SIZE).decode("utf-8-sig")
            self._lines = [*StringIO(text)]
            self._content = tomllib.loads(text)
        except FileNotFoundError:
            raise
        except tomllib.TOMLDecodeError as error:
            raise ConfigError([_syntax_mistake(path, str(error))]) from None
        except (OSError, ValueError, RecursionError) as error:  # RecursionError: thousands of `[`
            raise ConfigError([Mistake(str(path), "", "", f"cannot be used: {error}")]) from None

    @property
    def root(self) -> Table:
        """The keys above the first `[table]`, and the tables."""
        return Table(self, (), self._content)

    def line_of(self, key: KeyPath) -> int:
        """Return the line on which a key or a table begins; lines count from 1."""
        if self._places is None:
            self._places = places(self._lines)
        return self._places.get(key, 1)


class Table:
    """One table of a file. What it is asked for and cannot give is noted as a mistake."""

    def __init__(self, file: TomlFile, at: KeyPath, content: Mapping[str, object]) -> None:
        self._file, self._at, self._content = file, at, content
        self._known: list[str] = []
        self._count = len(file.mistakes)

    @property
    def is_good(self) -> bool:
        """Whether no mistake has been noted since this table was begun."""
        return len(self._file.mistakes) == self._count

    def note(self, key: str, problem: str, hint: str = "", value: str = "") -> None:
        """Note a mistake; with the value only if it can be no secret."""
        where = self.where(key if key in self else None)
        self._file.mistakes.append(Mistake(where, key, value, problem, hint))

    def where(self, key: str | None = None) -> str:
        """Return where a key of the table is, or the table itself: `targets.toml, line 3`."""
        at = self._at if key is None else (*self._at, key)
        return f"{self._file.path}, line {self._file.line_of(at)}"

    def __contains__(self, key: str) -> bool:
        """Tell whether the table has a key."""
        return key in self._content

    def get(self, key: str, allowed: str, parse: Callable[[object], T], default: T) -> T:
        """Return what `parse` makes of a value; it raises ValueError for one that is not allowed.

        `allowed` says what is: `a number of seconds`. The text of the error, if it has one, is
        said instead.
        """
        self._known.append(key)
        if key not in self._content:
            return default
        try:
            return parse(self._content[key])
        except ValueError as error:
            problem = str(error)
            self.note(key, f"must be {allowed}" if problem in ("", allowed) else problem)
            return default

    def text(self, key: str, allowed: str = "a text") -> str:
        """Return a text; "" if it is not there."""
        return self.get(key, allowed, as_text, "")

    def flag(self, key: str, default: bool) -> bool:
        """Return true or false."""
        return self.get(key, "true or false", _as_flag, default)

    def number(self, key: str, least: float, most: float, default: float) -> float:
        """Return a number within bounds."""

        def parse(value: object) -> float:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError
            if not math.isfinite(value) or not least <= value <= most:
                raise ValueError
            return float(value)

        return self.get(key, f"a number from {least:g} to {most:g}", parse, default)

    def word(self, key: str, words: Sequence[str], default: str) -> str:
        """Return one of these words."""

        def parse(value: object) -> str:
            if value not in words:
                raise ValueError
            return str(value)

        return self.get(key, f"one of {', '.join(words)}", parse, default)

    def texts(self, key: str, allowed: str = 'a list of texts: ["one", "two"]') -> tuple[str, ...]:
        """Return a list of texts; empty if it is not there."""
        return self.get(key, allowed, as_texts, ())

    def tables(self, key: str) -> list[Table]:
        """Return the tables of a `[[key]]`."""
        self._known.append(key)
        found = self._content.get(key, [])
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            self.note(key, f"must be written as [[{key}]]")
            return []
        return [Table(self._file, (*self._at, key, n), one) for n, one in enumerate(found)]

    def table(self, key: str) -> Table | None:
        """Return the table of a `[key]`; None if it is not there."""
        self._known.append(key)
        found = self._content.get(key)
        if found is not None and not isinstance(found, dict):
            self.note(key, f"must be written as [{key}]")
            return None
        return None if found is None else Table(self._file, (*self._at, key), found)

    def refuse_others(self) -> None:
        """Note every key that was not asked for."""
        for key in self._content.keys() - {*self._known}:
            near = difflib.get_close_matches(key.lower(), self._known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(self._known)}"
            self.note(key, "no such key", hint)


def as_text(value: object) -> str:
    """Return a printable text that is not empty. Raises ValueError."""
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError
    return value.strip()


def as_texts(value: object) -> tuple[str, ...]:
    """Return a list of texts. Raises ValueError."""
    if not isinstance(value, list):
        raise ValueError
    return tuple(as_text(one) for one in value)


def _as_flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError
    return value


def _syntax_mistake(path: Path, problem: str) -> Mistake:
    at = _SYNTAX_AT.search(problem)
    where = f"{path}, line {at[1]}" if at else str(path)
    return Mistake(where, "", "", f"is no TOML: {_SYNTAX_AT.sub('', problem)}")
