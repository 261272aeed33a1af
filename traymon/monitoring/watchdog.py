"""Notices that the monitor's loop stands still: a light that nobody renews must not stay green."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable

log = logging.getLogger(__name__)

EVERY = 5.0  # seconds between two looks, as long as the monitor's own tick
MOST_MISSED = 4  # looks in a row without a sign of life; counted, since a sleep skips looks too


class Watchdog:
    """Watches from a thread of its own."""

    def __init__(self, on_stall: Callable[[], None], every: float = EVERY) -> None:
        """`on_stall` is called with every look for as long as there are no signs of life."""
        self._on_stall, self._every = on_stall, every
        self._beats = 0
        self._stopped = threading.Event()

    def beat(self) -> None:
        """Give a sign of life; from any thread."""
        self._beats += 1

    def watch(self, thread: threading.Thread) -> None:
        """Begin to watch; `thread` is the one whose stack the log shows when it stands still."""
        threading.Thread(target=self._watch, args=(thread,), name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """End it."""
        self._stopped.set()

    def _watch(self, thread: threading.Thread) -> None:
        seen, missed = self._beats, 0
        while not self._stopped.wait(self._every):
            if self._beats != seen:
                seen, missed = self._beats, 0
                continue
            missed += 1
            if missed == MOST_MISSED:
                log.error("no sign of life of the monitor; %s", _where(thread))
            if missed >= MOST_MISSED:
                self._on_stall()


def _where(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0) if thread.is_alive() else None
    if frame is None:
        return "its thread has ended"
    return "it stands at:\n" + "".join(traceback.format_stack(frame))
