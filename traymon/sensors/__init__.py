"""What can be seen of a target: one file per sensor, one line per sensor in the table here.

A sensor reports symptoms and never decides what they mean.
"""

from __future__ import annotations

from typing import Protocol

from traymon.model import Evidence, Reading
from traymon.sensors.handshake import Handshake
from traymon.sensors.listener import Listener
from traymon.sensors.own_ports import OwnPorts

__all__ = ["SENSORS", "Sensor", "sensors_for_one_target"]


class Sensor(Protocol):
    """Watches one thing about one target."""

    @property
    def name(self) -> str:
        """The name that readings, catalogue entries and log lines use."""

    async def look(self, evidence: Evidence) -> Reading:
        """Look once. `evidence` tells the target, and what the others saw just before.

        Returns within a bounded time and turns what goes wrong outside into a symptom; what it
        raises is a fault of its own.
        """


# In the order in which they look: passive ones first, since what they see guides the next.
SENSORS = (Listener, Handshake)


def sensors_for_one_target() -> tuple[Sensor, ...]:
    """Return a fresh set of sensors, in the order in which they look."""
    own_ports = OwnPorts()
    return tuple(kind(own_ports) for kind in SENSORS)
