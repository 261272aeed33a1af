"""What can be seen of a target: one file per sensor, one line per sensor in the table here.

A sensor reports symptoms and never decides what they mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from traymon.core.model import Evidence, Reading
from traymon.sensors.base import View
from traymon.sensors.client_ids import ClientIds
from traymon.sensors.connection_registry import OwnPorts
from traymon.sensors.handshake import Handshake
from traymon.sensors.internet import Internet
from traymon.sensors.listener import Listener
from traymon.sensors.session import Session
from traymon.storage.own_programs import OwnPrograms

__all__ = [
    "SENSORS",
    "HeldSensor",
    "OwnPrograms",
    "Sensor",
    "Sensors",
    "View",
    "sensors_for_one_target",
]


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


class HeldSensor(Protocol):
    """Stays with a target and posts readings by itself, as things happen."""

    @property
    def name(self) -> str:
        """The name of its main reading."""

    async def run(self, view: View) -> None:
        """Watch until cancelled; cancelled, leave politely within a second or two."""


@dataclass(frozen=True, slots=True)
class Sensors:
    """The sensors of one target."""

    looking: tuple[Sensor, ...]  # in the order in which they look
    held: tuple[HeldSensor, ...] = ()


# Passive ones first, since what they see guides the next.
SENSORS = (Listener, Handshake, Internet)


def sensors_for_one_target(own_programs: OwnPrograms | None = None) -> Sensors:
    """Return a fresh set of sensors; `own_programs` are those that the user called his own."""
    own_ports, own_programs = OwnPorts(), own_programs or OwnPrograms()
    return Sensors(
        looking=tuple(kind(own_ports) for kind in SENSORS),
        held=(Session(own_ports), ClientIds(own_ports, own_programs)),
    )
