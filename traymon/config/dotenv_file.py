"""Reads a `.env` file as python-dotenv does, and remembers on which line each key stands.

The only importer of dotenv. Knows no key: which ones matter is config.py's.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from traymon.errors import ConfigError, Mistake

BIGGEST = 1_000_000  # bytes; a .env is a page of text
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")  # what PowerShell 5's `>` writes


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What stands in a `.env` file."""

    path: Path
    values: dict[str, str | None]  # None: a key without `=`
    lines: dict[str, int]  # the line of each key; of the last one where it stands twice
    unreadable: tuple[tuple[int, str], ...]  # lines that are no `KEY=value`

    def where(self, key: str) -> str:
        """Return `.env, line 3` for a key of the file."""
        return f"{self.path}, line {self.lines[key]}"


def read(path: Path) -> EnvFile:
    """Return the file's keys and values, `${OTHER}` filled in as python-dotenv does.

    Raises ConfigError where it is missing, unreadable, too big or not text in UTF-8.
    """
    text = _text(path)
    bindings = list(parse_stream(StringIO(text)))
    # it logs a warning for each line that it skips; `unreadable` has them with their numbers
    logging.getLogger("dotenv.main").setLevel(logging.ERROR)
    return EnvFile(
        path=path,
        values=dotenv_values(stream=StringIO(text)),
        lines={b.key: b.original.line for b in bindings if b.key is not None},
        unreadable=tuple((b.original.line, b.original.string) for b in bindings if b.error),
    )


def _text(path: Path) -> str:
    def refuse(problem: str) -> ConfigError:
        return ConfigError([Mistake(str(path), "", "", problem)])

    try:
        if path.is_dir():
            raise refuse("is a folder; give the .env file in it")
        if not path.exists():
            raise refuse("there is no such file")
        if not path.is_file():
            raise refuse("is not a file")
        with path.open("rb") as file:
            data = file.read(BIGGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise refuse(f"cannot be read: {error}") from error
    if len(data) > BIGGEST:
        raise refuse(f"is larger than {BIGGEST // 1_000_000} MB; that is no .env file")
    if data.startswith(UTF16_MARKS):
        raise refuse("is saved as UTF-16; save it as UTF-8 (Notepad: Save as, Encoding: UTF-8)")
    if b"\0" in data:
        raise refuse(f"has a NUL byte on line {_line_of(data, data.index(0))}; it is no text file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = _line_of(data, error.start)
        raise refuse(
            f"line {line} is not UTF-8; save it as UTF-8 (Notepad: Save as, Encoding: UTF-8)"
        ) from error


def _line_of(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1
