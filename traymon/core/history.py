"""What happened to a target: which condition it was in when, its incidents, its latency.

Pure. Times are seconds since the epoch, so that a change to daylight saving time is no concern.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from traymon.core.facts import NO_FACTS, Facts
from traymon.core.model import Diagnosis
from traymon.core.notification_policy import Notification, Outcome
from traymon.core.program_habits import KEPT_FOR, Habits, Visit
from traymon.core.program_notifications import ProgramNotification
from traymon.core.time_windows import Span
from traymon.core.vocabulary import Light, SensorName, Symptom

NO_EVIDENCE: Mapping[SensorName, str] = MappingProxyType({})


class Condition(StrEnum):
    """What a period of time counts as. The names are in CSV and JSON, so they are never renamed."""

    UP = "up"
    DEGRADED = "degraded"  # amber: in use, with something to see to
    DOWN = "down"
    EXPECTED = "expected"  # not usable at a time when that is planned; the code is its name
    ASLEEP = "asleep"  # this computer slept, or its clock was set forward
    UNOBSERVED = "unobserved"  # traymon was off or paused, hung, or was only about to look
    CLOSED = "closed"  # outside trading hours; calculated, never stored


NOT_GOOD = frozenset({Condition.DEGRADED, Condition.DOWN, Condition.EXPECTED})
NOT_WATCHED = frozenset({Condition.ASLEEP, Condition.UNOBSERVED})


def condition_of(diagnosis: Diagnosis) -> Condition:
    """Return what the time in which a diagnosis shows counts as."""
    if diagnosis.expected:
        return Condition.EXPECTED
    return {
        Light.GREEN: Condition.UP,
        Light.AMBER: Condition.DEGRADED,
        Light.RED: Condition.DOWN,
        Light.GREY: Condition.UNOBSERVED,
    }[diagnosis.light]


def is_transient(diagnosis: Diagnosis) -> bool:
    """Tell whether a diagnosis only says what is just happening: a part of the fault beside it."""
    return condition_of(diagnosis) is Condition.DEGRADED and not diagnosis.announce


@dataclass(frozen=True, slots=True)
class Description:
    """How a diagnosis was shown, and what it was made from."""

    headline: str = ""
    facts: Facts = field(default_factory=lambda: NO_FACTS)  # plain values
    evidence: Mapping[SensorName, str] = field(
        default_factory=lambda: NO_EVIDENCE
    )  # what was wrong


NO_DESCRIPTION = Description()


@dataclass(frozen=True, slots=True)
class Period:
    """A time in which a target's condition and its cause stayed the same."""

    start: float
    end: float  # not part of it
    condition: Condition
    code: str = ""  # "" if nothing was diagnosed
    light: Light = Light.GREY
    headline: str = ""  # as it was shown
    facts: Facts = field(default_factory=lambda: NO_FACTS)  # as its page showed them; plain values
    evidence: Mapping[SensorName, str] = field(
        default_factory=lambda: NO_EVIDENCE
    )  # what was wrong
    transient: bool = False  # a part of the fault before or after it
    number: int = 0  # grows with time and stays the same; 0: nothing was recorded

    @property
    def length(self) -> float:
        """How long it lasted; seconds."""
        return self.end - self.start

    def within(self, since: float, until: float) -> Period | None:
        """Return the part of it that lies between two moments; None if there is none."""
        start, end = max(self.start, since), min(self.end, until)
        if start >= end:
            return None
        return (
            self if (start, end) == (self.start, self.end) else replace(self, start=start, end=end)
        )


@dataclass(frozen=True, slots=True)
class NotificationRecord:
    """A notification that traymon tried to send, and what became of it."""

    at: float
    kind: str  # of core/notification_policy: `fault`, `recovery`, ...
    code: str  # of the diagnosis that it was about
    title: str
    channel: str  # `dbus`; "" if there was none
    outcome: str  # `delivered`, `failed` or `unknown`
    why: str = ""  # why it failed, or what is in doubt

    @classmethod
    def of(
        cls,
        notification: Notification | ProgramNotification,
        at: float,
        *,
        title: str,
        channel: str,
        outcome: Outcome,
        why: str = "",
    ) -> NotificationRecord:
        """Return the record of an attempt to send a notification."""
        code = notification.status.diagnosis.code
        return cls(at, notification.kind, code, title, channel, outcome.name.lower(), why)


@dataclass(frozen=True, slots=True)
class Incident:
    """A time in which a target was not good, from its first fault to its last."""

    periods: tuple[Period, ...]  # without a gap; those in which nobody watched lie in between
    began_unseen: bool = False  # nobody watched just before: it may have begun earlier
    ended_unseen: bool = False  # nobody watched just after: it may have lasted longer
    ongoing: bool = False  # it had not ended by the end of the record
    notifications: tuple[NotificationRecord, ...] = ()  # about it, in order

    @property
    def number(self) -> int:
        """The number by which it is asked for; it stays the same."""
        return self.periods[0].number

    @property
    def start(self) -> float:
        """When it was first seen."""
        return self.periods[0].start

    @property
    def end(self) -> float:
        """When it was last seen."""
        return self.periods[-1].end

    @property
    def cause(self) -> Period:
        """The period that names it: the first of the worst light, rather no transient one."""
        return max(self.periods, key=lambda one: (one.light, not one.transient, -one.start))

    @property
    def code(self) -> str:
        """The code of its cause."""
        return self.cause.code

    @property
    def condition(self) -> Condition:
        """DOWN, DEGRADED or EXPECTED."""
        return self.cause.condition

    @property
    def lasted(self) -> float:
        """How long it lasted, without the time in which nobody watched; seconds."""
        return sum(one.length for one in self.periods if one.condition in NOT_GOOD)


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


def read_habits(reader: HistoryReader, target: str, now: float) -> Habits:
    """Return what the last weeks show of a target's programs. Raises HistoryError."""
    since = now - KEPT_FOR
    good = [
        Span(one.start, one.end)
        for one in reader.read_periods(target, since, now)
        if one.condition in (Condition.UP, Condition.DEGRADED)
    ]
    return Habits(reader.read_visits(target, since, now), tuple(good))


def find_incidents(
    periods: Sequence[Period], notifications: Sequence[NotificationRecord] = ()
) -> tuple[Incident, ...]:
    """Return the incidents of a record without gaps, in order.

    A fault keeps its incident when its cause turns into another red one, and when nobody watches
    for a while. Each amber or expected cause is an incident of its own; a transient state belongs
    to what is beside it, to red rather than to amber.
    """
    groups: list[list[int]] = []  # of positions
    kinds: list[object] = []
    keys = [_incident_key(periods, position) for position in range(len(periods))]
    for position, key in enumerate(keys):
        if key is None:
            if periods[position].condition is Condition.UP:
                kinds.append(None)  # what follows is another incident
            continue
        if groups and kinds and kinds[-1] == key:
            groups[-1].append(position)
        else:
            groups.append([position])
            kinds.append(key)
    return tuple(_incident(periods, group[0], group[-1], notifications) for group in groups)


def _incident_key(periods: Sequence[Period], position: int) -> object:
    """Return what the periods of one incident have in common; None for one that is of none."""
    period = periods[position]
    if period.condition is Condition.DOWN:
        return Condition.DOWN
    if period.condition not in NOT_GOOD:
        return None
    if not period.transient:
        return period.condition, period.code
    neighbours = [_neighbour(periods, position, step) for step in (-1, 1)]
    beside = [one for one in neighbours if one is not None]
    if any(one.condition is Condition.DOWN for one in beside):
        return Condition.DOWN
    return (beside[0].condition, beside[0].code) if beside else (period.condition, "")


def _neighbour(periods: Sequence[Period], position: int, step: int) -> Period | None:
    """Return the next fault in a direction that is not transient, if no good time lies between."""
    position += step
    while 0 <= position < len(periods):
        period = periods[position]
        if period.condition is Condition.UP:
            return None
        if period.condition in NOT_GOOD and not period.transient:
            return period
        position += step
    return None


def _incident(
    periods: Sequence[Period],
    first: int,
    last: int,
    notifications: Sequence[NotificationRecord],
) -> Incident:
    before, after = periods[:first][-1:], periods[last + 1 :][:1]
    start, end = periods[first].start, periods[last].end
    known_until = after[0].end if after else end
    return Incident(
        periods=tuple(periods[first : last + 1]),
        began_unseen=not before or before[0].condition in NOT_WATCHED,
        ended_unseen=bool(after) and after[0].condition in NOT_WATCHED,
        ongoing=not after,
        notifications=tuple(one for one in notifications if start <= one.at < known_until),
    )
