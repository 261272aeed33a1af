"""Which ends of connections are traymon's own, so that no sensor mistakes them for a program's.

An abandoned handshake leaves a half-closed connection at a silent Gateway; counted as somebody
else's it would make traymon its own evidence.
"""

from __future__ import annotations

from collections import deque

REMEMBERED = 1_000  # at one abandoned handshake a minute, more than half a day


class OwnPorts:
    """The local ports of the connections that traymon opened lately."""

    def __init__(self) -> None:
        self._ports: deque[int] = deque(maxlen=REMEMBERED)

    def add(self, port: int) -> None:
        """Remember the local port of a connection of traymon's own."""
        self._ports.append(port)

    def __contains__(self, port: int) -> bool:
        return port in self._ports
