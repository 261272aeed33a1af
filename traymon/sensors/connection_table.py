"""Who is connected to the target's port, read from the socket table at a pace that stays cheap."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from traymon.core.polling import MAX_CPU_SHARE
from traymon.core.target import Target
from traymon.sensors.client_id_gate import TableAge
from traymon.sensors.client_id_ledger import NO_LINKS, Links
from traymon.sensors.client_id_report import link_text
from traymon.sensors.processes import Connected
from traymon.sensors.turned_away import RejectionLog

log = logging.getLogger(__name__)

TABLE_INTERVAL = 5.0  # seconds between two reads, at least
UNREADABLE_INTERVAL = 60.0  # seconds before another attempt, if the table cannot be read
BURST_DURATION = 30.0  # seconds of frequent reads after a program of the user's own has started


class ConnectionTable:
    """The connections of one port session, as they were last read."""

    def __init__(
        self,
        read_connections: Callable[[Target], Connected | None],
        settle_time: float,
        interval: float,
    ) -> None:
        self._read_connections = read_connections
        self._settle_time, self._interval = settle_time, interval
        self.links: Links = NO_LINKS
        self.readable = True
        self.age = TableAge()
        self.rejections = RejectionLog()
        self._next_read: float | None = None  # None: at once
        self._burst_until: float | None = None

    def start_burst(self, now: float) -> None:
        """Read the table often for a while, because a program may be about to connect."""
        self._burst_until = now + BURST_DURATION

    def is_due(self, now: float) -> bool:
        """Return whether it is time to read the table."""
        if self._next_read is None or now >= self._next_read:
            return True
        return self._burst_until is not None and now < self._burst_until

    async def read(self, target: Target) -> bool:
        """Read the table in a thread; return whether it could be read."""
        connected = await asyncio.to_thread(self._read_connections, target)
        now = time.monotonic()
        if connected is None:
            self.readable, self._next_read = False, now + UNREADABLE_INTERVAL
            return False
        first_read = self.age.read_at is None
        self.readable, self.age = True, replace(self.age, read_at=now)
        self.rejections.update(time.time(), connected.rejected_ports)
        if not first_read and _own_pids(connected.links) - _own_pids(self.links):
            self.rejections.restart()  # a program of the user's got in, so the rest is history
        if connected.links != self.links:
            who = ", ".join(link_text(link) for link in connected.links)
            log.info("connected: %s", who or "nobody else")
            self.links, self.age = connected.links, TableAge(now, now)
        self._next_read = now + max(self._interval, connected.cost / MAX_CPU_SHARE)
        return True

    def read_again_once_settled(self) -> None:
        """Read the table as soon as a change can have settled, if that is earlier than planned."""
        read_at, changed_at = self.age.read_at, self.age.changed_at
        if read_at is None or self._next_read is None:
            return
        settled_at = read_at if changed_at is None else changed_at + self._settle_time
        self._next_read = min(self._next_read, max(settled_at, read_at))


def _own_pids(links: Links) -> set[int | None]:
    return {link.program.pid for link in links if link.program.own}
