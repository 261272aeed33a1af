"""Writes to the history's file in a thread of its own; whoever has something to keep never waits.

Whatever is wrong with the file, watching goes on: the fault is reported once, what could not be
written waits, and a damaged file is set aside, never deleted.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from traymon.storage.history.database import Database
from traymon.storage.history.schema import DamagedFileError, UnusableFileError

log = logging.getLogger(__name__)

RETRY_INTERVAL = 30.0  # seconds
MAX_WAITING = 2_000  # of what could not be written; a target without flips has two a minute
DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
COMPANIONS = ("", "-wal", "-shm")  # the file, and those that SQLite keeps beside it

Write = Callable[[Database], None]


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Something that is to be written."""

    write: Write
    can_be_missed: bool
    durable: bool


class HistoryWriter:
    """Writes what is posted, in order. The file is opened for the first of it."""

    def __init__(
        self,
        path: Path,
        on_trouble: Callable[[str], None],
        on_open: Write = lambda database: None,
    ) -> None:
        """`on_trouble` gets why nothing can be written, or "" once that is over.

        `on_open` is called whenever the file was opened. Both in the writer's thread.
        """
        self._path, self._on_trouble, self._on_open = path, on_trouble, on_open
        self._database: Database | None = None
        self._waiting: deque[_Waiting] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._trouble = ""
        self._has_set_aside = False
        self._thread = threading.Thread(target=self._run, name="history", daemon=True)
        self._thread.start()

    def post(self, write: Write, *, can_be_missed: bool = False, durable: bool = False) -> bool:
        """Call `write` with the open file, in the writer's thread; returns at once.

        `durable`: whoever reads it may rely on it, even after a power failure. If too much waits,
        what can be missed makes room. Returns False if there is none.
        """
        with self._changed:
            if self._stopping or not self._make_room():
                return False
            self._waiting.append(_Waiting(write, can_be_missed, durable))
            self._changed.notify()
            return True

    def stop(self, timeout: float) -> None:
        """Write what was posted before, for at most `timeout` seconds, and close the file."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout)

    def _make_room(self) -> bool:
        if len(self._waiting) < MAX_WAITING:
            return True
        position = next((n for n, one in enumerate(self._waiting) if one.can_be_missed), None)
        if position is None:
            return False
        del self._waiting[position]
        return True

    # In the writer's thread

    def _run(self) -> None:
        retry_at = 0.0
        while True:
            with self._changed:
                while not self._stopping and not self._is_due(retry_at):
                    left = max(0.0, retry_at - time.monotonic())
                    self._changed.wait(left if self._waiting else None)
                stopping = self._stopping
            if not self._write_all():
                retry_at = time.monotonic() + RETRY_INTERVAL
            if stopping:
                self._close()
                return

    def _is_due(self, retry_at: float) -> bool:
        return bool(self._waiting) and time.monotonic() >= retry_at

    def _write_all(self) -> bool:
        """Write what waits; return whether nothing is left."""
        while (first := self._first()) is not None:
            try:
                database = self._open()
                self._write(database, first.write, durable=first.durable)
            except DamagedFileError as error:
                if not self._set_aside(error):
                    return self._fail(error)
                continue
            except (UnusableFileError, sqlite3.Error, OSError) as error:
                if _is_damage(error) and self._set_aside(error):
                    continue
                return self._fail(error)
            with self._changed:
                if self._waiting and self._waiting[0] is first:  # it may have been dropped
                    self._waiting.popleft()
            self._report("")
        return True

    def _first(self) -> _Waiting | None:
        with self._changed:
            return self._waiting[0] if self._waiting else None

    def _write(self, database: Database, write: Write, *, durable: bool = False) -> None:
        try:
            database.transaction(write, durable=durable)
        except (sqlite3.Error, OSError):
            raise
        except Exception:  # a mistake in what is to be written must not keep the rest from it
            log.exception("something cannot be put into the history; the rest is")

    def _open(self) -> Database:
        if self._database is not None and not self._database.is_in_place:
            log.warning("%s has been removed or replaced; going on in a new one", self._path)
            self._close()
        if self._database is None:
            database = Database(self._path)
            try:
                self._write(database, self._on_open)
            except BaseException:
                database.close()
                raise
            self._database = database
        return self._database

    def _close(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            with suppress(sqlite3.Error):  # nothing is left to be written
                database.close()

    def _set_aside(self, why: Exception) -> bool:
        """Give a damaged file another name; return whether a new one may be written.

        Only once: if the new one is damaged as well, the fault is elsewhere.
        """
        self._close()
        if self._has_set_aside:
            return False
        self._has_set_aside = True
        aside = free_name(self._path, time.strftime("%Y%m%d-%H%M%S"))
        try:
            for companion in COMPANIONS:
                with suppress(FileNotFoundError):
                    os.replace(f"{self._path}{companion}", f"{aside}{companion}")
        except OSError as error:
            log.warning("%s is damaged and cannot be renamed: %s", self._path, error)
            return False
        log.warning("%s is damaged (%s); it is now %s", self._path, why, aside)
        return True

    def _fail(self, error: Exception) -> bool:
        self._close()
        self._report(f"{self._path} cannot be written: {error}")
        return False

    def _report(self, trouble: str) -> None:
        """Log and report why nothing can be written, if that is new."""
        if bool(trouble) == bool(self._trouble):
            return
        self._trouble = trouble
        if trouble:
            log.warning("%s", trouble)
        else:
            log.info("the history is written again")
        self._on_trouble(trouble)


def free_name(path: Path, when: str) -> Path:
    """Return `history-damaged-20261128-031200.db` beside a file, or a name like it that is free."""
    number = 1
    while True:
        suffix = f"-{number}" if number > 1 else ""
        name = path.with_name(f"{path.stem}-damaged-{when}{suffix}{path.suffix}")
        if not os.path.lexists(name):
            return name
        number += 1


def _is_damage(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.Error) and code is not None and code & 0xFF in DAMAGED
