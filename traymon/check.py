"""One look by every sensor, for `traymon check`: no waiting, no settling.

Prints nothing; the status is the same that the tray would show if it held.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

from traymon.diagnosis import fixes
from traymon.diagnosis.catalogue import diagnose
from traymon.diagnosis.fixes import clean
from traymon.diagnosis.ladder import Rung
from traymon.model import Evidence, Status, Target
from traymon.monitor import guarded_look
from traymon.sensors import sensors_for_one_target
from traymon.sensors.discover import discover
from traymon.ui import view

SCHEMA = 1  # of as_json; raised when a field changes its meaning or goes away


def check(target: Target) -> Status:
    """Look once at the target and return what is so; a few seconds longer than its timeout."""
    return asyncio.run(_check(target))


async def _check(target: Target) -> Status:
    if target.discovered:
        target = await asyncio.to_thread(discover, target)
    evidence = Evidence(target, time.time())
    for sensor in sensors_for_one_target():
        reading = await guarded_look(sensor, evidence)
        now = time.time()
        evidence = replace(evidence, now=now).with_reading(replace(reading, at=now))
    now = evidence.now
    return Status(target, diagnose(evidence), now, now, evidence, checked_at=now, looks=1)


def as_json(status: Status, test: Rung | None = None) -> dict[str, Any]:
    """Return the status as plain values; docs/check-json.md describes them.

    `test` is the one that alone was asked for.
    """
    target, now = status.target, status.evidence.now
    facts, page = view.facts_of(status, now), fixes.page(status.diagnosis.code)
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
        "headline": fixes.fill(page.headline, facts),
        "in_short": fixes.fill(page.in_short, facts),
        "readings": [
            {
                "sensor": reading.sensor,
                "symptom": str(reading.symptom),
                "detail": clean(reading.detail),
                "facts": {str(fact): value for fact, value in reading.facts.items()},
                "took_s": round(reading.took, 6),
            }
            for reading in status.evidence.readings.values()
        ],
    }
