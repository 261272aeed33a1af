"""Runs a watch per target and tells the subscribers. Knows no surface and no wording.

Lives on one asyncio loop; only frozen values leave it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from traymon.core.calendar import Calendar
from traymon.core.model import Update
from traymon.core.target import Target
from traymon.monitoring.clock import SteadyClock
from traymon.monitoring.target_monitor import Discover, Subscriber, TargetMonitor
from traymon.sensors.base import Sensors

log = logging.getLogger(__name__)


class Monitor:
    """Runs a watch per target and tells the subscribers. Thread-safe where it says so."""

    def __init__(
        self,
        targets: Sequence[Target],
        sensors: Callable[[], Sensors],
        discover: Discover = lambda target: target,
        clock: SteadyClock | None = None,
        calendar: Calendar | None = None,
        snoozed_until: float | None = None,
    ) -> None:
        self._targets, self._make_sensors, self._discover = targets, sensors, discover
        self.clock = clock or SteadyClock()
        # what each target's monitor begins with, by the target's name
        self._calendars = {target.name: calendar or Calendar() for target in targets}
        self._snoozes = {target.name: snoozed_until for target in targets}
        self._subscribers: list[Subscriber] = []
        self._watches: list[TargetMonitor] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = asyncio.Event()
        self._stopping = False

    def subscribe(self, subscriber: Subscriber) -> None:
        """Tell `subscriber` every update, on the monitor's loop: it must return at once.

        To be called before `run`.
        """
        self._subscribers.append(subscriber)

    async def run(self) -> None:
        """Watch until `stop`."""
        self._loop = asyncio.get_running_loop()
        if self._stopping:  # looked at after the loop is set: `stop` does it the other way round
            self._stopped.set()
        self._watches = [
            TargetMonitor(
                target,
                self._make_sensors(),
                self._publish,
                self.clock,
                self._discover,
                self._calendars[target.name],
                self._snoozes[target.name],
            )
            for target in self._targets
        ]
        tasks = [asyncio.create_task(watch.run(), name=watch.name) for watch in self._watches]
        tasks.append(asyncio.create_task(self._until_stopped()))
        try:
            # a watch never ends by itself; if one does, its error must come out here
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._loop = None

    async def _until_stopped(self) -> None:
        await self._stopped.wait()

    def stop(self) -> None:
        """End `run`, even before it began. From any thread."""
        self._stopping = True
        self._call(self._stopped.set)

    def check_now(self) -> None:
        """Look at every target at once. From any thread."""
        self._each(TargetMonitor.check_now)

    def set_viewer_present(self, present: bool) -> None:
        """Look more often while somebody watches and something is wrong. From any thread."""
        for watch in self._watches:
            self._call(watch.set_viewer_present, present)

    def pause(self) -> None:
        """Stop looking at every target. From any thread."""
        self._each(TargetMonitor.pause)

    def resume(self) -> None:
        """Look at every target again. From any thread."""
        self._each(TargetMonitor.resume)

    def snooze(self, until: float | None, target: str | None = None) -> None:
        """Mute the notifications of a target, or of all, until then; None ends a snooze.

        From any thread.
        """
        self._snoozes |= dict.fromkeys(self._names(target), until)
        for watch in self._watches:
            if target in (None, watch.name):
                self._call(watch.snooze, until)

    def set_calendar(self, calendar: Calendar, target: str | None = None) -> None:
        """Use this calendar for a target, or for all, from now on. From any thread."""
        self._calendars |= dict.fromkeys(self._names(target), calendar)
        for watch in self._watches:
            if target in (None, watch.name):
                self._call(watch.set_calendar, calendar)

    def _names(self, target: str | None) -> list[str]:
        return list(self._calendars) if target is None else [target]

    def _each(self, act: Callable[[TargetMonitor], None]) -> None:
        for watch in self._watches:
            self._call(act, watch)

    def _call(self, act: Callable[..., object], *arguments: object) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(act, *arguments)

    def _publish(self, update: Update) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(update)
            except Exception:
                log.exception("a subscriber failed; the others go on")
