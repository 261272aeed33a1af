"""An event loop whose time leaps: hours of waiting pass in moments."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

BEGAN = 1_000.0


class LeapingSelector(selectors.DefaultSelector):
    """Where nothing is ready, time moves on instead of passing.

    `in_flight`: real seconds in which bytes that are under way between real sockets arrive.
    """

    def __init__(self, in_flight: float) -> None:
        super().__init__()
        self.now = BEGAN
        self._in_flight = in_flight

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and self._in_flight and timeout != 0:
            ready = super().select(self._in_flight)
        if not ready:
            assert timeout is not None, "nothing is left that could happen"
            self.now += timeout
        return ready


class LeapingLoop(asyncio.SelectorEventLoop):
    """Time stands still while there is work and leaps to the next timer when there is none."""

    def __init__(self, in_flight: float = 0.0) -> None:
        self._leaping = LeapingSelector(in_flight)
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.now

    def leap(self, seconds: float) -> None:
        """Let time pass in which nothing happened that was waited for."""
        self._leaping.now += seconds
