"""What TWS's login is waiting for, read from its launcher log while the API is not in service.

Passive: reads one file of TWS's, and none while the API is served. Only a phase, times and fixed
reasons leave it, never a line.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from traymon.core.facts import NO_FACTS, Fact
from traymon.core.model import Evidence, Reading
from traymon.core.target import USUAL_PORTS
from traymon.core.vocabulary import SERVED, SensorName, Symptom
from traymon.sensors.login_log_forms import Event
from traymon.sensors.login_log_lines import LogLines, read_lines
from traymon.sensors.login_phase import Phase, read_phase
from traymon.sensors.login_runs import read_restart_facts, time_of_daily_restart
from traymon.sensors.tws_files import MAX_SIZE, FileState, list_logs, read_ending
from traymon.sensors.tws_folder import (
    TwsProcess,
    find_tws_processes,
    settings_folder,
    usual_settings_folder,
)

FIRST_PART = 256 * 1024  # bytes; a login takes a few thousand
READ_TIMEOUT = 5.0  # seconds; a folder on the network may hang
# A port that refuses, or one behind which nobody is served.
NOT_IN_SERVICE = frozenset(
    {
        *(Symptom.REFUSED, Symptom.TIMED_OUT, Symptom.CLOSED, Symptom.RESET),
        *(Symptom.SILENT, Symptom.UNFINISHED),
    }
)
NOT_STARTED = frozenset({Symptom.START_SILENT, Symptom.START_REJECTED})


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read, and of which files; unless these change it is not read again."""

    folder: Path
    files: tuple[FileState, ...]
    up_to: Event
    lines: LogLines

    @property
    def changed(self) -> float:
        """When the newest of the files was changed, in epoch seconds."""
        return self.files[0].changed / 1e9 if self.files else 0.0


class LoginLog:
    """Reads the launcher log of the TWS or IB Gateway that should serve the target's port."""

    name = SensorName.LOGIN_LOG

    def __init__(self) -> None:
        self._folder: Path | None = None  # of the TWS that ran last
        self._read: _Read | None = None
        self._lock = threading.Lock()  # held while it is read

    async def poll(self, evidence: Evidence) -> Reading:
        """Read the log, in a thread, if there is a reason to."""
        if (why := _why_not(evidence)) is not None:
            self._read = None
            return Reading(self.name, Symptom.UNKNOWN, f"not read: {why}")
        if self._lock.locked():
            return Reading(
                self.name, Symptom.UNKNOWN, "TWS's log cannot be read: it takes too long"
            )
        started = time.monotonic()
        try:
            async with asyncio.timeout(READ_TIMEOUT):
                phase = await asyncio.to_thread(self._look, evidence)
        except TimeoutError:
            phase = _unknown("TWS's log cannot be read: it takes too long")
        took = time.monotonic() - started
        return Reading(self.name, phase.symptom, phase.detail, phase.facts, took)

    def _look(self, evidence: Evidence) -> Phase:
        with self._lock:
            processes = find_tws_processes()
            try:
                if not processes:
                    return self._look_without_process(time.time())
                return self._look_at(_choose(processes, evidence))
            except OSError as error:
                return _unknown(f"TWS's log cannot be read: {error.strerror or 'no file'}")

    def _look_at(self, process: TwsProcess | None) -> Phase:
        """Return what a TWS waits for, or that it is unknown which one should serve the port."""
        if process is None:
            return _unknown("not read: several TWS or IB Gateway could have this port, or none")
        folder = settings_folder(process.pid)
        if folder is None:
            return _unknown("TWS's log was not found")
        self._folder = folder
        log = self._read_log(folder, Event.STARTED_IN_UTC)
        phase = read_phase(log.lines, process.started, log.changed, time.time())
        facts = {**phase.facts, Fact.APP: process.app, Fact.APP_PID: process.pid}
        return Phase(phase.symptom, phase.detail, facts)

    def _look_without_process(self, now: float) -> Phase:
        """Return what the log of a TWS that has ended says about its coming back."""
        folder = self._folder or usual_settings_folder()
        if folder is None:
            return _unknown("no TWS or IB Gateway runs here")
        log = self._read_log(folder, Event.SAVED_LOGIN_RESUMED)
        facts = read_restart_facts(log.lines)
        begins = time_of_daily_restart(log.lines, now) if Fact.AUTO_RESTART_ON in facts else None
        if begins is None:
            return Phase(Symptom.UNKNOWN, "no TWS or IB Gateway runs here", facts)
        facts[Fact.LOGIN_SINCE] = begins
        return Phase(Symptom.RESTARTING_ITSELF, "it is the time of TWS's daily restart", facts)

    def _read_log(self, folder: Path, up_to: Event) -> _Read:
        """Return the log, as far back as such an event. Raises OSError."""
        files, known = list_logs(folder), self._read
        if known is not None and (known.folder, known.files, known.up_to) == (folder, files, up_to):
            return known
        lines = LogLines()
        for file in files:
            part, cut = _read_file(folder, file.name, up_to)
            lines = part + lines
            if cut or lines.has(up_to):
                break
        self._read = _Read(folder, files, up_to, lines)
        return self._read


def _read_file(folder: Path, name: str, up_to: Event) -> tuple[LogLines, bool]:
    """Return the end of a file, as far back as the event, and whether there is more before it."""
    for size in (FIRST_PART, MAX_SIZE):
        ending = read_ending(folder, name, size)
        log = read_lines(ending.data, cut=ending.cut)
        if log.has(up_to) or not ending.cut:
            break
    return log, ending.cut


def _why_not(evidence: Evidence) -> str | None:
    """Return why there is no reason to read the log; None if there is one."""
    if evidence.symptom(SensorName.LISTENER) is Symptom.NOT_HERE:
        return "the port is not this computer's"
    handshake = evidence.symptom(SensorName.HANDSHAKE)
    is_served = handshake in SERVED and evidence.symptom(SensorName.SESSION) not in NOT_STARTED
    if is_served or handshake not in NOT_IN_SERVICE | SERVED:
        return "nothing points to a login"
    return None


def _choose(processes: Sequence[TwsProcess], evidence: Evidence) -> TwsProcess | None:
    """Return the process that should serve the target's port; None if that cannot be told.

    It is the owner of the port. Of a closed port it is the one that serves no other port.
    """
    if evidence.symptom(SensorName.LISTENER) is Symptom.OK:
        owner = evidence.fact(SensorName.LISTENER, Fact.PID)
        return next((process for process in processes if process.pid == owner), None)
    elsewhere = evidence.fact(SensorName.HANDSHAKE, Fact.OPEN_PORT)
    served = {*USUAL_PORTS, elsewhere} - {evidence.target.port}
    waiting = [process for process in processes if not process.ports & served]
    return waiting[0] if len(waiting) == 1 else None


def _unknown(detail: str) -> Phase:
    return Phase(Symptom.UNKNOWN, detail, NO_FACTS)
