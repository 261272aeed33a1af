"""The outlet that Prometheus collects from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from traymon.core.addresses import ListenAddress
from traymon.core.calendar import Calendar
from traymon.core.history import HistoryReader
from traymon.core.model import Status, Update
from traymon.core.target import Target
from traymon.outbound.metrics.exposition import Exposition
from traymon.outbound.metrics.reliability import ReliabilityRatios
from traymon.outbound.metrics.server import MetricsServer

LOOK_INTERVAL = 5.0  # seconds, at a target whose history may have to be read
MOST_WORK = 0.1  # the share of the time for which histories may be read


class Metrics:
    """Counts every update, and serves /metrics meanwhile."""

    name = "metrics"

    def __init__(
        self,
        address: ListenAddress,
        token: str,
        now: Callable[[], float],
        statuses: Callable[[], Sequence[Status]],
        reader: HistoryReader | None,
        calendar_of: Callable[[Target], Calendar],
        on_trouble: Callable[[str], None],
    ) -> None:
        """Without a `reader` there is no reliability to tell.

        `on_trouble` gets why nothing is served, and "" once it is.
        """
        self._statuses = statuses
        self._ratios = ReliabilityRatios(reader, now, calendar_of)
        self._exposition = Exposition(now, statuses, self._ratios.of)
        self._server = MetricsServer(
            address, token, self._exposition.text, on_trouble, self._read_histories
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
