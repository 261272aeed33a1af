"""What was recorded of a target, and how it is read.

Pure. Times are seconds since the epoch, so that a change to daylight saving time is no concern.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # every command loads this module, and few read a history
    from traymon.core.events import Event
    from traymon.core.incidents import Incident
    from traymon.core.notification_record import NotificationRecord
    from traymon.core.periods import Period
    from traymon.core.program_habits import Visit
    from traymon.core.time_windows import Span
    from traymon.core.vocabulary import SensorName, Symptom


@dataclass(frozen=True, slots=True)
class LatencyBucket:
    """How long something took in a span of time; seconds, at most a tenth off.

    Figures are None without an answer.
    """

    start: float
    end: float
    count: int  # answers
    lost: int  # questions that were not answered
    lowest: float | None = None
    median: float | None = None
    p95: float | None = None
    highest: float | None = None


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A time for which a traymon watched a target without a break."""

    started: float
    last_alive: float  # the last sign of life
    program: str = ""  # versions of traymon, Python and the system


@dataclass(frozen=True, slots=True)
class Observation:
    """What a sensor saw without a change, from its first look to its last."""

    first: float
    last: float
    sensor: SensorName
    symptom: Symptom
    detail: str  # of the first look; untrusted


class HistoryError(Exception):
    """The history cannot be read; the text says why."""


class HistoryReader(Protocol):
    """Reads what was recorded, whether or not a traymon runs. From any thread; waits for the disk.

    A target is given by its name. Every method raises HistoryError if the history cannot be read;
    a history that does not exist yet is empty.
    """

    def read_targets(self) -> tuple[str, ...]:
        """Return the names of the targets that something is recorded of."""

    def read_extent(self, target: str) -> Span | None:
        """Return from when to when there is a record: up to the last sign of life.

        Something that shows the present ends there while traymon runs, since the sign of life may
        be a minute old.
        """

    def read_periods(self, target: str, since: float, until: float) -> tuple[Period, ...]:
        """Return what happened, in order and without gaps; UNOBSERVED where nothing is recorded."""

    def read_incidents(self, target: str, since: float, until: float) -> tuple[Incident, ...]:
        """Return the incidents that overlap this time, whole and with their notifications."""

    def read_latency(
        self, target: str, sensor: SensorName, since: float, until: float, resolution: float
    ) -> tuple[LatencyBucket, ...]:
        """Return the latency in steps of `resolution` seconds that begin at `since`, in order.

        A step without a value is left out. The sensors are those of `core/latency.LATENCY_NAMES`.
        A time that lies more than two weeks back is known by the hour only.
        """

    def read_notifications(
        self, target: str, since: float, until: float
    ) -> tuple[NotificationRecord, ...]:
        """Return the notifications of this time, in order."""

    def read_runs(self, target: str, since: float, until: float) -> tuple[RunRecord, ...]:
        """Return the runs that overlap this time, in order."""

    def read_visits(self, target: str, since: float, until: float) -> tuple[Visit, ...]:
        """Return when the user's programs were connected in this time, in order."""

    def read_observations(self, target: str, since: float, until: float) -> tuple[Observation, ...]:
        """Return what the sensors saw in this time, in order, as far as it was kept.

        It is kept around incidents: from ten minutes before a change to ten after.
        """

    def read_trading_hours(self, target: str, since: float, until: float) -> tuple[Span, ...]:
        """Return the trading hours that IB gave for this time, in order; none if it gave none."""

    def read_events(self, after: int, limit: int) -> tuple[Event, ...]:
        """Return the events with a higher number, of all targets, in order and `limit` at most.

        Numbers grow by one. If the first one is higher than that, those before it were removed.
        """

    def stamp(self) -> object:
        """Return what differs once more has been written. Takes no time, and may miss a change."""

    def last_event(self) -> int | None:
        """Return the number of the newest event, removed or not; None if there was none yet."""
