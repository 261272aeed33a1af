"""Choose the port to watch if none is configured: the first of IB's usual ports that listens here.

Reads the socket table only. If the table is hidden, the target keeps its port.
"""

from __future__ import annotations

from dataclasses import replace

from traymon.core.target import USUAL_PORTS, Target
from traymon.sensors.socket_table import listening_ports


def discover(target: Target) -> Target:
    """Return the target with the port to watch; unchanged if none of the usual ports listens."""
    listening = listening_ports() or frozenset()
    chosen = next((port for port in USUAL_PORTS if port in listening), target.port)
    return replace(target, port=chosen)
