"""An event loop in virtual time: hours of waiting pass in moments."""

from __future__ import annotations

import asyncio
import selectors
import socket
from typing import Any

BEGAN = 1_000.0


class Loopback:
    """A connection of our own, on the way that the bytes between all real sockets take."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            self._near = socket.create_connection(server.getsockname())
            self._far, _ = server.accept()
        self._near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def wait_for_what_is_on_the_way(self) -> None:
        """Send a byte and wait for it: what was sent before it has then arrived as well."""
        self._near.send(b".")
        self._far.recv(1)

    def close(self) -> None:
        """Close both ends."""
        self._near.close()
        self._far.close()


class VirtualTimeSelector(selectors.DefaultSelector):
    """If nothing is ready, the time is moved on instead of waited for.

    `in_flight`: real seconds, beyond what a byte takes now, for bytes between real sockets.
    """

    def __init__(self, in_flight: float) -> None:
        super().__init__()
        self.now = BEGAN
        self._in_flight = in_flight
        self._loopback = Loopback() if in_flight else None

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = super().select(0)
        if not ready and self._loopback is not None and timeout != 0:
            self._loopback.wait_for_what_is_on_the_way()
            ready = super().select(self._in_flight)
        if not ready:
            assert timeout is not None, "nothing is left that could happen"
            self.now += timeout
        return ready

    def close(self) -> None:
        if self._loopback is not None:
            self._loopback.close()
        super().close()


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
