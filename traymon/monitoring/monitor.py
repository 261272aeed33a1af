"""Runs a monitor per target and publishes every status. Knows no surface and no wording.

Lives on one asyncio loop; only frozen values leave it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVarTuple

from traymon.core.calendar import Calendar
from traymon.core.model import Change, Flip, SettingsState, Status, Update, what_changed
from traymon.core.program_habits import Habits
from traymon.core.programs import NO_EXPECTATIONS, Expectation
from traymon.core.target import Target
from traymon.monitoring.clock import SteadyClock
from traymon.monitoring.surroundings import follow_surroundings
from traymon.monitoring.target_monitor import Discover, TargetMonitor
from traymon.sensors.base import Sensors

log = logging.getLogger(__name__)

Subscriber = Callable[[Update], None]
Args = TypeVarTuple("Args")

CRASHED_INTERVAL = 5.0  # seconds after which it is said again that a target is not watched


@dataclass(slots=True)
class _Given:
    """What is known of a target beside its settings, for whenever its monitor begins."""

    calendar: Calendar
    snoozed_until: float | None = None
    muted: bool = False
    habits: Habits = field(default_factory=Habits)


@dataclass(slots=True)
class _Watch:
    """A target that is watched."""

    target: Target  # as the settings describe it
    monitor: TargetMonitor
    task: asyncio.Task[None]
    crashed: bool = False


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
        on_crash: Callable[[str], None] = lambda target: None,
    ) -> None:
        """`sensors` makes a set of them per target; `discover` returns a target with its port.

        `look_at_settings` returns what is new in the files of the settings; called in a thread.
        `on_crash` is told the name of a target whose monitor has failed, again and again.
        """
        self._targets, self._make_sensors, self._discover = tuple(targets), sensors, discover
        self.clock = clock or SteadyClock()
        self._look_at_settings, self._on_crash = look_at_settings, on_crash
        given = partial(_Given, calendar or Calendar(), snoozed_until)
        self._given: defaultdict[str, _Given] = defaultdict(given)  # by the target's name
        self._expectations = NO_EXPECTATIONS  # by the program's key
        self._subscribers: list[Subscriber] = []
        self._published: dict[str, Status] = {}  # the newest status by the target's name
        self._watches: dict[str, _Watch] = {}  # by the target's name; touched on the loop alone
        self._ending: set[asyncio.Task[None]] = set()  # of targets that were removed
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
        self._follow_targets()
        surroundings = follow_surroundings(self._look_at_settings, self.show_settings)
        tasks = [
            asyncio.create_task(self._wait_until_stopped()),
            asyncio.create_task(surroundings),
        ]
        try:
            # the second only ends with an error, which must not be lost
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            tasks += [*self._ending, *(watch.task for watch in self._watches.values())]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._loop = None

    def stop(self) -> None:
        """End `run`, even before it has begun. Thread-safe, like all methods below."""
        self._stopping = True
        self._call_soon(self._stopped.set)

    @property
    def targets(self) -> Sequence[Target]:
        """Every target that is watched, as the settings describe it."""
        return self._targets

    def set_targets(self, targets: Sequence[Target]) -> None:
        """Watch these targets from now on. Those that are the same as before are left alone."""
        self._targets = tuple(targets)
        self._call_soon(self._follow_targets)

    def check_now(self, target: str | None = None) -> None:
        """Poll a target, or every one, at once."""
        self._for_each(TargetMonitor.check_now, only=target)

    def look_at_tws_settings(self, target: str | None = None) -> None:
        """Ask the TWS of a target, or of every one, for its own settings, once."""
        self._for_each(TargetMonitor.look_at_tws_settings, only=target)

    def set_viewer_present(self, present: bool) -> None:
        """Poll more often while somebody has the page open and something is wrong."""
        self._for_each(TargetMonitor.set_viewer_present, present)

    def pause(self, target: str | None = None) -> None:
        """Stop monitoring a target, or every one."""
        self._for_each(TargetMonitor.pause, only=target)

    def resume(self, target: str | None = None) -> None:
        """Monitor a target, or every one, again."""
        self._for_each(TargetMonitor.resume, only=target)

    def snooze(self, until: float | None, target: str | None = None) -> None:
        """Silence the notifications of a target, or of all, until then; None ends a snooze."""
        for name in self._names(target):
            self._given[name].snoozed_until = until
        self._for_each(TargetMonitor.snooze, until, only=target)

    def mute(self, on: bool, target: str | None = None) -> None:
        """Mute a target, or every one, as the user asks, or end that.

        One that is muted by its settings stays so.
        """
        for name in self._names(target):
            self._given[name].muted = on
        self._for_each(TargetMonitor.mute, on, only=target)

    def remember_programs(self, habits: Habits, target: str) -> None:
        """Take what earlier days show of the programs of a target."""
        self._given[target].habits = habits
        self._for_each(TargetMonitor.remember_programs, habits, only=target)

    def expect_programs(self, expectations: Mapping[str, Expectation]) -> None:
        """Take when the user expects which program, by its key, whatever target it uses."""
        self._expectations = expectations
        self._for_each(TargetMonitor.expect_programs, expectations)

    def set_calendar(self, calendar: Calendar, target: str | None = None) -> None:
        """Use this calendar for a target, or for all, from now on."""
        for name in self._names(target):
            self._given[name].calendar = calendar
        self._for_each(TargetMonitor.set_calendar, calendar, only=target)

    def show_settings(self, state: SettingsState) -> None:
        """Show with every target what is new in the files of the settings."""
        if state != self._settings:
            self._settings = state
            self._for_each(TargetMonitor.show_settings, state)

    def _names(self, target: str | None) -> Sequence[str]:
        return [one.name for one in self._targets] if target is None else [target]

    def _for_each(
        self, method: Callable[[TargetMonitor, *Args], None], *args: *Args, only: str | None = None
    ) -> None:
        """Call a method of every target's monitor, or of one target's alone, on the loop."""

        def call() -> None:
            for name, watch in self._watches.items():
                if only in (None, name) and not watch.crashed:
                    method(watch.monitor, *args)

        self._call_soon(call)

    def _call_soon(self, callback: Callable[[], object]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(callback)

    async def _wait_until_stopped(self) -> None:
        await self._stopped.wait()

    # On the loop

    def _follow_targets(self) -> None:
        """Begin, change and end watching, until what is watched is what the settings say."""
        wanted = {target.name: target for target in self._targets}
        for name in [*self._watches]:
            if name not in wanted or (self._watches[name].crashed and self._differs(wanted[name])):
                self._end(name)
        for name, target in wanted.items():
            if name not in self._watches:
                self._begin(target)
            elif self._differs(target):
                self._watches[name].target = target
                self._watches[name].monitor.use_target(target)

    def _differs(self, target: Target) -> bool:
        return self._watches[target.name].target != target

    def _begin(self, target: Target) -> None:
        given = self._given[target.name]
        monitor = TargetMonitor(
            target,
            self._make_sensors(),
            self._publish,
            self.clock,
            self._discover,
            given.calendar,
            given.snoozed_until,
            self._expectations,
            muted=given.muted,
            settings=self._settings,
        )
        monitor.remember_programs(given.habits)
        task = asyncio.create_task(self._run_one(monitor), name=target.name)
        self._watches[target.name] = _Watch(target, monitor, task)

    async def _run_one(self, monitor: TargetMonitor) -> None:
        """Run one target's monitor; if it fails, go on saying so: the others are not disturbed."""
        try:
            await monitor.run()
        except Exception:
            log.exception("%s: its monitor failed; the other targets go on", monitor.name)
        watch = self._watches.get(monitor.name)
        if watch is None or watch.monitor is not monitor:
            return  # it was ending anyway
        watch.crashed = True
        while True:
            self._on_crash(monitor.name)
            await asyncio.sleep(CRASHED_INTERVAL)

    def _end(self, name: str) -> None:
        log.info("%s: no longer watched", name)
        task = self._watches.pop(name).task
        task.cancel()
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)
        last = self._published.pop(name, None)
        if last is not None:
            self._tell(Update(last, None, ~Change.NOTHING, ended=True))

    def _publish(self, status: Status, flip: Flip | None) -> None:
        name = status.target.name
        if name not in self._watches:  # it is ending
            return
        update = Update(status, flip, what_changed(self._published.get(name), status))
        self._published[name] = status
        self._tell(update)

    def _tell(self, update: Update) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(update)
            except Exception:
                log.exception("a subscriber failed; the others go on")
