"""Looks for a window of TWS or IB Gateway that waits for the user, while the API is not served.

Passive: titles alone, and of the processes alone that should serve the port. Nothing is opened or
loaded while the API is served. What cannot be seen is unknown, never "no window".
"""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import psutil

from traymon.core.facts import Fact
from traymon.core.model import Evidence, Reading
from traymon.core.vocabulary import WITHOUT_A_BYTE, SensorName, Symptom
from traymon.sensors import screen
from traymon.sensors.listener import ib_process, ib_program
from traymon.sensors.screen import NoScreen, ScreenLook, ScreenWindow
from traymon.sensors.window_titles import OpenWindow, clean, judge

log = logging.getLogger(__name__)

NOT_IN_SERVICE = WITHOUT_A_BYTE | {Symptom.REFUSED, Symptom.TIMED_OUT, Symptom.UNFINISHED}
NOT_STARTED = frozenset({Symptom.START_SILENT, Symptom.START_REJECTED})


class TwsWindows:
    """Looks at the screen at each poll, if the API shows a reason to."""

    name = SensorName.TWS_WINDOWS

    def __init__(self) -> None:
        self._look = ScreenLook()

    async def poll(self, evidence: Evidence) -> Reading:
        """Look at the windows once, in a thread: a screen can hang."""
        if reason := _reason_not_to_look(evidence):
            return Reading(self.name, Symptom.UNKNOWN, reason)
        started = time.monotonic()
        reading = await asyncio.to_thread(self._read, evidence)
        return replace(reading, took=time.monotonic() - started)

    def _read(self, evidence: Evidence) -> Reading:
        try:
            windows = self._look.run(partial(_windows_of_tws, evidence))
        except NoScreen as error:
            return Reading(self.name, Symptom.UNKNOWN, f"windows cannot be seen here: {error}")
        if not windows:
            return Reading(self.name, Symptom.UNKNOWN, "no window of TWS is on this screen")
        before_login = evidence.symptom(SensorName.HANDSHAKE) is Symptom.REFUSED
        found = judge(
            [OpenWindow(window.title, window.is_dialog) for window in windows],
            before_login=before_login,
        )
        if found.title:
            shown = f"TWS shows: {found.title}"
            return Reading(self.name, found.symptom, shown, {Fact.WINDOW: found.title})
        if found.settings:
            facts = {Fact.SETTINGS_WINDOW: found.settings}
            return Reading(self.name, found.symptom, "TWS shows its settings", facts)
        return Reading(self.name, found.symptom, "no window of TWS waits for you")


def show_window(evidence: Evidence) -> None:
    """Bring the window that was reported to the front, as the user asks. Raises NoScreen."""
    title = evidence.fact(SensorName.TWS_WINDOWS, Fact.WINDOW)
    ScreenLook().run(partial(_show_window, evidence, title))


def _show_window(evidence: Evidence, title: str | None) -> None:
    for window in _windows_of_tws(evidence):
        if clean(window.title) == title:
            return screen.raise_window(window)
    raise NoScreen("the window is gone")


def _reason_not_to_look(evidence: Evidence) -> str:
    """Return why the windows are of no interest or not here; "" if they are to be looked at."""
    handshake = evidence.symptom(SensorName.HANDSHAKE)
    listener = SensorName.LISTENER
    if (
        handshake not in NOT_IN_SERVICE
        and evidence.symptom(SensorName.SESSION) not in NOT_STARTED
        and evidence.symptom(SensorName.LINK) is not Symptom.LINK_DOWN
    ):
        return "not looked at: no sign of trouble"
    if evidence.symptom(listener) is Symptom.NOT_HERE:
        return "windows cannot be seen here: TWS runs elsewhere"
    apps = evidence.fact(listener, Fact.APPS)
    if apps == 0:
        return "not looked at: neither TWS nor IB Gateway runs here"
    others = evidence.fact(listener, Fact.OTHER_APP_PIDS) or ()
    if apps is not None and len(others) >= apps:
        return "not looked at: each TWS or IB Gateway here has a port of its own"
    return ""


def _windows_of_tws(evidence: Evidence) -> Sequence[ScreenWindow]:
    """Return the windows of the processes that should serve the port. Raises NoScreen."""
    seen: dict[int, bool] = {}

    def belongs(pid: int) -> bool:
        if pid not in seen:
            seen[pid] = _should_serve(pid, evidence)
        return seen[pid]

    return screen.list_windows(belongs)


def _should_serve(pid: int, evidence: Evidence) -> bool:
    """Tell whether a process is the TWS or Gateway whose port is watched, for all that is known."""
    listener = SensorName.LISTENER
    owner = evidence.fact(listener, Fact.PID)
    if evidence.symptom(listener) is Symptom.OK and owner is not None:
        return pid == owner and evidence.fact(listener, Fact.APP) is not None
    if pid in (evidence.fact(listener, Fact.OTHER_APP_PIDS) or ()):
        return False
    try:
        return ib_process(psutil.Process(pid)) is not None
    except (psutil.Error, OSError) as error:
        log.debug("process %s, which has a window: %s", pid, error)
    if sys.platform == "win32":
        from traymon.sensors.screen_win32 import program_name

        return ib_program(program_name(pid), "") is not None
    return False
