"""Wait until something is true. The patience for a busy machine is set here and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE = 30.0  # seconds; costs nothing, since a wait ends as soon as its condition holds
INTERVAL = 0.01  # seconds

T = TypeVar("T")


def wait_for(
    condition: Callable[[], T | None], what: str = "the condition", timeout: float = PATIENCE
) -> T:
    """Return the first true value of `condition`, which is called again and again.

    Raises AssertionError, with `what` was waited for, after `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout:g} s for {what}; last value: {value!r}")
        time.sleep(INTERVAL)
    return value
