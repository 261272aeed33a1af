"""What the user asks of the targets: to check, to pause, to be silent, to know a program."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial

from traymon.core.calendar import snooze_until
from traymon.core.model import Status
from traymon.core.programs import Expectation
from traymon.core.target import OwnProgram
from traymon.monitoring.monitor import Monitor
from traymon.storage.state import StateStore
from traymon.storage.state_keeper import StateKeeper
from traymon.ui import presenter
from traymon.ui.hub import StatusHub
from traymon.ui.worker import TaskQueue

log = logging.getLogger(__name__)


class TargetActions:
    """Acts from any thread at once; what takes a moment goes to `tasks`."""

    def __init__(
        self,
        monitor: Monitor,
        hub: StatusHub,
        keeper: StateKeeper,
        state: StateStore,
        tasks: TaskQueue,
    ) -> None:
        self._monitor, self._hub, self._keeper = monitor, hub, keeper
        self._state, self._tasks = state, tasks

    def check_now(self, target: str | None = None) -> None:
        """Check a target at once, or all of them."""
        self._monitor.check_now(target)

    def look_at_tws_settings(self, target: str | None = None) -> None:
        """Ask the TWS of a target, or of all of them, for its own settings."""
        self._monitor.look_at_tws_settings(target)

    def pause_or_resume(self, target: str | None = None) -> None:
        """Pause a target or all of them, or resume if everything that is meant is paused."""
        if presenter.all_paused(self._meant(target)):
            self._monitor.resume(target)
        else:
            self._monitor.pause(target)

    def snooze(self, wish: str, target: str | None = None) -> None:
        """Snooze the notifications of a target, or of all; see `snooze_until`.

        Raises ValueError.
        """
        now = self._monitor.clock()
        targets = [status.target for status in self._meant(target)]
        ends = {t.name: snooze_until(wish, now, self._keeper.calendar_of(t)) for t in targets}
        for name, until in ends.items():
            self._monitor.snooze(until, name)

    def mute(self, target: str, on: bool) -> None:
        """Mute a target until the user ends that, or end it; one of the settings stays muted."""
        self._monitor.mute(on, target)
        for one in self._monitor.targets:
            if one.name == target:
                self._tasks.post(partial(self._state.keep_muted, one, on))

    def _meant(self, target: str | None) -> Sequence[Status]:
        """Return the status of a target, or of all."""
        return [one for one in self._hub.statuses if target in (None, one.target.name)]

    def mark_as_mine(self, target: str) -> None:
        """Remember that the program that holds a target's client ID is the user's own."""
        self._tasks.post(lambda: self._mark_as_mine(self._hub.find(target)))

    def _mark_as_mine(self, status: Status | None) -> None:
        program = None if status is None else presenter.claimable_program(status)
        if program is not None:
            self._state.add_own_program(OwnProgram(program.exe, program.script))
            log.info("the user's own: %s %s", program.exe, program.script)
            self._monitor.check_now()

    def expect_program(self, key: str, word: str) -> None:
        """Remember when the user expects a program of theirs. Raises ValueError for other words."""
        expectation = Expectation(word)
        self._tasks.post(partial(self._expect_program, key, expectation))

    def _expect_program(self, key: str, expectation: Expectation) -> None:
        self._state.keep_expectation(key, expectation)
        self._monitor.expect_programs(self._state.expectations())
