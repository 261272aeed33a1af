"""Look at a target for one purpose: run every sensor once, or run until a program may start.

Prints nothing. `run_once` is behind `traymon check`: no debouncing. `run_until` is behind
`traymon wait`; it has a monitor of its own, so that it works with or without a running tray.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from traymon.core.calendar import Calendar
from traymon.core.model import Evidence, Reading, Status, Update
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.diagnosis.catalogue import diagnose
from traymon.diagnosis.checks import check_steps
from traymon.monitoring.monitor import Monitor
from traymon.monitoring.sensor_runner import poll_sensor, stream_sensor
from traymon.sensors import sensors_for_target
from traymon.sensors.base import ListOwnPrograms, StreamingSensor
from traymon.sensors.port_discovery import discover

HOLD_TIMEOUT = 20.0  # seconds for a session to begin
FARM_NOTICES = 0.5  # seconds in which TWS says how its links stand, right after the start
IDS = "ids"
FREE_TO_START = ("session", IDS)  # tests after which a red light still forbids the start


def run_once(target: Target, list_own_programs: ListOwnPrograms = tuple) -> Status:
    """Look once at the target and return what is so; a few seconds longer than its timeout."""
    return asyncio.run(_run_once(target, list_own_programs))


async def _run_once(target: Target, list_own_programs: ListOwnPrograms) -> Status:
    if target.discovered:
        target = await asyncio.to_thread(discover, target)
    context = _OneLook(target)
    sensors = sensors_for_target(list_own_programs)
    for sensor in sensors.polling:
        context.post(await poll_sensor(sensor, context.evidence))
    if context.evidence.symptom(SensorName.HANDSHAKE) in (Symptom.OK, Symptom.SLOW):
        await context.hold(sensors.streaming)
    evidence, now = context.evidence, time.time()
    return Status(target, diagnose(evidence), now, now, evidence, checked_at=now, looks=1)


class _OneLook:
    """The evidence of one check, and what a held sensor sees of it."""

    def __init__(self, target: Target) -> None:
        now = time.time()  # who asks now wants what is seen, whatever is expected at this time
        self._evidence = Evidence(target, now).with_reading(Calendar().reading(now, None))
        self._arrived = asyncio.Event()
        self.check_requests = 1  # whoever checks wants an answer now

    @property
    def evidence(self) -> Evidence:
        """The evidence as it is now."""
        return replace(self._evidence, now=time.time())

    def post(self, reading: Reading) -> None:
        """Take a reading in."""
        self._evidence = self._evidence.with_reading(replace(reading, at=time.time()))
        self._arrived.set()

    async def wait_for_update(self) -> None:
        """Wait for the next reading."""
        self._arrived.clear()
        await self._arrived.wait()

    async def hold(self, sensors: Sequence[StreamingSensor]) -> None:
        """Let the held sensors run until each has said how it stands, and a moment longer."""
        holding = [asyncio.create_task(stream_sensor(sensor, self)) for sensor in sensors]
        with suppress(TimeoutError):  # the evidence says that nothing came
            async with asyncio.timeout(HOLD_TIMEOUT):
                while any(sensor.name not in self._evidence.readings for sensor in sensors):
                    await self.wait_for_update()
                await asyncio.sleep(FARM_NOTICES)
        seen = self._evidence  # before the goodbye, which takes back what the session said
        for task in holding:
            task.cancel()
        await asyncio.gather(*holding, return_exceptions=True)
        self._evidence = seen


async def run_until(
    target: Target,
    need: str,
    timeout: float,
    list_own_programs: ListOwnPrograms,
    tell: Callable[[Status], None],
) -> tuple[bool, Status | None]:
    """Look until every test up to `need` has passed; return whether it did, and the last status.

    Gives up after `timeout` seconds. `tell` hears of every status meanwhile; it must return at
    once.
    """
    monitor = Monitor([target], partial(sensors_for_target, list_own_programs), discover)
    last: Status | None = None
    good = False

    def hear(update: Update) -> None:
        nonlocal last, good
        status = update.status
        last, good = status, is_good(status, need)
        tell(status)
        if good:
            monitor.stop()

    monitor.subscribe(hear)
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            await monitor.run()
    return good, last


def is_good(status: Status, need: str) -> bool:
    """Tell whether every test up to `need` has passed, of which the client IDs are the last.

    IDs that are not known pass only where the user has forbidden to try them.
    """
    evidence = status.evidence
    if need in FREE_TO_START and Light.RED in (
        status.diagnosis.light,
        status.suspicion.diagnosis.light if status.suspicion else Light.GREY,
    ):
        return False
    for step in check_steps(evidence):
        may_be_unknown = step.name == IDS and not evidence.target.try_ids
        if not step.passed and not (may_be_unknown and step.light is Light.GREY):
            return False
        if step.name == need:
            break
    return True
