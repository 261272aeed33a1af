"""Tests run beside each other, and see each other's processes: one at a time looks like a Gateway.

A process that is called like one changes what traymon says of every port that is closed.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

LOCK = Path(tempfile.gettempdir(), "traymon-tests-gateway-lookalikes.lock")


@contextmanager
def no_others() -> Iterator[None]:
    """Keep all other tests that show such a process waiting."""
    with FileLock(LOCK):
        yield
