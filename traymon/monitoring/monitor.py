"""Runs a monitor per target and publishes every status. Knows no surface and no wording.

Lives on one asyncio loop; only frozen values leave it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVarTuple

from traymon.core.calendar import Calendar
from traymon.core.model import Flip, SettingsState, Status, Update, what_changed
from traymon.core.target import Target
from traymon.monitoring.clock import SteadyClock
from traymon.monitoring.surroundings import follow_surroundings
from traymon.monitoring.target_monitor import Discover, TargetMonitor
from traymon.sensors.base import Sensors

log = logging.getLogger(__name__)

Subscriber = Callable[[Update], None]
Args = TypeVarTuple("Args")


class Monitor:
    """Runs a monitor per target. The methods that users' actions call are thread-safe."""

    def __init__(
        self,
        targets: Sequence[Target],
        sensors: Callable[[], Sensors],
        discover: Discover = lambda target: target,
        clock: SteadyClock | None = None,
        calendar: Calendar | None = None,
        snoozed_until: float | None = None,
        look_at_settings: Callable[[], SettingsState] | None = None,
    ) -> None:
        """`sensors` makes a set of them per target; `discover` returns a target with its port.

        `look_at_settings` returns what is new in the files of the settings; called in a thread.
        """
        self._targets, self._make_sensors, self._discover = targets, sensors, discover
        self.clock = clock or SteadyClock()
        self._look_at_settings = look_at_settings
        # by the target's name; what a target's monitor starts with
        self._calendars = {target.name: calendar or Calendar() for target in targets}
        self._snoozes = {target.name: snoozed_until for target in targets}
        self._subscribers: list[Subscriber] = []
        self._published: dict[str, Status] = {}  # the newest status by the target's name
        self._monitors: list[TargetMonitor] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._settings = SettingsState()
        self._stopped = asyncio.Event()
        self._stopping = False

    def subscribe(self, subscriber: Subscriber) -> None:
        """Call `subscriber` with every update, on the monitor's loop: it must return at once.

        Call this before `run`.
        """
        self._subscribers.append(subscriber)

    async def run(self) -> None:
        """Monitor until `stop`."""
        self._loop = asyncio.get_running_loop()
        if self._stopping:  # read after the loop is set; `stop` writes in the opposite order
            self._stopped.set()
        self._monitors = [
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
        tasks = [
            asyncio.create_task(monitor.run(), name=monitor.name) for monitor in self._monitors
        ]
        tasks.append(asyncio.create_task(self._wait_until_stopped()))
        surroundings = follow_surroundings(self._look_at_settings, self.show_settings)
        tasks.append(asyncio.create_task(surroundings))
        try:
            # a target's monitor only ends with an error, which must not be lost
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._loop = None

    def stop(self) -> None:
        """End `run`, even before it has begun. Thread-safe, like all methods below."""
        self._stopping = True
        self._call_soon(self._stopped.set)

    def check_now(self) -> None:
        """Poll every target at once."""
        self._for_each(TargetMonitor.check_now)

    def look_at_tws_settings(self) -> None:
        """Ask every target's TWS for its own settings, once."""
        self._for_each(TargetMonitor.look_at_tws_settings)

    def set_viewer_present(self, present: bool) -> None:
        """Poll more often while somebody has the page open and something is wrong."""
        self._for_each(TargetMonitor.set_viewer_present, present)

    def pause(self) -> None:
        """Stop monitoring every target."""
        self._for_each(TargetMonitor.pause)

    def resume(self) -> None:
        """Monitor every target again."""
        self._for_each(TargetMonitor.resume)

    def snooze(self, until: float | None, target: str | None = None) -> None:
        """Mute the notifications of a target, or of all, until then; None ends a snooze."""
        for name in self._names(target):
            self._snoozes[name] = until
        self._for_each(TargetMonitor.snooze, until, only=target)

    def set_calendar(self, calendar: Calendar, target: str | None = None) -> None:
        """Use this calendar for a target, or for all, from now on."""
        for name in self._names(target):
            self._calendars[name] = calendar
        self._for_each(TargetMonitor.set_calendar, calendar, only=target)

    def show_settings(self, state: SettingsState) -> None:
        """Show with every target what is new in the files of the settings."""
        if state != self._settings:
            self._settings = state
            self._for_each(TargetMonitor.show_settings, state)

    def use_target(self, target: Target) -> None:
        """Monitor a target in place of the one of this name."""
        self._targets = [target if one.name == target.name else one for one in self._targets]
        self._for_each(TargetMonitor.use_target, target, only=target.name)

    def _names(self, target: str | None) -> Sequence[str]:
        return [one.name for one in self._targets] if target is None else [target]

    def _for_each(
        self, method: Callable[[TargetMonitor, *Args], None], *args: *Args, only: str | None = None
    ) -> None:
        """Call a method of every target's monitor, or of one target's alone, on the loop."""
        for monitor in self._monitors:
            if only in (None, monitor.name):
                self._call_soon(partial(method, monitor, *args))

    def _call_soon(self, callback: Callable[[], object]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(callback)

    async def _wait_until_stopped(self) -> None:
        await self._stopped.wait()

    def _publish(self, status: Status, flip: Flip | None) -> None:
        name = status.target.name
        update = Update(status, flip, what_changed(self._published.get(name), status))
        self._published[name] = status
        for subscriber in self._subscribers:
            try:
                subscriber(update)
            except Exception:
                log.exception("a subscriber failed; the others go on")
