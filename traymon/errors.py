"""What can go wrong in traymon itself. What goes wrong out there is a symptom, not an error.

TraymonError
├── ConfigError    the settings cannot be used; holds every mistake
└── FixPageError   a page of assets/fixes is missing or malformed
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class TraymonError(Exception):
    """A fault that traymon can name; its text is for the user."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing in the settings that cannot be used, and how to mend it."""

    where: str  # `C:\\bot\\.env, line 3`, `environment`, `--port`
    key: str
    value: str
    problem: str  # what is allowed, or what is wrong, as a sentence without its full stop
    hint: str = ""  # the nearest known key, or the line to write

    def __str__(self) -> str:
        """`.env, line 3: IB_PORT=74970: a whole number from 1 to 65535`, and the hint."""
        what = f"{self.key}={self.value}" if self.value else self.key
        text = ": ".join(part for part in (self.where, what, self.problem) if part)
        return f"{text} ({self.hint})" if self.hint else text


class ConfigError(TraymonError):
    """The settings cannot be used; `mistakes` lists every reason."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("\n".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


class FixPageError(TraymonError):
    """A page of assets/fixes is missing, lacks a heading or names an unknown fact."""
