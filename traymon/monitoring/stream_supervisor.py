"""Runs the streaming sensors of one target: starts them, restarts them, ends them politely."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from traymon.monitoring.sensor_runner import stream_sensor
from traymon.sensors.base import SensorContext, StreamingSensor

CRASH_RESTART_DELAY = 60.0  # seconds until a sensor that crashed is started again


class StreamSupervisor:
    """A task per streaming sensor. All methods are called on the monitor's loop."""

    def __init__(self, sensors: Sequence[StreamingSensor], context: SensorContext) -> None:
        self._sensors, self._context = sensors, context
        self._running: list[asyncio.Task[None]] = []
        self._closing: list[asyncio.Task[None]] = []  # cancelled, still closing their connections

    def restart(self) -> None:
        """End the running sensors and start all of them again. The new ones do not wait."""
        self.stop()
        self._running = [asyncio.create_task(self._run(sensor)) for sensor in self._sensors]

    def stop(self) -> None:
        """Tell the running sensors to end; they close their connections in the background."""
        for task in self._running:
            task.cancel()  # once: a second time would interrupt the closing
        closing = (*self._closing, *self._running)
        self._closing = [task for task in closing if not task.done()]
        self._running = []

    async def close(self) -> None:
        """End all sensors and wait until they have."""
        self.stop()
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def _run(self, sensor: StreamingSensor) -> None:
        while not await stream_sensor(sensor, self._context):
            await asyncio.sleep(CRASH_RESTART_DELAY)
