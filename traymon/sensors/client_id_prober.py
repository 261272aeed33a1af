"""Make the probes of one target, each right after a look at the process list."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from traymon.core.target import Target
from traymon.sensors.client_id_gate import Reason, Refusal
from traymon.sensors.client_id_ledger import Links
from traymon.sensors.client_id_probe import ProbeResult, probe_client_id
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.processes import Processes
from traymon.sensors.turned_away import RejectionSeries

log = logging.getLogger(__name__)


class Prober:
    """Makes the probes of one target and counts them."""

    def __init__(self, connections: ConnectionRegistry, processes: Processes) -> None:
        self._connections, self._processes = connections, processes
        self.count = 0

    async def check_processes(
        self, target: Target, links: Links, series: RejectionSeries | None
    ) -> Refusal | None:
        """Read the process list; return a refusal if a program may be about to connect."""
        await asyncio.to_thread(self._processes.scan_all, target)
        program = self._processes.find_about_to_connect(links, series)
        return None if program is None else Refusal(Reason.PROGRAM_STARTING, program)

    async def probe(
        self, target: Target, client_id: int, still_safe: Callable[[], bool]
    ) -> ProbeResult:
        """Probe an ID; right before it is sent, `still_safe` must return True."""
        self.count += 1
        result = await probe_client_id(target, client_id, self._connections, still_safe)
        log.info("tried client ID %s: %s", client_id, result.detail)
        return result
