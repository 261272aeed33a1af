"""Watch the configured client IDs: is one taken, and by which program?

The Gateway never says which IDs are in use; it only refuses the second user of one. Probing a
trading program's ID while it is free could itself cause the clash. So an ID is probed only while
somebody else is connected, once after each change of who that is and only when the change has been
stable for some seconds, and when the user asks; never while a program of theirs may be about to
connect. What was not probed is not checked, and never counts as free.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial

from traymon.core.model import Reading
from traymon.core.vocabulary import SERVED, SensorName, Symptom
from traymon.sensors.base import ListOwnPrograms, SensorContext
from traymon.sensors.client_id_prober import Prober
from traymon.sensors.client_id_session import SETTLE_TIME, PortSession
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.connection_table import TABLE_INTERVAL
from traymon.sensors.processes import Processes

POLL_INTERVAL = 2.0  # seconds between two scans for new processes; one costs 0.2 ms


class ClientIds:
    """Watches who is connected, and probes the configured IDs if that disturbs nobody."""

    name = SensorName.CLIENT_IDS

    def __init__(
        self,
        connections: ConnectionRegistry,
        list_own_programs: ListOwnPrograms,
        settle_time: float = SETTLE_TIME,
        poll_interval: float = POLL_INTERVAL,
        table_interval: float = TABLE_INTERVAL,
        *,
        always_asked: bool = False,
    ) -> None:
        """`always_asked`: the user waits for the answer, as in `traymon wait`."""
        processes = Processes(connections, list_own_programs)
        self._prober = Prober(connections, processes)
        self._new_session = partial(
            PortSession, processes, self._prober, settle_time, table_interval, always_asked
        )
        self._poll_interval = poll_interval

    @property
    def probe_count(self) -> int:
        """The number of probes so far."""
        return self._prober.count

    async def run(self, context: SensorContext) -> None:
        """Watch until cancelled and post what is seen."""
        target = context.evidence.target
        if not target.client_ids:
            context.post(Reading(self.name, Symptom.UNKNOWN, "no client IDs are configured"))
            return
        session = self._new_session(target, handled_requests=0)
        while True:
            target = context.evidence.target
            served = context.evidence.symptom(SensorName.HANDSHAKE) in SERVED
            if not served or target.address != session.address:
                # a request that met a closed port is answered by that; no ID is tried hours later
                session = self._new_session(target, handled_requests=context.check_requests)
            if served:
                await session.step(context, target)
            else:
                reading = Reading(self.name, Symptom.UNKNOWN, "the port does not answer")
                session.post(context, reading)
            await self._wait(context)

    async def _wait(self, context: SensorContext) -> None:
        """Wait for the next poll, or until the user asks for a check."""
        check_requests = context.check_requests
        with suppress(TimeoutError):
            async with asyncio.timeout(self._poll_interval):
                while context.check_requests == check_requests:
                    await context.wait_for_update()
