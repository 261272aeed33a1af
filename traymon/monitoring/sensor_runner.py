"""Runs a sensor's own code so that its failure is a reading and the others go on.

The only broad catch around sensors; it decides nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time

from traymon.core.model import NO_FACTS, Evidence, Fact, Facts, Reading, Symptom
from traymon.sensors import HeldSensor, Sensor, View

log = logging.getLogger(__name__)


async def guarded_look(sensor: Sensor, evidence: Evidence) -> Reading:
    """Let a sensor look once. What it raises, or a look without end, is a reading: CRASHED."""
    bound = 15.0 + 3 * evidence.target.limits.timeout
    started = time.perf_counter()
    try:
        async with asyncio.timeout(bound):
            return await sensor.look(evidence)
    except Exception as error:
        log.exception("sensor %s crashed", sensor.name)
        words = f"{type(error).__name__}: {error}"
        took = time.perf_counter() - started
        return Reading(sensor.name, Symptom.CRASHED, words, _log_file(), took)


async def guarded_hold(sensor: HeldSensor, view: View) -> bool:
    """Let a held sensor run; return whether it ended by itself. What it raises is a reading."""
    try:
        await sensor.run(view)
    except Exception as error:
        log.exception("sensor %s crashed", sensor.name)
        words = f"{type(error).__name__}: {error}"
        view.post(Reading(sensor.name, Symptom.CRASHED, words, _log_file()))
        return False
    return True


def _log_file() -> Facts:
    """Return where the traceback went, if it went into a file."""
    files = (getattr(handler, "baseFilename", None) for handler in logging.getLogger().handlers)
    path = next((path for path in files if path), None)
    return {Fact.LOG_FILE: path} if path else NO_FACTS
