"""Notices that the monitor's loop is stuck: a light that nobody renews must not stay green."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable

log = logging.getLogger(__name__)

INTERVAL = 5.0  # seconds, as long as the monitor's own tick
MAX_MISSED_BEATS = 4  # in a row; counted, not timed, since a machine that sleeps misses time too


class Watchdog:
    """Watches for beats from a thread of its own."""

    def __init__(self, on_stall: Callable[[], None], interval: float = INTERVAL) -> None:
        """`on_stall` is called once per interval while there are no beats."""
        self._on_stall, self._interval = on_stall, interval
        self._beats = 0
        self._stopped = threading.Event()

    def beat(self) -> None:
        """Show that the loop is alive. Thread-safe."""
        self._beats += 1

    def watch(self, thread: threading.Thread) -> None:
        """Start watching. If `thread` gets stuck, its stack is logged."""
        threading.Thread(target=self._watch, args=(thread,), name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        self._stopped.set()

    def _watch(self, thread: threading.Thread) -> None:
        seen, missed = self._beats, 0
        while not self._stopped.wait(self._interval):
            if self._beats != seen:
                seen, missed = self._beats, 0
                continue
            missed += 1
            if missed == MAX_MISSED_BEATS:
                log.error("no sign of life of the monitor; %s", _stack_of(thread))
            if missed >= MAX_MISSED_BEATS:
                self._on_stall()


def _stack_of(thread: threading.Thread) -> str:
    frame = sys._current_frames().get(thread.ident or 0) if thread.is_alive() else None
    if frame is None:
        return "its thread has ended"
    return "it stands at:\n" + "".join(traceback.format_stack(frame))
