"""Keeps the running traymon's place while it runs: publishes its page, renews what was removed.

Uses a thread of its own, since all of it is disk work.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from traymon.storage.single_instance import Instance, InstanceInfo

log = logging.getLogger(__name__)

INTERVAL = 5.0  # seconds


class InstanceKeeper:
    """Keeps an instance's place from `start` to `stop`."""

    def __init__(self, instance: Instance, on_lost: Callable[[], None]) -> None:
        """`on_lost` is called, in the keeper's thread, if another process has taken the place."""
        self._instance, self._on_lost = instance, on_lost
        self._info: InstanceInfo | None = None
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="instance", daemon=True)

    def start(self) -> None:
        """Begin to keep it; returns at once."""
        self._thread.start()

    def publish(self, info: InstanceInfo) -> None:
        """Let other processes find the page; returns at once. From any thread."""
        self._info = info
        self._wake.set()

    def stop(self, timeout: float) -> None:
        """Leave the place alone from now on; wait for the thread for at most `timeout` seconds."""
        self._stopping = True
        self._wake.set()
        self._thread.join(timeout)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(INTERVAL)
            self._wake.clear()
            if self._stopping:
                return
            if not self._keep():
                self._on_lost()
                return

    def _keep(self) -> bool:
        info, self._info = self._info, None
        try:
            if info is not None:
                self._instance.publish(info)
            return self._instance.renew()
        except OSError as error:
            log.warning("other processes will not find the page: %s", error)
            return True
