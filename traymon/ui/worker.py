"""Threads that handle values in the background: a slow or broken handler delays nothing else.

Know nothing about the values.
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
    """Calls `handle` with each posted value, one at a time, in a thread of its own.

    `newest_only` drops values that were overtaken while `handle` ran: right for states, wrong for
    messages.
    """

    def __init__(self, name: str, handle: Callable[[T], object], newest_only: bool = False) -> None:
        self._handle, self._newest_only = handle, newest_only
        self._queue: queue.SimpleQueue[T | None] = queue.SimpleQueue()  # None: the end
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def post(self, value: T) -> None:
        """Hand over a value; returns at once. From any thread."""
        self._queue.put(value)

    def stop(self, timeout: float) -> None:
        """Handle what was posted before, for at most `timeout` seconds, then end."""
        self._queue.put(None)
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _run(self) -> None:
        while (value := self._next()) is not None:
            try:
                self._handle(value)
            # rich exits when its pipe is closed, and a library in Rust may panic: no `Exception`s
            except BaseException:
                log.exception("%s failed; it goes on with the next", self._thread.name)

    def _next(self) -> T | None:
        value = self._queue.get()
        while self._newest_only and value is not None and not self._queue.empty():
            newer = self._queue.get()
            if newer is None:  # the end does not overtake what was posted before it
                self._queue.put(None)
                break
            value = newer
        return value


class TaskQueue:
    """Runs tasks one after the other in a thread of its own."""

    def __init__(self, name: str) -> None:
        self._worker: Worker[Callable[[], object]] = Worker(name, lambda task: task())

    def post(self, task: Callable[[], object]) -> None:
        """Run a task as soon as those before it are done; returns at once. From any thread."""
        self._worker.post(task)

    def stop(self, timeout: float) -> None:
        """Run what was posted before, for at most `timeout` seconds, then end."""
        self._worker.stop(timeout)
