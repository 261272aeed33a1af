"""Reads a `.env` file as python-dotenv does, and remembers the line of each key.

The only importer of dotenv. Does not know which keys are settings of traymon.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from traymon.errors import ConfigError, Mistake

MAX_SIZE = 1_000_000  # bytes; a .env is a page of text
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")  # what PowerShell 5's `>` writes


@dataclass(frozen=True, slots=True)
class EnvFile:
    """The content of a `.env` file."""

    path: Path
    values: dict[str, str | None]  # None: a key without `=`
    lines: dict[str, int]  # the line of each key; if it occurs twice, of the last
    unreadable: tuple[tuple[int, str], ...]  # lines that are not `KEY=value`, with their numbers

    def where(self, key: str) -> str:
        """Return where a key is, such as `.env, line 3`."""
        return f"{self.path}, line {self.lines[key]}"


def read(path: Path) -> EnvFile:
    """Return the file's keys and values, with `${OTHER}` expanded as python-dotenv does.

    Raises ConfigError if the file is missing, unreadable, too big or not UTF-8.
    """
    text = _read_text(path)
    bindings = list(parse_stream(StringIO(text)))
    # It warns about each line that it skips; we report those through `unreadable`.
    logging.getLogger("dotenv.main").setLevel(logging.ERROR)
    return EnvFile(
        path=path,
        values=dotenv_values(stream=StringIO(text)),
        lines={b.key: b.original.line for b in bindings if b.key is not None},
        unreadable=tuple((b.original.line, b.original.string) for b in bindings if b.error),
    )


def _read_text(path: Path) -> str:
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
            data = file.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise refuse(f"cannot be read: {error}") from error
    if len(data) > MAX_SIZE:
        raise refuse(f"is larger than {MAX_SIZE // 1_000_000} MB; that is no .env file")
    if data.startswith(UTF16_BOMS):
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
