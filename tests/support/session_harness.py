"""A real monitor and a simulated Gateway on one clock that leaps from timer to timer.

The sockets are real ones on loopback; only the waiting is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from support.virtual_time import BEGAN, VirtualTimeLoop
from traymon.core.calendar import Calendar
from traymon.core.model import Evidence, Reading, Status, Update
from traymon.core.target import Limits, Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.monitoring.clock import SteadyClock
from traymon.monitoring.monitor import Monitor
from traymon.sensors.base import Sensors
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.handshake import Handshake
from traymon.sensors.session import Session
from traymon.sensors.tls_probe import TlsProbe
from traymon.sensors.tws_settings import TwsSettings
from traymon.sim.gateway import HEALTHY, Behaviour, Conversation, Gateway
from traymon.sim.script import ORDINARY, Script

IN_FLIGHT = 0.002  # real seconds, beyond what a byte takes now: see virtual_time.py
OWN_ID = 9100
START_API, CURRENT_TIME = 71, 49


@dataclass
class ScriptedSensor:
    """A polling sensor that sees what the test says."""

    name: SensorName
    sees: Symptom = Symptom.UNKNOWN

    async def poll(self, evidence: Evidence) -> Reading:
        return Reading(self.name, self.sees, f"saw {self.sees}")


@dataclass
class Story:
    """What is played, and what was published of it."""

    gateway: Gateway
    monitor: Monitor
    internet: ScriptedSensor
    statuses: list[Status] = field(default_factory=list)
    flips: list[tuple[float, str, str]] = field(default_factory=list)  # (when, code, light)
    readings: list[tuple[float, Reading]] = field(default_factory=list)  # new ones, by sensor
    published: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, update: Update) -> None:
        status, flip = update.status, update.flip
        known = self.statuses[-1].evidence.readings if self.statuses else {}
        for name, reading in status.evidence.readings.items():
            if name not in known or known[name].at != reading.at:
                self.readings.append((self.now, reading))
        self.statuses.append(status)
        self.published.set()
        if flip is not None:
            self.flips.append((self.now, flip.after.code, flip.after.light.word))

    @property
    def now(self) -> float:
        """Seconds of the story."""
        return asyncio.get_running_loop().time() - BEGAN

    @property
    def status(self) -> Status:
        return self.statuses[-1]

    @property
    def shown(self) -> tuple[str, str]:
        return self.status.diagnosis.code, self.status.diagnosis.light.word

    @property
    def sessions(self) -> list[Conversation]:
        """The record of every connection that asked for a session."""
        return [c for c in self.gateway.conversations if START_API in c.messages]

    def seen(self, sensor: str) -> list[tuple[float, Symptom]]:
        """Return when the sensor's symptom changed to what, by the published evidence."""
        changes: list[tuple[float, Symptom]] = []
        for at, reading in self.readings:
            if reading.sensor == sensor and (not changes or changes[-1][1] is not reading.symptom):
                changes.append((at, reading.symptom))
        return changes

    async def until(self, moment: float) -> None:
        await asyncio.sleep(moment - self.now)

    async def until_it_shows(self, code: str, light: str, within: float) -> float:
        """Wait for it; return how many seconds it took."""
        began = self.now
        try:
            async with asyncio.timeout(within):
                while self.shown != (code, light):
                    self.published.clear()
                    await self.published.wait()
        except TimeoutError:
            raise AssertionError(f"not {code} {light} but {self.shown}: {self.flips}") from None
        return self.now - began


def play(
    story: Callable[[Story], Awaitable[None]],
    behaviour: Behaviour = HEALTHY,
    *,
    script: Script = ORDINARY,
    before: Callable[[Gateway], Awaitable[None]] | None = None,
    calendar: Calendar | None = None,
    **target: Any,
) -> Story:
    """Run a monitor with real sensors on a simulated Gateway while the story is told."""

    async def main() -> Story:
        loop = asyncio.get_running_loop()
        asyncio.set_event_loop(loop)  # ib_insync asks for the thread's loop, not the running one
        gateway, internet, connections = (
            Gateway(behaviour, script),
            ScriptedSensor(SensorName.INTERNET),
            ConnectionRegistry(),
        )
        # or the handshake would greet whatever IB's usual ports of this machine lead to
        elsewhere = ScriptedSensor(SensorName.LISTENER, Symptom.NOT_HERE)
        await gateway.start()
        if before is not None:
            await before(gateway)
        about = {"own_client_id": OWN_ID, "limits": Limits(), **target}
        monitor = Monitor(
            [Target("project", port=gateway.port, **about)],
            lambda: Sensors(
                (elsewhere, Handshake(connections), internet),
                (TlsProbe(connections), Session(connections), TwsSettings(connections)),
            ),
            clock=SteadyClock(wall=loop.time, monotonic=loop.time),
            calendar=calendar,
        )
        told = Story(gateway, monitor, internet)
        monitor.subscribe(told.hear)
        watching = asyncio.create_task(monitor.run())
        while not told.statuses:
            await asyncio.sleep(0)
        try:
            await story(told)
            assert not watching.done()
        finally:
            monitor.stop()
            await asyncio.gather(watching, return_exceptions=True)
            await gateway.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return told

    try:
        with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(IN_FLIGHT)) as runner:
            return runner.run(main())
    finally:
        asyncio.set_event_loop(None)
