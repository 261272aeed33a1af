"""What is written to the file of the history, and what of it is too old to keep.

One connection, used by one thread. Moments are whole milliseconds since the epoch.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from traymon.core.events import Event
from traymon.core.histogram import Histogram, decode_counts
from traymon.core.history import Observation
from traymon.core.notification import Unannounced
from traymon.core.notification_record import NotificationRecord
from traymon.core.periods import NO_DESCRIPTION, Condition, Description
from traymon.core.program_habits import Visit
from traymon.core.time_windows import Span
from traymon.core.vocabulary import Light, SensorName
from traymon.storage.files import create_private_folder, open_for_appending
from traymon.storage.history.retention import remove_old
from traymon.storage.history.schema import (
    APPLICATION_ID,
    TABLES,
    VERSION,
    DamagedFileError,
    check_header,
    check_version,
)
from traymon.storage.history.values import (
    HOUR,
    MINUTE,
    SENSOR_NUMBERS,
    description_number,
    encode_data,
    encode_evidence,
    encode_facts,
    millis,
    unannounced,
)

BUSY_TIMEOUT = 5.0  # seconds to wait for another process that writes


@dataclass(frozen=True, slots=True)
class Run:
    """A time for which a target is watched without a break."""

    target: str
    started: float
    program: str  # versions of traymon, Python and the system


@dataclass(frozen=True, slots=True)
class FlipRow:
    """From a moment on another diagnosis shows, or the same one in another light."""

    at: float
    condition: Condition
    code: str = ""
    light: Light = Light.GREY
    transient: bool = False
    description: Description = NO_DESCRIPTION


class Database:
    """An open file. Every method raises sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        """Open the file, creating it if needed.

        Raises UnusableFileError, DamagedFileError, OSError and sqlite3.Error.
        """
        create_private_folder(path.parent)
        os.close(open_for_appending(path))  # readable by its owner alone, and an ordinary file
        check_header(path)
        self._stamp, self._path = _stamp(path), path
        self._run_ids: dict[Run, int] = {}
        # isolation_level None: transactions begin where `transaction` says so
        self._connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        execute = self._connection.execute
        execute("PRAGMA page_size = 1024")  # of a new file; writes and memory are small, too
        execute("PRAGMA cache_size = -64")  # kB; the usual 2 MB would stay in memory
        version = execute("PRAGMA user_version").fetchone()[0]
        check_version(version, execute("PRAGMA application_id").fetchone()[0])
        if execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise DamagedFileError("a check of the file found it damaged")
        if version == 0:  # marked before anything else, so that a crash leaves no stranger
            execute(f"PRAGMA application_id = {APPLICATION_ID}")
            execute(f"PRAGMA user_version = {VERSION}")
        execute("PRAGMA journal_mode = WAL")  # readers do not wait, and a crash breaks nothing
        self._connection.executescript(TABLES)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @property
    def is_in_place(self) -> bool:
        """Whether the file still lies where it was opened; what is written is lost otherwise."""
        return _stamp(self._path) == self._stamp

    def transaction(self, write: Callable[[Database], None], *, durable: bool = False) -> None:
        """Call `write` with this database; all that it writes is kept, or nothing.

        What is durable outlives a power failure from the moment on when others can read it.
        """
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            write(self)
            self._connection.execute("COMMIT")
        except BaseException:
            self._run_ids.clear()
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def add_flip(self, run: Run, row: FlipRow) -> None:
        """Add what shows from now on; it is a sign of life, too."""
        self._connection.execute(
            "INSERT INTO flip (run, at, condition, code, light, transient, description)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                *(self._run_id(run), millis(row.at), row.condition, row.code, int(row.light)),
                *(row.transient, self._description_number(row.description)),
            ),
        )
        self.keep_alive(run, row.at)

    def _description_number(self, shown: Description) -> int:
        """Return the number of a description, which is added if it is new to the file."""
        texts = shown.headline, encode_facts(shown.facts), encode_evidence(shown.evidence)
        number = description_number(*texts)
        self._connection.execute(
            "INSERT INTO description VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (number, *texts)
        )
        return number

    def keep_observations(self, run: Run, observations: Iterable[Observation]) -> None:
        """Add what sensors saw, or until when what they saw has lasted."""
        number = self._run_id(run)
        self._connection.executemany(
            "REPLACE INTO observation VALUES (?, ?, ?, ?, ?, ?)",
            [
                (millis(one.first), number, one.sensor, millis(one.last), one.symptom, one.detail)
                for one in observations
            ],
        )

    def keep_alive(self, run: Run, at: float) -> None:
        """Note that the target was watched until now."""
        self._connection.execute(
            "UPDATE run SET last_alive = max(last_alive, ?) WHERE id = ?",
            (millis(at), self._run_id(run)),
        )

    def add_minute(self, target: str, at: float, values: Mapping[SensorName, Histogram]) -> None:
        """Add the latencies of the minute of a moment, to it and to its hour."""
        number = self._target_number(target)
        for sensor, measured in values.items():
            for table, length in (("minute", MINUTE), ("hour", HOUR)):
                key = int(at // length), number, SENSOR_NUMBERS[sensor]
                self._merge(table, key, measured)

    def _merge(self, table: str, key: tuple[int, int, int], measured: Histogram) -> None:
        found = self._connection.execute(
            f"SELECT lost, counts FROM {table} WHERE at = ? AND target = ? AND sensor = ?", key
        ).fetchone()
        whole = Histogram()
        if found is not None:
            whole = Histogram(decode_counts(found[1]), found[0])
        whole.merge(measured)
        self._connection.execute(
            f"REPLACE INTO {table} VALUES (?, ?, ?, ?, ?)", (*key, whole.lost, whole.encode())
        )

    def _target_number(self, target: str) -> int:
        self._connection.execute(
            "INSERT INTO target (name) VALUES (?) ON CONFLICT DO NOTHING", (target,)
        )
        found = self._connection.execute("SELECT id FROM target WHERE name = ?", (target,))
        return int(found.fetchone()[0])

    def keep_notification(self, target: str, one: NotificationRecord) -> None:
        """Add a notification through a channel, or what has become of it."""
        self._connection.execute(
            "REPLACE INTO notification VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                target,
                millis(one.at),
                one.channel,
                one.kind,
                one.code,
                one.title,
                one.outcome,
                one.why,
            ),
        )

    def keep_missed(self, target: str, faults: Iterable[Unannounced]) -> None:
        """Put the faults that the user has not been notified of in place of those before."""
        self._connection.execute("DELETE FROM missed WHERE target = ?", (target,))
        self._connection.executemany(
            "INSERT INTO missed VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    *(target, millis(one.began), None if one.ended is None else millis(one.ended)),
                    *(one.diagnosis.code, int(one.diagnosis.light)),
                    encode_facts(one.diagnosis.facts),
                )
                for one in faults
            ],
        )

    def read_missed(self) -> Mapping[str, tuple[Unannounced, ...]]:
        """Return the faults that the user was not notified of, oldest first, by target.

        One that had not ended was last seen at the target's last sign of life.
        """
        rows = self._connection.execute(
            "SELECT target, began, coalesce(ended, max(began, (SELECT last_alive FROM run"
            " WHERE run.target = missed.target ORDER BY id DESC LIMIT 1)), began), code, light,"
            " facts FROM missed ORDER BY began, rowid"
        )
        missed: dict[str, list[Unannounced]] = {}
        for target, *values in rows:
            missed.setdefault(target, []).append(unannounced(*values))
        return {target: tuple(faults) for target, faults in missed.items()}

    def add_event(self, event: Event) -> None:
        """Add an event, with the next number."""
        self._connection.execute(
            "INSERT INTO event (at, type, target, data) VALUES (?, ?, ?, ?)",
            (millis(event.at), event.type, event.target, encode_data(event.data)),
        )

    def add_trading_hours(self, target: str, spans: Iterable[Span]) -> None:
        """Keep the trading hours that IB gave, in place of what it gave for the same time."""
        rows = [(target, millis(span.begins), millis(span.ends)) for span in spans]
        if not rows:
            return
        first, last = min(row[1] for row in rows), max(row[2] for row in rows)
        self._connection.execute(
            "DELETE FROM trading WHERE target = ? AND ends > ? AND begins < ?",
            (target, first, last),
        )
        self._connection.executemany("INSERT INTO trading VALUES (?, ?, ?)", rows)

    def keep_visit(self, target: str, visit: Visit) -> None:
        """Add a time for which a program was connected, or what has become of it."""
        self._connection.execute(
            "REPLACE INTO program VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(target, visit.key, visit.name, millis(visit.began), millis(visit.ended)),
                *(visit.client_id, millis(visit.run), visit.runs, visit.left_well, visit.missed),
            ),
        )

    def knows(self, run: Run) -> bool:
        """Tell whether anything of a run is in the file."""
        key = run.target, millis(run.started)
        found = "SELECT 1 FROM run WHERE target = ? AND started = ?"
        return self._connection.execute(found, key).fetchone() is not None

    def prune(self, run: Run, now: float) -> None:
        """Remove some of what is too old, seen from a run.

        A clock that is wrong by years must not empty the file, so time has passed only as far as
        the run before this one and the length of this one show.
        """
        last_alive = self._last_alive_before(run)
        if last_alive is not None:
            now = min(now, last_alive + now - run.started)
        remove_old(self._connection, now)

    def _last_alive_before(self, run: Run) -> float | None:
        """Return the last sign of life of the run that was recorded before this one."""
        found = self._connection.execute(
            "SELECT last_alive FROM run WHERE id < ? ORDER BY id DESC LIMIT 1",
            (self._run_id(run),),
        ).fetchone()
        return None if found is None else int(found[0]) / 1000

    def _run_id(self, run: Run) -> int:
        """Return the number of a run, which is added if it is new to the file."""
        if run not in self._run_ids:
            key = run.target, millis(run.started)
            self._connection.execute(
                "INSERT INTO run (target, started, last_alive, program) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (*key, key[1], run.program),
            )
            found = self._connection.execute(
                "SELECT id FROM run WHERE target = ? AND started = ?", key
            ).fetchone()
            self._run_ids[run] = int(found[0])
        return self._run_ids[run]


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one in its place; None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
