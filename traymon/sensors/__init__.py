"""What can be seen of a target: one file per sensor, one line per sensor in the tables here.

A sensor reports symptoms and never decides what they mean.
"""

from __future__ import annotations

from traymon.sensors.base import ListOwnPrograms, Sensors
from traymon.sensors.client_ids import ClientIds
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.handshake import Handshake
from traymon.sensors.internet import Internet
from traymon.sensors.listener import Listener
from traymon.sensors.session import Session

__all__ = ["POLLING_SENSORS", "sensors_for_target"]

# Passive sensors come first, since what they see guides the next ones.
POLLING_SENSORS = (Listener, Handshake, Internet)


def sensors_for_target(list_own_programs: ListOwnPrograms = tuple) -> Sensors:
    """Return a fresh set of sensors for one target."""
    connections = ConnectionRegistry()
    return Sensors(
        polling=tuple(sensor(connections) for sensor in POLLING_SENSORS),
        streaming=(Session(connections), ClientIds(connections, list_own_programs)),
    )
