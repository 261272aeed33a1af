"""What can go wrong in traymon itself. Faults of TWS or the network are symptoms, not errors.

TraymonError
├── ConfigError    the settings are invalid; lists every mistake
└── FixPageError   a page of assets/fixes is missing or malformed
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_SHOWN_VALUE = 60  # characters of a value that a message repeats


class TraymonError(Exception):
    """An error whose text is written for the user."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One invalid setting, and how to correct it."""

    where: str  # `C:\\bot\\.env, line 3`, `environment`, `--port`
    key: str
    value: str
    problem: str  # what is allowed, or what is wrong, without a full stop
    hint: str = ""  # the most similar known key, or the line to write

    def __str__(self) -> str:
        """Return `.env, line 3: IB_PORT=74970: a whole number from 1 to 65535`, and the hint."""
        key, value = _printable(self.key), _printable(self.value)
        what = f"{key}={value}" if value else key
        text = ": ".join(part for part in (self.where, what, self.problem) if part)
        return f"{text} ({self.hint})" if self.hint else text


def _printable(text: str) -> str:
    """Return a file's text as one short line without control characters for a terminal."""
    line = "".join(char if char.isprintable() else "?" for char in text)
    return line if len(line) <= MAX_SHOWN_VALUE else line[: MAX_SHOWN_VALUE - 1] + "…"


class ConfigError(TraymonError):
    """The settings are invalid; `mistakes` says where and why."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


class FixPageError(TraymonError):
    """A page of assets/fixes is missing, lacks a heading or names an unknown fact."""
