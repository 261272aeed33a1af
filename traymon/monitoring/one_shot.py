"""Monitor a target for one purpose: run every sensor once, or run until a program may start.

`run_once` is behind `traymon check` and debounces nothing. `run_until` is behind `traymon wait`;
it has a monitor of its own, so it works with or without a running tray. Neither prints anything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import starmap
from typing import Any, TypeVar

from traymon.core.calendar import Calendar
from traymon.core.gate import PLANNED, Closing, GateOptions, Why, judge
from traymon.core.model import Evidence, Reading, Status, Update
from traymon.core.target import Target
from traymon.core.vocabulary import SERVED, WITHOUT_A_BYTE, Light, SensorName, Symptom
from traymon.diagnosis.catalogue import diagnose
from traymon.diagnosis.checks import CheckStep, check_steps, steps_up_to
from traymon.monitoring.monitor import Monitor
from traymon.monitoring.sensor_runner import poll_sensor, stream_sensor
from traymon.sensors import sensors_for_target
from traymon.sensors.base import ListOwnPrograms, Sensors, StreamingSensor
from traymon.sensors.port_discovery import discover

T = TypeVar("T")

AT_ONCE = 8  # targets; each may take the process of a client library
STREAMS_TIMEOUT = 20.0  # seconds for every streaming sensor to post its first reading
# Seconds after the start of a session in which TWS reports its links, or drops the session.
TWS_MESSAGES_DELAY = 1.5
WELL_DELAY = 0.4  # the same once TWS has reported its data servers connected
IDS = "ids"
ON_REQUEST = {SensorName.TWS_SETTINGS}  # one more session, of which nobody needs to wait
MUST_NOT_BE_RED = ("session", IDS)  # checks that fail while the light is red, whatever they see


def run_once(
    target: Target,
    list_own_programs: ListOwnPrograms = tuple,
    library: StreamingSensor | None = None,
) -> Status:
    """Run every sensor once, and the `library` if one is to be let in; return the status.

    Takes a few seconds longer than the target's timeout.
    """
    (status,) = run_each_once([(target, library)], list_own_programs)
    return status


def run_each_once(
    looks: Iterable[tuple[Target, StreamingSensor | None]], list_own_programs: ListOwnPrograms
) -> list[Status]:
    """Do the same for several targets, side by side; return their statuses in this order."""
    return run_without_waiting_for_threads(_run_each_once(looks, list_own_programs))


def run_without_waiting_for_threads(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, as asyncio.run does, but leave hung threads behind.

    A name server that never answers holds a thread for a minute or more.
    """
    try:
        with asyncio.Runner() as runner:
            runner.get_loop().set_default_executor(_Threads())
            return runner.run(main)
    finally:
        main.close()  # Ctrl-C may come before it was begun, which Python would complain about


class _Threads(ThreadPoolExecutor):
    """Threads that nobody waits for at the end."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Start nothing new; return at once."""
        super().shutdown(wait=False, cancel_futures=True)


async def _run_each_once(
    looks: Iterable[tuple[Target, StreamingSensor | None]], list_own_programs: ListOwnPrograms
) -> list[Status]:
    places = asyncio.Semaphore(AT_ONCE)

    async def look(target: Target, library: StreamingSensor | None) -> Status:
        async with places:
            return await _run_once(target, list_own_programs, library)

    return await asyncio.gather(*starmap(look, looks))


async def _run_once(
    target: Target, list_own_programs: ListOwnPrograms, library: StreamingSensor | None
) -> Status:
    target = replace(target, program_grace=None)  # nobody waits for programs here
    if target.discovered:
        target = await asyncio.to_thread(discover, target)
    context = _OneShotContext(target)
    sensors = sensors_for_target(list_own_programs)
    for sensor in sensors.polling:
        context.post(await poll_sensor(sensor, context.evidence))
    symptom = context.evidence.symptom(SensorName.HANDSHAKE)
    tls = [sensor for sensor in sensors.streaming if sensor.name is SensorName.TLS]
    if symptom in SERVED:
        left_out = {SensorName.TLS} if target.tws_settings else {SensorName.TLS, *ON_REQUEST}
        others = [sensor for sensor in sensors.streaming if sensor.name not in left_out]
        await context.run_streams(others, [library] if library else [])
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
        self.settings_requests = int(target.tws_settings)

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

    async def run_streams(
        self, sensors: Sequence[StreamingSensor], beside: Sequence[StreamingSensor] = ()
    ) -> None:
        """Run streaming sensors until each has posted a reading, and until TWS has had its say.

        That does not wait for those that run `beside`.
        """
        tasks = [asyncio.create_task(stream_sensor(s, self)) for s in (*sensors, *beside)]
        with suppress(TimeoutError):  # the evidence shows which reading is missing
            async with asyncio.timeout(STREAMS_TIMEOUT):
                await self._wait_for_readings(sensors)
                await self._let_tws_report()
                await self._wait_for_readings(beside)
        evidence = self._evidence  # a session that ends withdraws what it has reported
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._evidence = evidence

    async def _let_tws_report(self) -> None:
        """Wait for what TWS reports over the session, and whether it keeps it."""
        if self._evidence.target.own_client_id is None:  # no session is wanted
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(TWS_MESSAGES_DELAY):
                while True:
                    while not _tws_reports_well(self.evidence):
                        await self.wait_for_update()
                    await asyncio.sleep(WELL_DELAY)
                    if _tws_reports_well(self.evidence):
                        return

    async def _wait_for_readings(self, sensors: Sequence[StreamingSensor]) -> None:
        while any(sensor.name not in self._evidence.readings for sensor in sensors):
            await self.wait_for_update()


def _tws_reports_well(evidence: Evidence) -> bool:
    """Tell whether TWS has answered a heartbeat and reported data servers, none of them down."""
    found = [evidence.symptom(name) for name in (SensorName.SESSION, SensorName.FARMS)]
    link = evidence.symptom(SensorName.LINK)
    return found == [Symptom.OK, Symptom.OK] and link in (Symptom.OK, Symptom.UNKNOWN)


@dataclass(frozen=True, slots=True)
class StartRule:
    """What must hold before a program is started: every check up to `need`, and the gate."""

    need: str
    calendar: Calendar
    options: GateOptions

    def holds(self, status: Status) -> bool:
        """Tell whether a program may be started now."""
        return is_ready(status, self.need) and not self.closings(status)

    def closings(self, status: Status) -> list[Closing]:
        """Return why the gate is closed to a program that has not been started yet.

        Below the last check only the calendar counts. A session that the user does without does
        not close it.
        """
        gate = judge(status, self.calendar, status.evidence.now, self.options)
        if self.need != IDS:
            return [closing for closing in gate.reasons if closing.why in PLANNED]
        return [closing for closing in gate.reasons if closing.why is not Why.SESSION_OFF]


async def run_until(
    target: Target,
    rule: StartRule,
    timeout: float,
    list_own_programs: ListOwnPrograms,
    on_status: Callable[[Status], None],
    library: StreamingSensor | None = None,
) -> tuple[bool, Status | None]:
    """Monitor until a program may be started; return whether it may and the last status.

    Gives up after `timeout` seconds. `on_status` is called with every status; it must return at
    once. If `library` is given, a client library must be let in too, as a part of the session.
    """

    def sensors() -> Sensors:
        usual = sensors_for_target(list_own_programs, always_asked=True)
        streaming = [sensor for sensor in usual.streaming if sensor.name not in ON_REQUEST]
        return replace(usual, streaming=(*streaming, *([library] if library else ())))

    monitor = Monitor([replace(target, program_grace=None)], sensors, discover)
    last: Status | None = None
    ready = False

    def on_update(update: Update) -> None:
        nonlocal last, ready
        last = update.status
        ready = rule.holds(last) and not (library and _not_let_in_yet(last, rule.need))
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
    steps: Sequence[CheckStep] = check_steps(evidence)
    if any(step.name == need for step in steps):
        steps = steps_up_to(steps, need)
    for step in steps:
        may_be_unknown = step.name == IDS and not evidence.target.try_ids
        if step.skipped or (may_be_unknown and step.light is Light.GREY):
            continue
        if not step.passed:
            return False
    return True


def _not_let_in_yet(status: Status, need: str) -> bool:
    """Tell whether the client library, which comes with the session, has not been tried yet."""
    tried = SensorName.CLIENT_LIBRARY in status.evidence.readings
    return need in MUST_NOT_BE_RED and not tried


def _is_or_may_be_red(status: Status) -> bool:
    suspected = None if status.suspicion is None else status.suspicion.diagnosis.light
    return Light.RED in (status.diagnosis.light, suspected)
