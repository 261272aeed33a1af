"""Traymon's own connections to one target, and the lock that keeps them apart.

An abandoned handshake leaves a half-closed connection at a silent Gateway. If traymon counted it as
another program's, it would take its own traces for evidence.
"""

from __future__ import annotations

import asyncio
from collections import deque

MAX_PORTS = 1_000  # at one abandoned handshake per minute, more than half a day


class ConnectionRegistry:
    """The local ports of the connections that traymon opened recently."""

    def __init__(self) -> None:
        self._ports: deque[int] = deque(maxlen=MAX_PORTS)
        self.exchange_lock = asyncio.Lock()  # at most one version exchange per target at a time

    def add(self, port: int) -> None:
        """Remember the local port of one of traymon's connections."""
        self._ports.append(port)

    def __contains__(self, port: int) -> bool:
        return port in self._ports
