"""Which value of a setting counts for a target: command line over environment over its files.

Keeps where each value came from. Does not know what a value may be.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from traymon.config import dotenv_file
from traymon.config.in_force import Value
from traymon.config.schema import FIELDS
from traymon.errors import Mistake

CLIENT_ID_KEY = re.compile(r"IB_(?:[A-Z0-9_]+_)?CLIENT_IDS?")
# Which login the widespread Docker images of TWS and Gateway start. Not ours: never a mistake.
TRADING_MODE, TRADING_MODES = "TRADING_MODE", ("paper", "live")
MAX_HINTS = 100  # mistakes for which a similar key is looked for, which takes a moment
ENVIRONMENT, COMMAND_LINE = "environment", "command line"
# Variables of the environment that can mean one target alone, beside IB_...
OF_ONE_TARGET = frozenset({"TRAYMON_NAME", "TRAYMON_CLIENT_ID", TRADING_MODE})


@dataclass(frozen=True, slots=True)
class Entry:
    """What is said of one target: its `.env` file, and settings that beat those in it."""

    env_file: Path | None = None
    values: Mapping[str, Value] = field(default_factory=dict)
    where: str = ""  # it stands: `targets.toml, line 3`
    muted: bool = False
    mistakes: tuple[Mistake, ...] = ()


@dataclass(slots=True)
class Layers:
    """The values that count for one target, and the mistakes in how they are written."""

    values: dict[str, Value]
    mistakes: list[Mistake]
    trading_mode: Value | None = None  # TRADING_MODE, if it says paper or live


def environment_of_all(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that may stand for several targets at once."""
    return {
        key: value
        for key, value in environ.items()
        if not key.startswith("IB_") and key not in OF_ONE_TARGET
    }


def gather(
    entry: Entry,
    environ: Mapping[str, str],
    options: Mapping[str, str],
    variables: Mapping[str, str],
) -> Layers:
    """Return the values that count for a target.

    `environ` are the settings of the environment, `variables` what `${NAME}` may name. Raises
    ConfigError if its file cannot be read.
    """
    file = None if entry.env_file is None else dotenv_file.read(entry.env_file, variables)
    mistakes = list(entry.mistakes)
    values: dict[str, Value] = {}
    if file is not None:
        mistakes += [*_unreadable_lines(file), *_quoted_lines(file)]
        for key, value in file.values.items():
            if not _is_ours(key):
                continue
            if value is None:
                problem = "has no value; write KEY=value"
                mistakes.append(Mistake(file.where(key), key, "", problem))
            elif value.strip():  # in a template, `IB_PORT=` means: not set
                values[key] = Value(value.strip(), file.where(key))
    values |= entry.values
    for key, text in environ.items():
        if _is_ours(key) and text.strip():
            values[key] = Value(text.strip(), ENVIRONMENT)
    values |= {key: Value(text, COMMAND_LINE) for key, text in options.items()}
    mistakes += [] if file is None else _incomplete_values(file, values)
    mistakes += _unknown_keys(values)
    return Layers(values, mistakes, _trading_mode(file, environ))


def _is_ours(key: str) -> bool:
    """Tell whether a key is meant for traymon, unlike another program's `IB_GATEWAY_VERSION`."""
    ours = key.upper().startswith("TRAYMON_")
    return ours or key in FIELDS or bool(CLIENT_ID_KEY.fullmatch(key))


def _trading_mode(file: dotenv_file.EnvFile | None, environ: Mapping[str, str]) -> Value | None:
    """Return what TRADING_MODE says, in the environment or the file, if it is paper or live."""
    found = [(environ.get(TRADING_MODE), ENVIRONMENT)]
    if file is not None and TRADING_MODE in file.values:
        found.append((file.values[TRADING_MODE], file.where(TRADING_MODE)))
    values = (Value((text or "").strip().lower(), source) for text, source in found)
    return next((value for value in values if value.text in TRADING_MODES), None)


def _unreadable_lines(file: dotenv_file.EnvFile) -> Iterator[Mistake]:
    for number, line in file.unreadable:
        if _names_our_key(line):
            text = line.removeprefix("export ").lstrip()
            yield Mistake(f"{file.path}, line {number}", text, "", "is not a KEY=value line")


def _quoted_lines(file: dotenv_file.EnvFile) -> Iterator[Mistake]:
    for number, line, opened in file.quoted:
        if "=" in line and _names_our_key(line):
            problem = f"is part of the quotes that line {opened} opens; close them there"
            yield Mistake(f"{file.path}, line {number}", line.strip(), "", problem)


def _names_our_key(line: str) -> bool:
    text = line.strip().removeprefix("export ").lstrip()
    return _is_ours(re.split(r"\W", text, maxsplit=1)[0])


def _incomplete_values(file: dotenv_file.EnvFile, values: dict[str, Value]) -> Iterator[Mistake]:
    """Yield and leave out the values that `${NAME}` spoils, unless another one beats them."""
    for key, problem in file.incomplete.items():
        value = Value(file.values[key] or "", file.where(key))
        if _is_ours(key) and values.get(key, value).source == value.source:
            values.pop(key, None)
            hint = "write ${NAME:-} if it may be empty"
            yield Mistake(value.source, key, value.text.strip(), problem, hint)


def _tail(key: str) -> str:
    return key.partition("_")[2]


# For "did you mean": compared without IB_ and TRAYMON_, which would make all keys look similar.
BY_TAIL = {_tail(key): key for key in FIELDS}


def _unknown_keys(values: Mapping[str, Value]) -> Iterator[Mistake]:
    unknown = [key for key in values if key not in FIELDS and not CLIENT_ID_KEY.fullmatch(key)]
    for number, key in enumerate(unknown):
        value, near = values[key], []
        if number < MAX_HINTS:
            near = difflib.get_close_matches(_tail(key.upper()), BY_TAIL, n=1)
        hint = f"did you mean {BY_TAIL[near[0]]}?" if near else "traymon config lists every setting"
        yield Mistake(value.source, key, value.text, "no such setting", hint)
