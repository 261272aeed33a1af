"""Which port to watch where none is set: the first of IB's usual ones that listens here.

Reads the socket table; where that is hidden, nothing is chosen by force.
"""

from __future__ import annotations

from dataclasses import replace

from traymon.core.target import USUAL_PORTS, Target
from traymon.sensors.listener import listening_ports


def discover(target: Target) -> Target:
    """Return the target with the port to watch; unchanged while none of the usual ones listens."""
    listening = listening_ports() or frozenset()
    chosen = next((port for port in USUAL_PORTS if port in listening), target.port)
    return replace(target, port=chosen)
