"""Asks once a week for the newest release of traymon, and says so if it is newer than this one."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from traymon import __version__
from traymon.core.releases import NewRelease, Releases, is_due, is_newer
from traymon.outbound.answer import Verdict
from traymon.outbound.courier import Courier

log = logging.getLogger(__name__)

SETTLED = 120.0  # seconds after the start; at login there may be no network before
INTERVAL = 3600.0  # seconds between two looks at the calendar


class Memory(Protocol):
    """Keeps across restarts what was asked and answered."""

    def release_asked_at(self) -> float:
        """Return when it was asked last, in epoch seconds; 0: never."""

    def newest_release(self) -> str:
        """Return the newest version that was heard of; "": none."""

    def keep_release(self, asked_at: float, newest: str) -> None:
        """Keep both."""


class UpdateHint:
    """The hint that a newer traymon was released."""

    def __init__(
        self,
        releases: Releases,
        memory: Memory,
        show: Callable[[], None],
        now: Callable[[], float] = time.time,
        courier: Courier | None = None,
        settled: float = SETTLED,
    ) -> None:
        """`show` is called after every answer; `now` gives epoch seconds."""
        self._releases, self._memory, self._show, self._now = releases, memory, show, now
        self._courier, self._settled = courier or Courier(), settled
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="update hint", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End within `timeout` seconds; a question that is under way is broken off."""
        self._stopped.set()
        self._courier.stop()
        with suppress(RuntimeError):  # it was never started
            self._thread.join(timeout)

    def newer(self) -> NewRelease | None:
        """Return the newest release if it is newer than this traymon."""
        version = self._memory.newest_release()
        return NewRelease(version, self._releases.page) if is_newer(version, __version__) else None

    def _run(self) -> None:
        pause = self._settled
        while not self._stopped.wait(pause):
            pause = INTERVAL
            now, newest = self._now(), self._memory.newest_release()
            if not is_due(self._memory.release_asked_at(), now):
                continue
            # first, so that whatever becomes of the question there is one a week
            self._memory.keep_release(now, newest)
            answer = self._courier.send({"kind": "release", "url": self._releases.latest})
            if answer.verdict is Verdict.DELIVERED:
                log.info("the newest release of traymon is %s", answer.said)
                self._memory.keep_release(now, answer.said)
                self._show()
            elif not self._stopped.is_set():
                log.warning("which release of traymon is the newest is not known: %s", answer.why)
