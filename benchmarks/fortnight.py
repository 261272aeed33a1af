"""Plays a fortnight in a minute: traymon's notifications beside a "three failures in a row" rule.

The monitor, catalogue, debounce and notification policy are the real ones, in virtual time. The
Gateway is a script that says what each sensor would see at a moment. Prints the timeline and the
counts. Run it from the repository: `.venv/bin/python benchmarks/fortnight.py`.
"""

from __future__ import annotations

import asyncio
import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TypeVar, TypeVarTuple, Unpack
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support.virtual_time import BEGAN, VirtualTimeLoop
from traymon.config import ib_resets
from traymon.core import notification_policy
from traymon.core.calendar import Calendar
from traymon.core.model import Evidence, Reading, Update
from traymon.core.notification import Notification, Outcome
from traymon.core.notification_memory import Memory, record_delivery
from traymon.core.target import Target
from traymon.core.time_windows import parse
from traymon.core.vocabulary import SensorName, Symptom
from traymon.monitoring.clock import SteadyClock
from traymon.monitoring.monitor import Monitor
from traymon.sensors.base import SensorContext, Sensors
from traymon.ui.notification_text import notification_text

S = Symptom
T = TypeVar("T")
Args = TypeVarTuple("Args")
ZONE = ZoneInfo("America/New_York")
FIRST = datetime(2026, 11, 2, tzinfo=ZONE)  # a Monday
DAYS = 14
HEARTBEAT_INTERVAL, POLL_TIME = 5.0, 0.002  # seconds
HEARTBEAT_TIMEOUT = 10.0  # seconds; at most an interval and the timeout of its answer
PLAIN_INTERVAL, PLAIN_FAILURES = 30.0, 3  # of the plain rule


@dataclass(frozen=True)
class Event:
    """A period in which something is wrong."""

    name: str
    begins: float  # epoch seconds
    ends: float
    handshake: Symptom = S.OK
    listener: Symptom = S.OK
    session: Symptom = S.OK
    link: Symptom = S.OK
    real: bool = False  # the user has to do something
    asleep: bool = False  # the whole machine sleeps


def _at(day: int, clock: str) -> float:
    moment = FIRST.replace(tzinfo=None) + timedelta(days=day)
    hour, minute = (int(part) for part in clock.split(":"))
    return moment.replace(hour=hour, minute=minute, tzinfo=ZONE).timestamp()


def gone(name: str, begins: float, lasts: float, real: bool = False) -> Event:
    """Return a period in which no Gateway runs."""
    return Event(name, begins, begins + lasts, S.REFUSED, S.NOBODY_LISTENS, S.LOST, real=real)


def starting(name: str, begins: float, lasts: float) -> Event:
    """Return a period in which a Gateway has opened its port and does not answer yet."""
    return Event(name, begins, begins + lasts, S.SILENT, session=S.LOST)


def cut_off(name: str, begins: float, lasts: float) -> Event:
    """Return a period in which the Gateway has lost IB's servers."""
    return Event(name, begins, begins + lasts, link=S.LINK_DOWN)


def story() -> Iterator[Event]:
    """Yield the events in order."""
    for day in range(DAYS):
        reset = _at(day, "00:21")
        if (FIRST + timedelta(days=day)).weekday() != 5:
            yield cut_off("IB's nightly reset", reset, 240 + 130 * (day % 5))
        else:
            yield cut_off("IB's weekend reset", _at(day, "00:10"), 9000)
        if day == 1:  # Tuesday
            frozen = _at(day, "10:40")
            yield Event(
                "outage: the Gateway hangs",
                frozen,
                frozen + 720,
                S.SILENT,
                session=S.HUNG,
                real=True,
            )
        if day == 2:  # Wednesday
            for minute in range(0, 60, 2):
                yield gone("the flapping hour", _at(day, f"11:{minute:02}"), 45, real=True)
        if day == 10:  # Thursday of the second week
            yield gone("outage: the Gateway was ended", _at(day, "14:05"), 600, real=True)
        if day == 3:
            begins, ends = _at(day, "22:00"), _at(day + 1, "07:30")
            yield Event("the laptop's night", begins, ends, asleep=True)
            yield cut_off("the laptop wakes", ends, 15)
            continue
        restart = _at(day, "23:45")
        down = 40.0 + 7 * (day % 6)
        yield gone("nightly restart", restart, down)
        yield starting("nightly restart", restart + down, 35.0 + 11 * (day % 5))


@dataclass
class World:
    """The Gateway of the script, the user, and the clock."""

    events: list[Event] = field(default_factory=lambda: list(story()))
    slept: float = 0.0
    notifications: list[tuple[float, Notification]] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    rule: list[float] = field(default_factory=list)  # when the plain rule alarmed

    @cached_property
    def edges(self) -> list[float]:
        """The times at which anything begins or ends, in order."""
        return sorted(edge for one in self.events for edge in (one.begins, one.ends))

    def now(self) -> float:
        """Return the wall clock's time in epoch seconds."""
        return FIRST.timestamp() + asyncio.get_running_loop().time() - BEGAN + self.slept

    def event(self, at: float) -> Event | None:
        """Return what is wrong at a moment."""
        return next((one for one in self.events if one.begins <= at < one.ends), None)

    def symptom(self, sensor: SensorName) -> Symptom:
        """Return what a sensor sees now."""
        event = self.event(self.now())
        symptom = S.OK if event is None else getattr(event, sensor)
        assert isinstance(symptom, Symptom)
        return symptom

    def on_update(self, update: Update) -> None:
        """Deliver every notification to the user."""
        status, flip, now = update.status, update.flip, self.now()
        self.memory, notification = notification_policy.decide(self.memory, status, flip, now)
        if notification is not None:
            self.memory = record_delivery(self.memory, notification, Outcome.DELIVERED, now)
            self.notifications.append((now, notification))

    async def sleep_at_night(self) -> None:
        """Skip the periods in which the machine sleeps, as its clock does."""
        for event in (one for one in self.events if one.asleep):
            await asyncio.sleep(event.begins - self.now())
            self.slept += event.ends - event.begins

    async def plain_rule(self) -> None:
        """Poll the port, and alarm at the third failure in a row."""
        failed = 0
        while True:
            failed = 0 if self.symptom(SensorName.HANDSHAKE) is S.OK else failed + 1
            if failed == PLAIN_FAILURES:
                self.rule.append(self.now())
            await asyncio.sleep(PLAIN_INTERVAL)


@dataclass
class ScriptedSensor:
    """A polling sensor that follows the script."""

    name: SensorName
    world: World

    async def poll(self, evidence: Evidence) -> Reading:
        """Take as long as a real poll would."""
        symptom = self.world.symptom(self.name)
        await asyncio.sleep(evidence.target.limits.timeout if symptom is S.SILENT else POLL_TIME)
        return Reading(self.name, symptom, "by the script", took=POLL_TIME)


@dataclass
class ScriptedSession:
    """A session that follows the script: it notices its own end at once, and has a heartbeat."""

    world: World
    name: SensorName = SensorName.SESSION

    async def run(self, context: SensorContext) -> None:
        """Post what the session notices."""
        posted = {SensorName.SESSION: S.OK, SensorName.LINK: S.OK}
        while True:
            for name in posted:
                symptom = self.world.symptom(name)
                if (
                    symptom is S.HUNG
                    and self.world.event(self.world.now() - HEARTBEAT_TIMEOUT) is None
                ):
                    continue  # it still waits for the answer to its heartbeat
                if name == SensorName.LINK and self.world.symptom(SensorName.SESSION) is not S.OK:
                    symptom = S.OK  # no session over which TWS could report it
                if name == SensorName.SESSION or symptom is not posted[name]:
                    context.post(
                        Reading(name, symptom, "by the script", ttl=4 * HEARTBEAT_INTERVAL)
                    )
                posted[name] = symptom
            await asyncio.sleep(self._interval())

    def _interval(self) -> float:
        """Return the seconds to the next heartbeat, or to the next change if that is sooner."""
        now = self.world.now()
        edge = bisect_right(self.world.edges, now)
        return min([HEARTBEAT_INTERVAL, *(e - now for e in self.world.edges[edge : edge + 1])])


async def play(world: World, days: int) -> None:
    """Run the monitor through the days."""
    loop = asyncio.get_running_loop()
    calendar = Calendar(
        reset=ib_resets.read("america", Path("/nowhere")),
        maintenance=parse("23:45+10m America/New_York"),
    )
    monitor = Monitor(
        [Target("fortnight")],
        lambda: Sensors(
            (
                ScriptedSensor(SensorName.LISTENER, world),
                ScriptedSensor(SensorName.HANDSHAKE, world),
            ),
            (ScriptedSession(world),),
        ),
        clock=SteadyClock(wall=world.now, monotonic=loop.time),
        calendar=calendar,
    )
    monitor.subscribe(world.on_update)
    tasks = [
        asyncio.create_task(work)
        for work in (monitor.run(), world.sleep_at_night(), world.plain_rule())
    ]
    await asyncio.sleep(_at(days, "12:00") - world.now())
    monitor.stop()
    await tasks[0]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class FortnightLoop(VirtualTimeLoop):
    """A loop in virtual time without threads."""

    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[Args]], T], *args: *Args
    ) -> asyncio.Future[T]:
        """Call the function at once: no thread could keep up with virtual time."""
        done: asyncio.Future[T] = self.create_future()
        done.set_result(func(*args))
        return done


def fortnight(days: int = DAYS) -> World:
    """Play the fortnight, or its first days."""
    world = World()
    with asyncio.Runner(loop_factory=FortnightLoop) as runner:
        runner.run(play(world, days))
    return world


def main() -> None:
    """Print the fortnight."""
    world = fortnight()
    moment = "%a %d %b %H:%M:%S"
    lines = [
        (at, f"        {notification.kind:<9} {notification_text(notification, at).title}")
        for at, notification in world.notifications
    ]
    lines += [(at, '        "three failures in a row" cries') for at in world.rule]
    lines += [
        (one.begins, f"{'REAL' if one.real else '':<7} {one.name}, {one.ends - one.begins:.0f} s")
        for one in world.events
    ]
    for at, text in sorted(lines):
        print(f"{datetime.fromtimestamp(at, ZONE):{moment}}  {text}")
    print()
    for event in world.events:
        if event.name.startswith("outage"):
            first = next(at for at, _ in world.notifications if at >= event.begins)
            print(f"{event.name}: told after {first - event.begins:.1f} s")
    real = [one for one in world.events if one.real]
    kinds = Counter(str(notification.kind) for _, notification in world.notifications)
    false = [at for at, _ in world.notifications if not _is_about_real(world, at)]
    false_alarms = [at for at in world.rule if not _is_about_real(world, at)]
    print(f"times in which something was wrong: {len(world.events)}, real: {len(real)}")
    print(f"traymon: {sum(kinds.values())} notices {dict(kinds)}, {len(false)} without a cause")
    print(f"three failures in a row: {len(world.rule)} alarms, {len(false_alarms)} without a cause")


def _is_about_real(world: World, at: float) -> bool:
    """Tell whether a real event is on or ended within the last ten minutes."""
    return any(one.real and one.begins <= at < one.ends + 600 for one in world.events)


if __name__ == "__main__":
    main()
