"""Keeps what outlives a restart in one file, state.json, which the tray and the commands share.

Snoozes, muted targets, IB's trading hours, the first run, the client ID of traymon's own session,
the programs that the user marked as their own, the drill, the calendar's key, and the newest
release. No other module opens the file.
"""

from __future__ import annotations

import logging
import os
import random
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import filelock

from traymon.core.drill import DrillRecord
from traymon.core.programs import Expectation
from traymon.core.target import OwnProgram, Target
from traymon.core.time_windows import Schedule
from traymon.storage.files import create_private_folder, read_file, write_atomically
from traymon.storage.state_format import (
    ANY_TARGET,
    MAX_CLIENT_ID,
    MAX_SIZE,
    MIN_CLIENT_ID,
    IbHours,
    State,
    decode,
    encode,
    read_legacy,
)

log = logging.getLogger(__name__)

LOCK_TIMEOUT = 2.0  # seconds; a writer holds the lock for milliseconds

# Tells one version of the file from the next: modified, rights changed, inode, size.
_Stamp: TypeAlias = tuple[int, int, int, int]


class StateStore:
    """The state of this user's traymon. Safe to use from several threads and processes.

    A change that cannot be written is logged and lasts until this process ends; only marking and
    forgetting own programs, which the user waits for, raises OSError instead. A file that cannot
    be used is logged once and costs nothing that is known already; it is set aside, never lost.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "state.json"
        self._lock = threading.RLock()
        self._stamp: _Stamp | None = None  # of the version that was read or written last
        self._problem = ""  # why that version cannot be used; "" if it can
        self._refused_hours: IbHours | None = None
        self._state = State()
        self._refresh()
        if self._stamp is None and not self._problem:
            self._state = read_legacy(folder, time.time())

    # --- snooze

    def snoozed_until(self, target: Target) -> float | None:
        """Return until when a target's notifications are snoozed, in epoch seconds."""
        snoozes = self._state.snoozed_until
        return next((snoozes[key] for key in _snooze_keys(target) if key in snoozes), None)

    def keep_snooze(self, target: Target, until: float | None) -> None:
        """Keep until when a target's notifications are snoozed; None: they are not."""
        if self.snoozed_until(target) == until:
            return
        keys = _snooze_keys(target)

        def change(state: State) -> State:
            kept = {key: ends for key, ends in state.snoozed_until.items() if key not in keys}
            own = {} if until is None else {keys[0]: until}
            return replace(state, snoozed_until=kept | own)

        self._keep(change)

    # --- muted targets

    def is_muted(self, target: Target) -> bool:
        """Tell whether the user has muted a target."""
        return _key_of(target) in self._state.muted

    def keep_muted(self, target: Target, on: bool) -> None:
        """Keep whether the user has muted a target."""
        mute = _key_of(target)

        def change(state: State) -> State:
            others = tuple(other for other in state.muted if other != mute)
            return replace(state, muted=(*others, mute) if on else others)

        self._keep(change)

    # --- IB's trading hours

    def hours(self, contract: str) -> Schedule | None:
        """Return the trading hours that IB last gave for a contract."""
        hours = self._state.hours.get(contract)
        return None if hours is None else hours.schedule()

    def keep_hours(self, contract: str, days: Sequence[str], zone: str) -> bool:
        """Keep trading hours as IB gave them; return whether they are new.

        Invalid hours are ignored; the previous ones stay in force.
        """
        given = IbHours(tuple(days), zone)
        if given in (self._state.hours.get(contract), self._refused_hours):
            return False
        try:
            if not days:
                raise ValueError("an empty list of days")
            given.schedule()
        except ValueError as error:
            self._refused_hours = given  # so that it is logged once, not with every status
            log.warning("IB's trading hours of %s cannot be used: %s", contract, error)
            return False
        self._keep(lambda state: replace(state, hours={**state.hours, contract: given}))
        return True

    # --- first run, own client ID

    def mark_first_run(self) -> bool:
        """Return True once per user, and False from then on."""
        with self._lock:
            if self._state.greeted:
                return False
            self._keep(lambda state: replace(state, greeted=True))
            return True

    def load_or_create_client_id(self) -> int:
        """Return the client ID of traymon's own session, chosen at random once per user.

        It may be one of the user's own IDs; the session skips those.
        """
        chosen = random.randint(MIN_CLIENT_ID, MAX_CLIENT_ID)
        with self._lock:
            if self._state.client_id is None:
                # another process may have chosen meanwhile
                self._keep(lambda state: replace(state, client_id=state.client_id or chosen))
            return self._state.client_id or chosen

    # --- the calendar's key

    def calendar_key(self) -> str:
        """Return the key of the calendar's address; "" if nobody has asked for that yet."""
        return self._state.calendar_key

    def create_calendar_key(self) -> str:
        """Make a key for the calendar's address; the one before, if any, opens nothing more."""
        key = secrets.token_urlsafe(32)
        self._keep(lambda state: replace(state, calendar_key=key))
        return key

    # --- the newest release of traymon

    def release_asked_at(self) -> float:
        """Return when it was asked for last, in epoch seconds; 0: never."""
        return self._state.release_asked_at

    def newest_release(self) -> str:
        """Return the newest version that was heard of; "": none."""
        return self._state.newest_release

    def keep_release(self, asked_at: float, newest: str) -> None:
        """Keep when it was asked for, and the newest version that was heard of."""
        self._keep(lambda state: replace(state, release_asked_at=asked_at, newest_release=newest))

    # --- own programs

    def own_programs(self) -> tuple[OwnProgram, ...]:
        """Return the programs that the user marked as their own, oldest first.

        Sees at once what another process, such as `traymon config --not-mine`, has changed.
        """
        with self._lock:
            self._refresh()
            return self._state.own_programs

    def add_own_program(self, program: OwnProgram) -> None:
        """Mark a program as the user's own. Raises OSError if that cannot be written down."""

        def change(state: State) -> State:
            known = state.own_programs
            return state if program in known else replace(state, own_programs=(*known, program))

        self._update(change)

    def forget_own_program(self, number: int) -> OwnProgram:
        """Forget the program with this number, counted from 1. Raises IndexError and OSError."""
        forgotten: list[OwnProgram] = []

        def change(state: State) -> State:
            known = list(state.own_programs)
            if not 1 <= number <= len(known):
                raise IndexError(number)
            forgotten.append(known.pop(number - 1))
            return replace(state, own_programs=tuple(known))

        self._update(change)
        return forgotten[0]

    # --- when the user expects their programs

    def expectations(self) -> Mapping[str, Expectation]:
        """Return when the user expects which program, by its key, as far as they have said so."""
        return self._state.programs

    def keep_expectation(self, key: str, expectation: Expectation) -> None:
        """Keep when the user expects a program."""
        self._keep(lambda state: replace(state, programs={**state.programs, key: expectation}))

    # --- the drill

    def drill(self) -> DrillRecord | None:
        """Return what drills have shown; None if none was ever wanted."""
        return self._state.drill

    def keep_drill(self, record: DrillRecord) -> None:
        """Keep what drills have shown."""
        self._keep(lambda state: replace(state, drill=record))

    # --- the file

    def _keep(self, change: Callable[[State], State]) -> None:
        """Change the file; if it cannot be written, change only what this process knows."""
        with self._lock:
            try:
                self._update(change)
            except OSError as error:
                log.warning("%s cannot be written: %s", self._path, error)
                self._state = change(self._state)

    def _update(self, change: Callable[[State], State]) -> None:
        """Change the file under a lock, so that no process overwrites another's change.

        Raises OSError.
        """
        create_private_folder(self._path.parent)
        lock = filelock.FileLock(self._path.with_name("state.lock"), LOCK_TIMEOUT, mode=0o600)
        with self._lock, lock:
            self._refresh()
            changed = change(self._state)
            if changed == self._state:
                return
            if self._problem and self._stamp is not None:
                aside = self._path.with_name("state.json.unusable")
                os.replace(self._path, aside)
                log.warning("what could not be read is now %s", aside)
            write_atomically(self._path, encode(changed))
            self._state, self._stamp, self._problem = changed, self._read_stamp(), ""

    def _refresh(self) -> None:
        """Read the file again if another process has changed it."""
        try:
            stamp = self._read_stamp()
        except OSError as error:
            self._stamp = None
            self._note_problem(str(error))
            return
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._state = State() if stamp is None else self._read()
        except (OSError, ValueError) as error:
            self._note_problem(str(error))
        else:
            self._problem = ""

    def _read(self) -> State:
        """Return what the file says. Raises OSError and ValueError."""
        text = read_file(self._path, MAX_SIZE).decode("utf-8", "replace")
        return decode(text, self._state, time.time())

    def _note_problem(self, problem: str) -> None:
        """Log why the file cannot be used, once: it is looked at every few seconds."""
        if problem != self._problem:
            log.warning("%s cannot be read: %s", self._path, problem)
        self._problem = problem

    def _read_stamp(self) -> _Stamp | None:
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return None
        return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino, stat.st_size


def _key_of(target: Target) -> str:
    """Return what stands for a target: another Gateway that comes to have its name is heard.

    A port that was found, and not set, may be another one the next time.
    """
    return f"{target.name} {target.host if target.discovered else target.address}"


def _snooze_keys(target: Target) -> tuple[str, ...]:
    """Return the keys of a target's snooze: how it is kept, and how older versions kept it."""
    return _key_of(target), target.name, ANY_TARGET
