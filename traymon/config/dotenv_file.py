"""Reads a `.env` file as python-dotenv does, and remembers the line of each key.

The only importer of dotenv. Does not know which keys are settings of traymon. Whatever the file
holds, reading it takes a bounded time and memory.
"""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from dotenv.parser import Binding, parse_stream
from dotenv.variables import Variable, parse_variables

from traymon.errors import ConfigError, Mistake
from traymon.storage.files import UnsuitableFileError, read_file

MAX_SIZE = 100_000  # bytes; a .env is a page of text
MAX_VARIABLES = 1_000  # `${NAME}`; python-dotenv looks for the end of each in all that follows
MAX_EXPANDED = 1_000_000  # characters of all values together, once each `${NAME}` is filled in
MANY_BLANKS = re.compile(r"[^\S\r\n]{300}")  # python-dotenv's time grows with their square
LINE_BREAK = re.compile(r"\r\n|\n|\r")
UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")  # what PowerShell 5's `>` writes


@dataclass(slots=True)
class EnvFile:
    """The content of a `.env` file."""

    path: Path
    values: dict[str, str | None] = field(default_factory=dict)  # None: a key without `=`
    lines: dict[str, int] = field(default_factory=dict)  # of each key; the last, if it is twice
    # What `${...}` made of a value: why it is not what was meant, by key.
    incomplete: dict[str, str] = field(default_factory=dict)
    unreadable: list[tuple[int, str]] = field(default_factory=list)  # lines that are not KEY=value
    # Lines within quotes that an earlier line opens: their number, their text, that line's number.
    quoted: list[tuple[int, str, int]] = field(default_factory=list)

    def where(self, key: str) -> str:
        """Return where a key is, such as `.env, line 3`."""
        return f"{self.path}, line {self.lines[key]}"


def read(path: Path, environ: Mapping[str, str]) -> EnvFile:
    """Return the file's keys and values, with `${OTHER}` expanded as python-dotenv does.

    `OTHER` is a key above it or a variable of `environ`. Raises ConfigError if the file is
    missing, unreadable, too big or not UTF-8, or if expanding it would take too long.
    """
    text = _read_text(path)
    _check_is_quickly_read(path, text)
    file = EnvFile(path)
    bindings = list(parse_stream(StringIO(text)))
    for binding in bindings:
        _note_lines(file, binding)
    _expand(file, ((b.key, b.value) for b in bindings if b.key is not None), environ)
    return file


def _note_lines(file: EnvFile, binding: Binding) -> None:
    text = binding.original.string.lstrip()  # a binding begins with the blank lines before it
    blank = binding.original.string[: len(binding.original.string) - len(text)]
    line = binding.original.line + len(LINE_BREAK.findall(blank))
    first, *others = LINE_BREAK.split(text.rstrip())
    if binding.error:
        file.unreadable.append((line, first))
    elif binding.key is not None:
        file.lines[binding.key] = line
    file.quoted += [(number, other, line) for number, other in enumerate(others, line + 1)]


def _expand(
    file: EnvFile, pairs: Iterable[tuple[str, str | None]], environ: Mapping[str, str]
) -> None:
    """Fill in `${NAME}`, and note where it leaves less than what was meant."""
    known: ChainMap[str, str | None] = ChainMap(file.values, dict(environ))
    room = MAX_EXPANDED
    for key, raw in pairs:
        file.incomplete.pop(key, None)
        if raw is None:
            file.values[key] = None
            continue
        atoms = list(parse_variables(raw))
        parts = []
        for atom in atoms:
            parts.append(atom.resolve(known))
            room -= len(parts[-1])
            if room < 0:
                raise _refusal(file.path, "its ${...} grow to more than 1 MB")
        value = "".join(parts)
        variables = [atom for atom in atoms if isinstance(atom, Variable) and atom.default is None]
        if any(known.get(variable.name) is None for variable in variables):
            file.incomplete[key] = "names a variable that is not set"
        elif variables and not value.strip():
            file.incomplete[key] = "is empty, as is the variable that it names"
        file.values[key] = value


def _check_is_quickly_read(path: Path, text: str) -> None:
    if text.count("${") > MAX_VARIABLES:
        raise _refusal(path, f"has more than {MAX_VARIABLES} ${{...}}; that is no .env file")
    if blanks := MANY_BLANKS.search(text):
        line = len(LINE_BREAK.findall(text, 0, blanks.start())) + 1
        raise _refusal(path, f"line {line} has 300 blanks in a row; take them out")


def _refusal(path: Path, problem: str) -> ConfigError:
    return ConfigError([Mistake(str(path), "", "", problem)])


def _read_text(path: Path) -> str:
    data = _read_bytes(path)
    if data.startswith(UTF16_BOMS):
        problem = "is saved as UTF-16; save it as UTF-8 (Notepad: Save as, Encoding: UTF-8)"
        raise _refusal(path, problem)
    if b"\0" in data:
        line = _line_of(data, data.index(0))
        raise _refusal(path, f"has a NUL byte on line {line}; it is no text file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = _line_of(data, error.start)
        problem = f"line {line} is not UTF-8; save it as UTF-8 (Notepad: Save as, Encoding: UTF-8)"
        raise _refusal(path, problem) from error


def _read_bytes(path: Path) -> bytes:
    try:
        return read_file(path, MAX_SIZE)
    except UnsuitableFileError as error:
        advice = {
            "is a folder": "is a folder; give the .env file in it",
            "is not a file": "is not a file",
        }
        larger = f"{error.problem}; that is no .env file"
        raise _refusal(path, advice.get(error.problem, larger)) from error
    except (FileNotFoundError, ValueError) as error:  # ValueError: a NUL in the path
        is_link = "\0" not in str(path) and path.is_symlink()
        problem = "is a link that leads nowhere" if is_link else "there is no such file"
        raise _refusal(path, problem) from error
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error}") from error


def _line_of(data: bytes, position: int) -> int:
    return data.count(b"\n", 0, position) + 1
