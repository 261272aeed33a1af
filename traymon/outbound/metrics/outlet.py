"""The outlet that Prometheus collects from."""

from __future__ import annotations

import asyncio
import time

from traymon.core.alerts import MetricsAccess
from traymon.core.model import Update
from traymon.outbound.base import Surroundings
from traymon.outbound.metrics.exposition import Exposition
from traymon.outbound.metrics.reliability import ReliabilityRatios
from traymon.outbound.metrics.server import MetricsServer

LOOK_INTERVAL = 5.0  # seconds, at the targets whose history may have to be read
MOST_WORK = 0.1  # the share of the time in which histories may be read
NOT_SERVED = "Metrics cannot be collected: open the log"  # in the icon's menu


class Metrics:
    """Counts every update, and serves /metrics meanwhile."""

    name = "metrics"

    def __init__(self, access: MetricsAccess, around: Surroundings) -> None:
        self._statuses = around.statuses
        self._ratios = ReliabilityRatios(around.history, around.now, around.calendar_of)
        self._exposition = Exposition(around.now, around.statuses, self._ratios.of, around.attempts)
        self._server = MetricsServer(
            access,
            self._exposition.text,
            lambda why: around.report_trouble(NOT_SERVED if why else "", self.name),
            self._read_histories,
        )

    def start(self) -> None:
        """Begin to serve; returns at once."""
        self._server.start()

    def on_update(self, update: Update) -> None:
        """Count what is new in a status; returns at once."""
        self._exposition.take(update)

    def stop(self, timeout: float) -> None:
        """End it, for at most `timeout` seconds."""
        self._server.stop(timeout)

    @property
    def port(self) -> int | None:
        """The port while it is served."""
        return self._server.port

    async def _read_histories(self) -> None:
        """Keep the figures of the histories up to date, one target after the other."""
        while True:
            for status in filter(self._ratios.is_due, self._statuses()):
                began = time.monotonic()
                await asyncio.to_thread(self._ratios.read, status)
                await asyncio.sleep((time.monotonic() - began) / MOST_WORK)
            await asyncio.sleep(LOOK_INTERVAL)
