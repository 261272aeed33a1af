"""Bounds what others can make a logger write: nobody pushes the rest out of the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

LINES, PERIOD = 5, 3600.0  # seconds
LAST = " (more of this within the hour is left out)"


@contextmanager
def limit_lines(*loggers: str) -> Iterator[None]:
    """Let each of these loggers write LINES in PERIOD, until the context ends."""
    limits = [(logging.getLogger(name), _Limit()) for name in loggers]
    for logger, limit in limits:
        logger.addFilter(limit)
    try:
        yield
    finally:
        for logger, limit in limits:
            logger.removeFilter(limit)


class _Limit(logging.Filter):
    def __init__(self) -> None:
        super().__init__()
        self._began, self._lines = time.monotonic(), 0

    def filter(self, record: logging.LogRecord) -> bool:
        now = time.monotonic()
        if now - self._began >= PERIOD:
            self._began, self._lines = now, 0
        self._lines += 1
        if self._lines == LINES and not record.msg.endswith(LAST):  # of another server
            record.msg = f"{record.msg}{LAST}"
        return self._lines <= LINES
