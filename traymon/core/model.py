"""The words of traymon as frozen values: what was seen, why, and what every surface shows.

Imports nothing of ours and does nothing: no I/O, no clock. Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Flag, auto
from math import inf
from types import MappingProxyType

from traymon.core.facts import NO_FACTS, FactKey, Facts, T
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, Symptom


@dataclass(frozen=True, slots=True)
class Reading:
    """What one sensor saw in one look. Who asked for the look stamps `at` and `good_for`."""

    sensor: SensorName
    symptom: Symptom
    detail: str = ""  # the raw evidence in words, for the small print; untrusted text
    facts: Facts = field(default_factory=lambda: NO_FACTS)
    took: float = 0.0  # seconds
    cost: float = 0.0  # seconds of this machine's CPU, where a look is worth measuring
    at: float = 0.0  # when the look ended
    ttl: float = inf  # seconds for which it counts as evidence


@dataclass(frozen=True, slots=True)
class Evidence:
    """The newest reading of every sensor for one target, at one moment.

    A diagnosis is made from this and from nothing else. An expired reading reads as UNKNOWN.
    """

    target: Target
    now: float
    readings: Mapping[SensorName, Reading] = field(default_factory=lambda: MappingProxyType({}))

    def with_reading(self, reading: Reading) -> Evidence:
        """Return the evidence in which `reading` replaces its sensor's last one."""
        readings = MappingProxyType({**self.readings, reading.sensor: reading})
        return replace(self, readings=readings)

    def fresh(self, sensor: SensorName) -> Reading | None:
        """Return the sensor's reading while it counts, else None."""
        reading = self.readings.get(sensor)
        if reading is None or self.now > reading.at + reading.ttl:
            return None
        return reading

    def symptom(self, sensor: SensorName) -> Symptom:
        """Return what the sensor sees now; UNKNOWN when it has not looked or not lately."""
        reading = self.fresh(sensor)
        return Symptom.UNKNOWN if reading is None else reading.symptom

    def fact(self, sensor: SensorName, fact: FactKey[T]) -> T | None:
        """Return one named value of the sensor's fresh reading, if it found it."""
        reading = self.fresh(sensor)
        return None if reading is None else fact.of(reading.facts)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why: a code of the catalogue with its light and the facts that its page may name."""

    code: str
    light: Light
    facts: Facts = field(default_factory=lambda: NO_FACTS)
    witnesses: frozenset[SensorName] = frozenset()  # the sensors whose readings bear it
    seen_at: float = 0.0  # when the newest of those readings was taken
    patience: float = 0.0  # seconds it must hold before it shows
    announce: bool = True  # worth a notification
    never_muted: bool = False  # announced whatever the user has muted
    claimable: bool = False  # the user can say that the program named is theirs

    def same_as(self, other: Diagnosis) -> bool:
        """Tell whether both say the same: the code in the same light; facts apart."""
        return self.code == other.code and self.light is other.light


@dataclass(frozen=True, slots=True)
class Flip:
    """The settled diagnosis of a target changed: another code, or the same in another light."""

    at: float
    before: Diagnosis
    after: Diagnosis


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A diagnosis that leans but has not settled: `look` of `needed`."""

    diagnosis: Diagnosis
    look: int
    needed: int


@dataclass(frozen=True, slots=True)
class LatencyStats:
    """A measure over the last hour; seconds."""

    last: float
    median: float
    p95: float
    count: int  # values that it is made from


@dataclass(frozen=True, slots=True)
class Status:
    """The snapshot of one target that every surface renders."""

    target: Target
    diagnosis: Diagnosis
    since: float  # this cause was first seen
    light_since: float  # the light last changed: "down for 40 minutes" counts from here
    evidence: Evidence
    checked_at: float | None  # when a sensor last looked
    looks: int = 0  # looks in a row that saw this cause
    suspicion: Suspicion | None = None
    paused: bool = False
    down_since: float | None = None  # not good since then, over all causes; sleep left out
    was_down: float | None = None  # seconds that the last fault lasted, once it is over
    snoozed_until: float | None = None  # no notices until then, as the user asked
    quiet_until: float | None = None  # no notices until then, by the settings
    closed: bool = False  # outside the trading hours
    opens_at: float | None = None  # when the market opens next, where hours are known
    figures: Mapping[SensorName, LatencyStats] = field(default_factory=lambda: MappingProxyType({}))


class Change(Flag):
    """What is new in a status; a surface acts on the parts that it shows."""

    NOTHING = 0
    HEADLINE = auto()  # the diagnosis or its light, or what is suspected
    DETAILS = auto()  # facts, readings, latency
    MUTE = auto()  # a snooze, quiet hours or market hours
    HOURS = auto()  # IB gave trading hours


@dataclass(frozen=True, slots=True)
class Update:
    """What a monitor publishes, at least with every tick: a target's status and what is new."""

    status: Status
    flip: Flip | None
    changed: Change


def what_changed(before: Status | None, after: Status) -> Change:
    """Return what is new in a status; everything in the first one."""
    if before is None:
        return ~Change.NOTHING
    changed = Change.NOTHING
    if not before.diagnosis.same_as(after.diagnosis) or _suspected(before) != _suspected(after):
        changed |= Change.HEADLINE
    if _shown_details(before) != _shown_details(after):
        changed |= Change.DETAILS
    if _mute(before) != _mute(after):
        changed |= Change.MUTE
    hours = SensorName.HOURS
    if before.evidence.readings.get(hours) is not after.evidence.readings.get(hours):
        changed |= Change.HOURS
    return changed


def _suspected(status: Status) -> tuple[str, int, int] | None:
    doubt = status.suspicion
    return None if doubt is None else (doubt.diagnosis.code, doubt.look, doubt.needed)


def _shown_details(status: Status) -> object:
    readings = {
        name: (reading.symptom, reading.detail, reading.facts, reading.took)
        for name, reading in status.evidence.readings.items()
    }
    return (
        *(readings, status.evidence.target, status.diagnosis.facts, status.since, status.looks),
        *(status.paused, status.down_since, status.was_down, status.figures),
    )


def _mute(status: Status) -> object:
    return status.snoozed_until, status.quiet_until, status.closed, status.opens_at
