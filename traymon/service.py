"""The monitor and the live page, which share an event loop in a thread, and their watchdog.

Knows no other surface.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable

from traymon.monitoring.monitor import Monitor
from traymon.monitoring.watchdog import Watchdog
from traymon.ui.web.server import LivePage

log = logging.getLogger(__name__)


class Service:
    """Runs the monitor, and serves the page meanwhile."""

    def __init__(
        self,
        monitor: Monitor,
        page: LivePage,
        on_stall: Callable[[], None],
        on_page: Callable[[int], None],
    ) -> None:
        """`on_stall` is called while the monitor does nothing, `on_page` once the page is served.

        `on_page` gets the page's port, on the loop.
        """
        self.page = page
        self._monitor, self._on_stall, self._on_page = monitor, on_stall, on_page
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)
        self._watchdog = Watchdog(on_stall)

    def start(self) -> None:
        """Begin to monitor; returns at once."""
        self._monitor.subscribe(lambda update: self._watchdog.beat())
        self._thread.start()
        self._watchdog.watch(self._thread)

    def stop(self, timeout: float) -> None:
        """End it, for at most `timeout` seconds."""
        self._watchdog.stop()
        self._monitor.stop()
        self._thread.join(timeout)
        if self._thread.is_alive():
            log.warning("the monitor did not end within %.0f s", timeout)

    def _run(self) -> None:
        try:
            asyncio.run(self._monitor_and_serve())
        except Exception:
            log.exception("the monitor ended; traymon has stopped looking")
            self._on_stall()  # at once: the surfaces must not stay green

    async def _monitor_and_serve(self) -> None:
        """Run the monitor, and the page for as long."""
        serving = asyncio.create_task(self._serve())
        try:
            await self._monitor.run()
        finally:
            self.page.stop()
            await serving

    async def _serve(self) -> None:
        try:
            await self.page.serve(self._announce_page)
        except Exception:
            log.exception("the page cannot be served; the static one is shown instead")

    def _announce_page(self, port: int) -> None:
        log.info("the page is served on port %s", port)
        self._on_page(port)
