"""The contract between a sensor and the monitor that runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from traymon.core.facts import FactKey
from traymon.core.model import Evidence, Reading
from traymon.core.target import OwnProgram
from traymon.core.vocabulary import SensorName
from traymon.sensors.connection_registry import ConnectionRegistry

FactDict = dict[FactKey[Any], Any]
"""The facts of a reading while a sensor collects them."""

ListOwnPrograms = Callable[[], Sequence[OwnProgram]]
"""Returns the programs that the user has marked as their own; called each time, as they change."""


class PollingSensor(Protocol):
    """Checks one thing about a target each time the monitor polls it."""

    @property
    def name(self) -> SensorName:
        """The name used in readings, catalogue entries and log lines."""

    async def poll(self, evidence: Evidence) -> Reading:
        """Check once. `evidence` holds the target and the newest readings of the other sensors.

        Returns within a bounded time. Anything that goes wrong outside traymon becomes a symptom;
        an exception is a bug in the sensor.
        """


class SensorContext(Protocol):
    """The part of the monitor that a streaming sensor may use."""

    @property
    def evidence(self) -> Evidence:
        """The current evidence."""

    @property
    def check_requests(self) -> int:
        """How many times the user has asked for a check."""

    @property
    def settings_requests(self) -> int:
        """How many times the user has asked for TWS's own settings."""

    def post(self, reading: Reading) -> None:
        """Add a reading to the evidence immediately."""

    async def wait_for_update(self) -> None:
        """Wait for the next reading of any sensor, or until the user asks for a check."""


class StreamingSensor(Protocol):
    """Runs for as long as its target is watched and posts readings as things happen."""

    @property
    def name(self) -> SensorName:
        """The name of its main reading."""

    async def run(self, context: SensorContext) -> None:
        """Watch until cancelled; then clean up within a second or two."""


@dataclass(frozen=True, slots=True)
class SharedState:
    """What the sensors of one target share."""

    connections: ConnectionRegistry
    list_own_programs: ListOwnPrograms
    always_asked: bool = False  # the user waits for the answer


@dataclass(frozen=True, slots=True)
class Sensors:
    """The sensors of one target."""

    polling: tuple[PollingSensor, ...]  # in polling order
    streaming: tuple[StreamingSensor, ...] = ()
