"""What a sensor is, and what it may use of the monitor that runs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from traymon.core.model import Evidence, Reading
from traymon.core.target import OwnProgram
from traymon.core.vocabulary import SensorName

ListOwnPrograms = Callable[[], Sequence[OwnProgram]]
"""Returns the programs that the user has marked as their own; asked each time, as they change."""


class PollingSensor(Protocol):
    """Looks at one thing about a target whenever the monitor asks."""

    @property
    def name(self) -> SensorName:
        """The name that readings, catalogue entries and log lines use."""

    async def poll(self, evidence: Evidence) -> Reading:
        """Look once. `evidence` holds the target and what the other sensors saw just before.

        Returns within a bounded time. Whatever goes wrong outside becomes a symptom; an exception
        is a bug in the sensor.
        """


class SensorContext(Protocol):
    """What a streaming sensor sees of the monitor that runs it."""

    @property
    def evidence(self) -> Evidence:
        """The evidence as it is now."""

    @property
    def check_requests(self) -> int:
        """How many times the user has asked for a check."""

    def post(self, reading: Reading) -> None:
        """Put a reading into the evidence at once."""

    async def wait_for_update(self) -> None:
        """Wait for the next reading of any sensor, or until the user asks for a check."""


class StreamingSensor(Protocol):
    """Stays with a target and posts readings by itself, as things happen."""

    @property
    def name(self) -> SensorName:
        """The name of its main reading."""

    async def run(self, context: SensorContext) -> None:
        """Watch until cancelled; then leave within a second or two, without breaking anything."""


@dataclass(frozen=True, slots=True)
class Sensors:
    """The sensors of one target."""

    polling: tuple[PollingSensor, ...]  # in the order in which they are polled
    streaming: tuple[StreamingSensor, ...] = ()
