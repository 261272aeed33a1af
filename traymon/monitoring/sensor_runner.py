"""Runs a sensor's own code, so that a crash becomes a reading and the other sensors go on.

The only broad `except` around sensors. Decides nothing.
"""

from __future__ import annotations

import asyncio
import logging
import time

from traymon.core.facts import NO_FACTS, Fact, Facts
from traymon.core.model import Evidence, Reading
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sensors.base import PollingSensor, SensorContext, StreamingSensor

log = logging.getLogger(__name__)


async def poll_sensor(sensor: PollingSensor, evidence: Evidence) -> Reading:
    """Poll a sensor once. If it raises, or does not return in time, the reading is CRASHED."""
    max_duration = 15.0 + 3 * evidence.target.limits.timeout
    started = time.perf_counter()
    try:
        async with asyncio.timeout(max_duration):
            return await sensor.poll(evidence)
    except Exception as error:
        return _crashed(sensor.name, error, time.perf_counter() - started)


async def stream_sensor(sensor: StreamingSensor, context: SensorContext) -> bool:
    """Run a streaming sensor; return False if it raised, which it then posts as a reading."""
    try:
        await sensor.run(context)
    except Exception as error:
        context.post(_crashed(sensor.name, error))
        return False
    return True


def _crashed(name: SensorName, error: Exception, took: float = 0.0) -> Reading:
    log.exception("sensor %s crashed", name)
    detail = f"{type(error).__name__}: {error}"
    return Reading(name, Symptom.CRASHED, detail, _log_file(), took)


def _log_file() -> Facts:
    """Return where the traceback went, if the log goes into a file."""
    files = (getattr(handler, "baseFilename", None) for handler in logging.getLogger().handlers)
    path = next((path for path in files if path), None)
    return {Fact.LOG_FILE: path} if path else NO_FACTS
