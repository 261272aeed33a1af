"""An event loop in virtual time: hours of waiting pass in moments."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

BEGAN = 1_000.0


class VirtualTimeSelector(selectors.DefaultSelector):
    """If nothing is ready, the time is moved on instead of waited for.

    `in_flight`: real seconds that bytes between real sockets may take.
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


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Time stands still while there is work, and jumps to the next timer when there is none."""

    def __init__(self, in_flight: float = 0.0) -> None:
        self._virtual = VirtualTimeSelector(in_flight)
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now

    def leap(self, seconds: float) -> None:
        """Let time pass without running what is due meanwhile, as a sleeping machine does."""
        self._virtual.now += seconds
