"""A monitor on a clock that jumps from timer to timer, and sensors that see what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from support.virtual_time import BEGAN, VirtualTimeLoop
from traymon.core.calendar import Calendar
from traymon.core.facts import NO_FACTS, Facts
from traymon.core.model import Evidence, Reading, SettingsState, Status, Update
from traymon.core.target import Limits, Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.monitoring.clock import SteadyClock
from traymon.monitoring.monitor import Monitor
from traymon.sensors.base import SensorContext, Sensors


class SceneLoop(VirtualTimeLoop):
    """A leaping loop for a scene without sockets."""

    def run_in_executor(  # type: ignore[override]  # the overridden one is generic in *args
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> Any:
        done = self.create_future()
        done.set_result(func(*args))  # at once: no thread could keep up with leaping time
        return done


@dataclass
class FakePollingSensor:
    """A polling sensor that sees what the test says."""

    name: SensorName
    sees: Symptom | Exception = Symptom.OK
    facts: Facts = field(default_factory=lambda: NO_FACTS)
    takes: float | None = 0.0  # seconds; None: for ever
    began: list[float] = field(default_factory=list)  # when looks began, in seconds of the story
    ports: list[int] = field(default_factory=list)
    busy: bool = False

    async def poll(self, evidence: Evidence) -> Reading:
        assert not self.busy, "two looks of one sensor at once"
        self.busy = True
        try:
            self.began.append(asyncio.get_running_loop().time() - BEGAN)
            self.ports.append(evidence.target.port)
            await asyncio.sleep(1e9 if self.takes is None else self.takes)
            if isinstance(self.sees, Exception):
                raise self.sees
            return Reading(self.name, self.sees, f"saw {self.sees}", self.facts, took=0.01)
        finally:
            self.busy = False


@dataclass
class FakeStreamingSensor:
    """A streaming sensor that posts what the test says."""

    name: SensorName
    fails: Exception | None = None  # raised as soon as it runs
    goodbye: float = 0.0  # seconds that it takes to leave
    began: list[float] = field(default_factory=list)  # in seconds of the story
    ended: list[float] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)
    running: int = 0
    views: list[SensorContext] = field(default_factory=list)  # the newest is the last

    async def run(self, context: SensorContext) -> None:
        loop = asyncio.get_running_loop()
        self.began.append(loop.time() - BEGAN)
        self.ports.append(context.evidence.target.port)
        self.views.append(context)
        if self.fails is not None:
            raise self.fails
        self.running += 1
        try:
            await loop.create_future()
        finally:
            await asyncio.sleep(self.goodbye)
            self.running -= 1
            self.ended.append(loop.time() - BEGAN)

    def says(
        self, symptom: Symptom, facts: Facts = NO_FACTS, about: SensorName | None = None
    ) -> None:
        """Post what it sees: about itself, or about something else that it knows of."""
        name = about or self.name
        self.views[-1].post(Reading(name, symptom, f"{name} says {symptom}", facts, took=0.03))


class Scene:
    """A monitor that runs, its sensors, and what it published."""

    def __init__(
        self,
        limits: Limits,
        discovered: bool,
        subscribers: list[Callable[..., None]],
        calendar: Calendar | None = None,
        snoozed_until: float | None = None,
        **target: Any,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.slept = 0.0
        self.listens_on = 7497
        self.settings: SettingsState | Exception = SettingsState()
        self.listener = FakePollingSensor(SensorName.LISTENER)
        self.handshake = FakePollingSensor(SensorName.HANDSHAKE)
        self.session = FakeStreamingSensor(SensorName.SESSION)
        self.statuses: list[Status] = []
        self.flips: list[tuple[float, str]] = []
        self.monitor = Monitor(
            [Target("project", limits=limits, discovered=discovered, **target)],
            lambda: Sensors((self.listener, self.handshake), (self.session,)),
            lambda target: replace(target, port=self.listens_on),
            SteadyClock(wall=lambda: loop.time() + self.slept, monotonic=loop.time),
            calendar,
            snoozed_until,
            self._look_at_settings,
        )
        for subscriber in (*subscribers, self._hear):
            self.monitor.subscribe(subscriber)

    def _look_at_settings(self) -> SettingsState:
        if isinstance(self.settings, Exception):
            raise self.settings
        return self.settings

    def _hear(self, update: Update) -> None:
        status, flip = update.status, update.flip
        self.statuses.append(status)
        if flip is not None:
            self.flips.append((self.now, flip.after.code))
            assert status.diagnosis is flip.after

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time() - BEGAN

    @property
    def status(self) -> Status:
        return self.statuses[-1]

    @property
    def code(self) -> str:
        return self.status.diagnosis.code

    def shows(self, light: Light) -> bool:
        return self.status.diagnosis.light is light

    async def until(self, moment: float) -> None:
        await asyncio.sleep(moment - self.now)

    @staticmethod
    def sleep_counted(seconds: float) -> None:
        """Let the machine sleep, whose clocks all go on meanwhile."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SceneLoop)
        loop.leap(seconds)


def play(
    story: Callable[[Scene], Awaitable[None]],
    limits: Limits | None = None,
    discovered: bool = False,
    subscribers: list[Callable[..., None]] | None = None,
    calendar: Calendar | None = None,
    snoozed_until: float | None = None,
    **target: Any,
) -> None:
    """Run a monitor while the story is told."""

    async def main() -> None:
        scene = Scene(
            limits or Limits(), discovered, subscribers or [], calendar, snoozed_until, **target
        )
        watching = asyncio.create_task(scene.monitor.run())
        await story(scene)
        assert not watching.done()
        scene.monitor.stop()
        await watching
        assert scene.session.running == 0
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with asyncio.Runner(loop_factory=SceneLoop) as runner:
        runner.run(main())
