"""Monitor a target for one purpose: run every sensor once, or run until a program may start.

`run_once` is behind `traymon check` and debounces nothing. `run_until` is behind `traymon wait`;
it has a monitor of its own, so it works with or without a running tray. Neither prints anything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from traymon.core.calendar import Calendar
from traymon.core.model import Evidence, Reading, Status, Update
from traymon.core.target import Target
from traymon.core.vocabulary import SERVED, WITHOUT_A_BYTE, Light, SensorName
from traymon.diagnosis.catalogue import diagnose
from traymon.diagnosis.checks import check_steps
from traymon.monitoring.monitor import Monitor
from traymon.monitoring.sensor_runner import poll_sensor, stream_sensor
from traymon.sensors import sensors_for_target
from traymon.sensors.base import ListOwnPrograms, StreamingSensor
from traymon.sensors.port_discovery import discover

T = TypeVar("T")

STREAMS_TIMEOUT = 20.0  # seconds for every streaming sensor to post its first reading
# Seconds after the start of a session in which TWS reports its links, or drops the session.
TWS_MESSAGES_DELAY = 1.5
IDS = "ids"
MUST_NOT_BE_RED = ("session", IDS)  # checks that fail while the light is red, whatever they see


def run_once(target: Target, list_own_programs: ListOwnPrograms = tuple) -> Status:
    """Run every sensor once and return the status.

    Takes a few seconds longer than the target's timeout.
    """
    return run_without_waiting_for_threads(_run_once(target, list_own_programs))


def run_without_waiting_for_threads(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, as asyncio.run does, but leave hung threads behind.

    A name server that never answers holds a thread for a minute or more.
    """
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(_Threads())
        return runner.run(main)


class _Threads(ThreadPoolExecutor):
    """Threads that nobody waits for at the end."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Start nothing new; return at once."""
        super().shutdown(wait=False, cancel_futures=True)


async def _run_once(target: Target, list_own_programs: ListOwnPrograms) -> Status:
    if target.discovered:
        target = await asyncio.to_thread(discover, target)
    context = _OneShotContext(target)
    sensors = sensors_for_target(list_own_programs)
    for sensor in sensors.polling:
        context.post(await poll_sensor(sensor, context.evidence))
    symptom = context.evidence.symptom(SensorName.HANDSHAKE)
    tls = [sensor for sensor in sensors.streaming if sensor.name is SensorName.TLS]
    if symptom in SERVED:
        await context.run_streams([sensor for sensor in sensors.streaming if sensor not in tls])
    elif symptom in WITHOUT_A_BYTE:
        await context.run_streams(tls)
    evidence, now = context.evidence, time.time()
    return Status(target, diagnose(evidence), now, now, evidence, checked_at=now, streak=1)


class _OneShotContext:
    """The evidence of one check. It is the context of the streaming sensors."""

    def __init__(self, target: Target) -> None:
        now = time.time()
        # an empty calendar: the user wants to know what is wrong now, even if it is expected
        self._evidence = Evidence(target, now).with_reading(Calendar().reading(now, None))
        self._arrived = asyncio.Event()
        self.check_requests = 1  # the check itself

    @property
    def evidence(self) -> Evidence:
        """The evidence as it is now."""
        return replace(self._evidence, now=time.time())

    def post(self, reading: Reading) -> None:
        """Add a reading to the evidence."""
        self._evidence = self._evidence.with_reading(replace(reading, at=time.time()))
        self._arrived.set()

    async def wait_for_update(self) -> None:
        """Wait for the next reading."""
        self._arrived.clear()
        await self._arrived.wait()

    async def run_streams(self, sensors: Sequence[StreamingSensor]) -> None:
        """Run streaming sensors until each has posted a reading, and a moment longer."""
        tasks = [asyncio.create_task(stream_sensor(sensor, self)) for sensor in sensors]
        with suppress(TimeoutError):  # the evidence shows which reading is missing
            async with asyncio.timeout(STREAMS_TIMEOUT):
                while any(sensor.name not in self._evidence.readings for sensor in sensors):
                    await self.wait_for_update()
                await asyncio.sleep(TWS_MESSAGES_DELAY)
        evidence = self._evidence  # a session that ends withdraws what it has reported
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._evidence = evidence


async def run_until(
    target: Target,
    need: str,
    timeout: float,
    list_own_programs: ListOwnPrograms,
    on_status: Callable[[Status], None],
) -> tuple[bool, Status | None]:
    """Monitor until every check up to `need` passes; return whether it does and the last status.

    Gives up after `timeout` seconds. `on_status` is called with every status; it must return at
    once.
    """
    sensors = partial(sensors_for_target, list_own_programs, always_asked=True)
    monitor = Monitor([target], sensors, discover)
    last: Status | None = None
    ready = False

    def on_update(update: Update) -> None:
        nonlocal last, ready
        last, ready = update.status, is_ready(update.status, need)
        if ready:
            monitor.stop()
        on_status(last)

    monitor.subscribe(on_update)
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            await monitor.run()
    return ready, last


def is_ready(status: Status, need: str) -> bool:
    """Tell whether every check up to `need` passes.

    Client IDs that were not checked pass only if the user has forbidden to try them.
    """
    if need in MUST_NOT_BE_RED and _is_or_may_be_red(status):
        return False
    evidence = status.evidence
    for step in check_steps(evidence):
        may_be_unknown = step.name == IDS and not evidence.target.try_ids
        if not step.passed and not (may_be_unknown and step.light is Light.GREY):
            return False
        if step.name == need:
            break
    return True


def _is_or_may_be_red(status: Status) -> bool:
    suspected = None if status.suspicion is None else status.suspicion.diagnosis.light
    return Light.RED in (status.diagnosis.light, suspected)
