"""What can be observed of a target: one file per sensor, one row per sensor in the tables here.

A sensor reports symptoms and never decides what they mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from traymon.core.vocabulary import SensorName
from traymon.sensors.base import (
    ListOwnPrograms,
    PollingSensor,
    Sensors,
    SharedState,
    StreamingSensor,
)
from traymon.sensors.client_ids import ClientIds
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.handshake import Handshake
from traymon.sensors.internet import Internet
from traymon.sensors.listener import Listener
from traymon.sensors.login_log import LoginLog
from traymon.sensors.session import Session
from traymon.sensors.tls_probe import TlsProbe
from traymon.sensors.tws_settings import TwsSettings
from traymon.sensors.tws_windows import TwsWindows

__all__ = ["POLLING_SENSORS", "STREAMING_SENSORS", "sensors_for_target"]

# In polling order: passive sensors come first, because what they see guides the others.
POLLING_SENSORS: Mapping[SensorName, Callable[[SharedState], PollingSensor]] = MappingProxyType(
    {
        SensorName.LISTENER: lambda shared: Listener(shared.connections),
        SensorName.HANDSHAKE: lambda shared: Handshake(shared.connections),
        SensorName.LOGIN_LOG: lambda shared: LoginLog(),
        SensorName.TWS_WINDOWS: lambda shared: TwsWindows(),
        SensorName.INTERNET: lambda shared: Internet(),
    }
)
STREAMING_SENSORS: Mapping[SensorName, Callable[[SharedState], StreamingSensor]] = MappingProxyType(
    {
        SensorName.TLS: lambda shared: TlsProbe(shared.connections),
        SensorName.SESSION: lambda shared: Session(shared.connections),
        SensorName.CLIENT_IDS: lambda shared: ClientIds(
            shared.connections, shared.list_own_programs, always_asked=shared.always_asked
        ),
        SensorName.TWS_SETTINGS: lambda shared: TwsSettings(shared.connections),
    }
)


def sensors_for_target(
    list_own_programs: ListOwnPrograms = tuple, *, always_asked: bool = False
) -> Sensors:
    """Return a new set of sensors for one target.

    `always_asked`: the user waits for the answer, so client IDs are tried with nobody connected.
    """
    shared = SharedState(ConnectionRegistry(), list_own_programs, always_asked)
    return Sensors(
        polling=tuple(create(shared) for create in POLLING_SENSORS.values()),
        streaming=tuple(create(shared) for create in STREAMING_SENSORS.values()),
    )
