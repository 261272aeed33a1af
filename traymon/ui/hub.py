"""Brings statuses to the surfaces, and every update to its listeners.

Renders nothing and decides nothing; never makes the monitor wait for a surface.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from traymon.core.calendar import Calendar
from traymon.core.model import Change, Status, Update, what_changed
from traymon.core.target import Target
from traymon.diagnosis.catalogue import STALE
from traymon.ui import presenter
from traymon.ui.stale import stale_update
from traymon.ui.worker import Worker

log = logging.getLogger(__name__)

REFRESH_INTERVAL = 60.0  # seconds; divides a day, so that "23:59" becomes "Mon 23:59" at midnight
STOP_TIMEOUT = 1.0  # seconds for all surfaces to show what they were given last


class Surface(Protocol):
    """Something that shows the statuses of all targets, or keeps them."""

    @property
    def name(self) -> str:
        """The name of its thread."""

    @property
    def shows(self) -> Change:
        """The changes that it wants to be called for."""

    @property
    def names_times(self) -> bool:
        """Whether it names times relative to today and so has to be refreshed as time passes."""

    def show(self, statuses: Sequence[Status], changes: Mapping[str, Change]) -> None:
        """Show the statuses; `changes` says what is new since the last call, by target name.

        Called in a thread of the surface's own. May be called for no change at all.
        """


class StatusHub:
    """Keeps the latest status of every target and brings it to every surface. Thread-safe."""

    def __init__(
        self,
        now: Callable[[], float],
        calendar_of: Callable[[Target], Calendar] = lambda target: Calendar(),
    ) -> None:
        self._now, self._calendar_of = now, calendar_of
        self._lock = threading.Lock()
        self._latest: dict[str, Status] = {}  # by target name
        self._feeds: list[_Feed] = []
        self._listeners: list[Callable[[Update], None]] = []

    def add(self, surface: Surface) -> None:
        """Bring the statuses to a surface from now on, in a thread of its own."""
        self._feeds.append(_Feed(surface))

    def listen(self, listener: Callable[[Update], None]) -> None:
        """Call `listener` with every update from now on, in the publisher's thread."""
        self._listeners.append(listener)

    def publish(self, update: Update) -> None:
        """Take a target's new status, or its last; returns at once."""
        name, period = update.status.target.name, int(self._now() // REFRESH_INTERVAL)
        with self._lock:
            changed, before = update.changed, self._latest.get(name)
            if before is not None and before.diagnosis.code == STALE.code:
                # to the monitor, which hung meanwhile, this may be no change
                changed |= what_changed(before, update.status)
            self._latest[name] = update.status
            if update.ended:
                del self._latest[name]
            statuses = tuple(self._latest.values())
            for feed in self._feeds:
                feed.offer(statuses, name, changed, period)
        for listener in self._listeners:
            try:
                listener(update)
            except Exception:
                log.exception("a listener failed; the others go on")

    def publish_stale(self, target: str | None = None) -> None:
        """Show a target, or every one, as no longer monitored, until the monitor publishes again.

        Repeat it meanwhile: a notification that is muted now is sent once it may be.
        """
        for status in self.statuses:
            if target not in (None, status.target.name):
                continue
            self.publish(stale_update(status, self._calendar_of(status.target), self._now()))

    @property
    def statuses(self) -> tuple[Status, ...]:
        """The latest status of every target."""
        with self._lock:
            return tuple(self._latest.values())

    def find(self, name: str | None) -> Status | None:
        """Return a target's latest status, the worst one's without a name; None if unknown."""
        statuses = presenter.worst_first(self.statuses)
        return next((one for one in statuses if name in (None, one.target.name)), None)

    def stop(self) -> None:
        """Let every surface show its last status, then end its thread."""
        deadline = time.monotonic() + STOP_TIMEOUT
        for timeout in (0.0, STOP_TIMEOUT):  # ask all of them before waiting for any
            for feed in self._feeds:
                feed.stop(min(timeout, max(0.0, deadline - time.monotonic())))


class _Feed:
    """Brings statuses to one surface in a thread of its own.

    Statuses that come while the surface is busy are merged: it sees the newest, and all changes.
    """

    def __init__(self, surface: Surface) -> None:
        self._surface = surface
        self._lock = threading.Lock()
        self._statuses: Sequence[Status] = ()
        self._changes: dict[str, Change] = {}
        self._period: int | None = None  # in which the surface was refreshed last
        self._worker: Worker[bool] = Worker(surface.name, self._show, newest_only=True)

    def offer(self, statuses: Sequence[Status], name: str, changed: Change, period: int) -> None:
        """Hand over the statuses, with what changed in the named one; returns at once."""
        grown_old = self._surface.names_times and period != self._period
        with self._lock:
            self._statuses = statuses
            if changed:
                self._changes[name] = self._changes.get(name, Change.NOTHING) | changed
        if changed & self._surface.shows or grown_old:
            self._period = period
            self._worker.post(True)

    def stop(self, timeout: float) -> None:
        """End the thread once the last statuses are shown; wait for that, up to `timeout`."""
        self._worker.stop(timeout)

    def _show(self, _posted: bool) -> None:
        with self._lock:
            statuses = self._statuses
            changes, self._changes = self._changes, {}
        self._surface.show(statuses, changes)
