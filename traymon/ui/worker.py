"""A thread that brings values to one surface, so that a slow or broken one holds up nobody.

Knows nothing of what it carries.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


class Worker(Generic[T]):
    """Hands posted values to `handle`, one at a time, in a thread of its own.

    `newest_only`: values that were overtaken while `handle` ran are dropped; right for states,
    wrong for messages.
    """

    def __init__(self, name: str, handle: Callable[[T], None], newest_only: bool = False) -> None:
        self._handle, self._newest_only = handle, newest_only
        self._queue: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def post(self, value: T) -> None:
        """Hand over a value; returns at once. From any thread."""
        self._queue.put(value)

    def stop(self, timeout: float) -> None:
        """Let it finish what was posted, for at most `timeout` seconds."""
        self._queue.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        while (value := self._next()) is not None:
            try:
                self._handle(value)
            except (Exception, SystemExit):  # rich's answer to a closed pipe is to leave
                log.exception("%s failed; it goes on with the next", self._thread.name)

    def _next(self) -> T | None:
        value = self._queue.get()
        while self._newest_only and value is not None and not self._queue.empty():
            value = self._queue.get()
        return value
