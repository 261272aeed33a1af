"""One look by every sensor, for `traymon check`: no waiting, no settling.

Prints nothing; the status is the same that the tray would show if it held.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

from traymon.core.model import Evidence, FactValue, IdUse, Program, Reading, Status, Symptom, Target
from traymon.core.time_windows import Calendar
from traymon.diagnosis import fix_pages
from traymon.diagnosis.catalogue import diagnose
from traymon.diagnosis.checks import Rung
from traymon.diagnosis.conditions import HANDSHAKE
from traymon.diagnosis.fix_pages import clean
from traymon.monitoring.sensor_runner import guarded_hold, guarded_look
from traymon.sensors import HeldSensor, OwnPrograms, sensors_for_one_target
from traymon.sensors.port_discovery import discover
from traymon.ui import presenter

HOLD_TIMEOUT = 20.0  # seconds for a session to begin
FARM_NOTICES = 0.5  # seconds in which TWS says how its links stand, right after the start
SCHEMA = 1  # of as_json; raised when a field changes its meaning or goes away


def check(target: Target, own_programs: OwnPrograms | None = None) -> Status:
    """Look once at the target and return what is so; a few seconds longer than its timeout.

    `own_programs` are those that the user called his own.
    """
    return asyncio.run(_check(target, own_programs))


async def _check(target: Target, own_programs: OwnPrograms | None) -> Status:
    if target.discovered:
        target = await asyncio.to_thread(discover, target)
    view = _OneLook(target)
    sensors = sensors_for_one_target(own_programs)
    for sensor in sensors.looking:
        view.post(await guarded_look(sensor, view.evidence))
    if view.evidence.symptom(HANDSHAKE) in (Symptom.OK, Symptom.SLOW):
        await view.hold(sensors.held)
    evidence, now = view.evidence, time.time()
    return Status(target, diagnose(evidence), now, now, evidence, checked_at=now, looks=1)


class _OneLook:
    """The evidence of one check, and what a held sensor sees of it."""

    def __init__(self, target: Target) -> None:
        now = time.time()  # who asks now wants what is seen, whatever is expected at this time
        self._evidence = Evidence(target, now).with_reading(Calendar().reading(now, None))
        self._arrived = asyncio.Event()
        self.asked = 1  # whoever checks wants an answer now

    @property
    def evidence(self) -> Evidence:
        """The evidence as it is now."""
        return replace(self._evidence, now=time.time())

    def post(self, reading: Reading) -> None:
        """Take a reading in."""
        self._evidence = self._evidence.with_reading(replace(reading, at=time.time()))
        self._arrived.set()

    async def news(self) -> None:
        """Wait for the next reading."""
        self._arrived.clear()
        await self._arrived.wait()

    async def hold(self, sensors: Sequence[HeldSensor]) -> None:
        """Let the held sensors run until each has said how it stands, and a moment longer."""
        holding = [asyncio.create_task(guarded_hold(sensor, self)) for sensor in sensors]
        with suppress(TimeoutError):  # the evidence says that nothing came
            async with asyncio.timeout(HOLD_TIMEOUT):
                while any(sensor.name not in self._evidence.readings for sensor in sensors):
                    await self.news()
                await asyncio.sleep(FARM_NOTICES)
        seen = self._evidence  # before the goodbye, which takes back what the session said
        for task in holding:
            task.cancel()
        await asyncio.gather(*holding, return_exceptions=True)
        self._evidence = seen


def as_json(status: Status, test: Rung | None = None) -> dict[str, Any]:
    """Return the status as plain values; docs/check-json.md describes them.

    `test` is the one that alone was asked for.
    """
    target, now = status.target, status.evidence.now
    facts, page = presenter.facts_of(status, now), fix_pages.page(status.diagnosis.code)
    only = {} if test is None else {"test": test.name, "passed": test.passed}
    return {
        "schema": SCHEMA,
        **only,
        "target": {
            "name": target.name,
            "host": target.host,
            "port": target.port,
            "discovered": target.discovered,
            "env_file": target.env_file,
        },
        "light": status.diagnosis.light.word,
        "code": status.diagnosis.code,
        "headline": fix_pages.fill(page.headline, facts),
        "in_short": fix_pages.fill(page.in_short, facts),
        "notices": presenter.silence(status, now),
        "market": presenter.closing(status, now),
        "readings": [
            {
                "sensor": reading.sensor,
                "symptom": str(reading.symptom),
                "detail": clean(reading.detail),
                "facts": {str(fact): _masked(value) for fact, value in reading.facts.items()},
                "took_s": round(reading.took, 6),
            }
            for reading in status.evidence.readings.values()
        ],
    }


def _masked(value: FactValue | Program | IdUse) -> Any:
    """Return a fact's value as JSON knows it, without control characters or account numbers."""
    if isinstance(value, tuple):
        return [_masked(item) for item in value]
    if isinstance(value, Program | IdUse):
        return {key.name: _masked(getattr(value, key.name)) for key in fields(value)}
    return clean(value) if isinstance(value, str) else value
