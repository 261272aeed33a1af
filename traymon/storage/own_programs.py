"""The programs of which the user said "that one is mine", in a file of his own.

A program is known by its executable and its script, since a process ID tells nothing tomorrow.
"""

from __future__ import annotations

import json
import logging
import os
from dataclasses import asdict
from pathlib import Path

from traymon.core.target import OwnProgram

log = logging.getLogger(__name__)


class OwnPrograms:
    """The remembered programs; another process may change the file at any time."""

    def __init__(self, folder: Path | None = None) -> None:
        """Without a folder nothing is remembered, and nothing can be."""
        self._path = Path(os.devnull) if folder is None else folder / "own-programs.json"
        self._read_at = -1  # the file's time stamp
        self._known: tuple[OwnProgram, ...] = ()

    def all(self) -> tuple[OwnProgram, ...]:
        """Return what is remembered, in the order in which it was said."""
        try:
            changed_at = self._path.stat().st_mtime_ns
            if self._path != Path(os.devnull) and changed_at != self._read_at:
                listed = json.loads(self._path.read_text(encoding="utf-8"))
                self._known = tuple(
                    OwnProgram(str(one["exe"]), str(one["script"])) for one in listed
                )
                self._read_at = changed_at
        except FileNotFoundError:
            self._known, self._read_at = (), -1
        except (OSError, ValueError, KeyError, TypeError) as error:  # the last good list stays
            log.warning("%s cannot be read: %s", self._path, error)
        return self._known

    def add(self, program: OwnProgram) -> None:
        """Remember a program. Raises OSError where it cannot be written down."""
        if program not in self.all():
            self._write((*self._known, program))

    def forget(self, number: int) -> OwnProgram:
        """Forget the program with this number, from 1. Raises IndexError and OSError."""
        known = list(self.all())
        if not 1 <= number <= len(known):
            raise IndexError(number)
        forgotten = known.pop(number - 1)
        self._write(tuple(known))
        return forgotten

    def _write(self, known: tuple[OwnProgram, ...]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps([asdict(program) for program in known], indent=2)
        new = self._path.with_suffix(".new")
        new.write_text(text + "\n", encoding="utf-8")
        new.replace(self._path)
        self._known, self._read_at = known, self._path.stat().st_mtime_ns
