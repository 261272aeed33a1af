"""Runs a sensor's own code so that its failure is a reading and the others go on.

The only broad catch around sensors; it decides nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time

from traymon.core.facts import NO_FACTS, Fact, Facts
from traymon.core.model import Evidence, Reading
from traymon.core.vocabulary import Symptom
from traymon.sensors.base import PollingSensor, SensorContext, StreamingSensor

log = logging.getLogger(__name__)


async def poll_sensor(sensor: PollingSensor, evidence: Evidence) -> Reading:
    """Let a sensor look once. What it raises, or a look without end, is a reading: CRASHED."""
    bound = 15.0 + 3 * evidence.target.limits.timeout
    started = time.perf_counter()
    try:
        async with asyncio.timeout(bound):
            return await sensor.poll(evidence)
    except Exception as error:
        log.exception("sensor %s crashed", sensor.name)
        words = f"{type(error).__name__}: {error}"
        took = time.perf_counter() - started
        return Reading(sensor.name, Symptom.CRASHED, words, _log_file(), took)


async def stream_sensor(sensor: StreamingSensor, context: SensorContext) -> bool:
    """Let a held sensor run; return whether it ended by itself. What it raises is a reading."""
    try:
        await sensor.run(context)
    except Exception as error:
        log.exception("sensor %s crashed", sensor.name)
        words = f"{type(error).__name__}: {error}"
        context.post(Reading(sensor.name, Symptom.CRASHED, words, _log_file()))
        return False
    return True


def _log_file() -> Facts:
    """Return where the traceback went, if it went into a file."""
    files = (getattr(handler, "baseFilename", None) for handler in logging.getLogger().handlers)
    path = next((path for path in files if path), None)
    return {Fact.LOG_FILE: path} if path else NO_FACTS
