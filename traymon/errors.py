"""The errors of traymon itself. A fault of TWS or the network is a symptom, not an error.

TraymonError
├── ConfigError    the settings cannot be used; lists every mistake
└── FixPageError   a page of assets/fixes is missing or malformed
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_VALUE_LENGTH = 60  # characters of a value that a message repeats
_BEHIND_SCHEME = re.compile(r"(?<=://)(?:\S*@)?([^\s/?#]+)\S*")  # of a web address


class TraymonError(Exception):
    """An error whose text is for the user."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake in the settings, and how to correct it."""

    where: str  # `C:\\bot\\.env, line 3`, `environment`, `--port`
    key: str
    value: str
    problem: str  # what is allowed or what is wrong; no full stop
    hint: str = ""  # the nearest known key, or the line to write

    def __str__(self) -> str:
        """`.env, line 3: IB_PORT=74970: must be a whole number from 1 to 65535`, and the hint."""
        key, value = _printable(self.key), _printable(self.value)
        what = f"{key}={value}" if value else key
        text = ": ".join(part for part in (self.where, what, self.problem) if part)
        return f"{text} ({self.hint})" if self.hint else text


def _printable(text: str) -> str:
    """Return text as one short line without terminal control characters or private addresses.

    A web address may hold a secret, whatever key it was written to by mistake.
    """
    line = "".join(char if char.isprintable() else "?" for char in text)
    line = _BEHIND_SCHEME.sub(_host_of, line)
    return line if len(line) <= MAX_VALUE_LENGTH else line[: MAX_VALUE_LENGTH - 1] + "…"


def _host_of(match: re.Match[str]) -> str:
    """Return the host of a web address, with stars if there is more than a host."""
    return match[0] if match[0] == match[1] else f"{match[1]}/***"


class ConfigError(TraymonError):
    """The settings cannot be used; `mistakes` lists every reason."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


class FixPageError(TraymonError):
    """A page of assets/fixes is missing, lacks a heading or names an unknown fact."""
