"""What the sensors of one target share: which connections are traymon's own, and whose turn it is.

An abandoned handshake leaves a half-closed connection at a silent Gateway; counted as somebody
else's it would make traymon its own evidence.
"""

from __future__ import annotations

import asyncio
from collections import deque

REMEMBERED = 1_000  # at one abandoned handshake a minute, more than half a day


class ConnectionRegistry:
    """The local ports of the connections that traymon opened lately."""

    def __init__(self) -> None:
        self._ports: deque[int] = deque(maxlen=REMEMBERED)
        self.exchange = asyncio.Lock()  # held over a version exchange: one at a time per target

    def add(self, port: int) -> None:
        """Remember the local port of a connection of traymon's own."""
        self._ports.append(port)

    def __contains__(self, port: int) -> bool:
        return port in self._ports
