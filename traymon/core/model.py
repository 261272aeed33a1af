"""The vocabulary of traymon as frozen values: what was seen, why, and what every surface shows.

Does nothing: no I/O, no clock. Times are seconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Flag, auto
from math import inf
from types import MappingProxyType

from traymon.core.facts import NO_FACTS, FactKey, Facts, T
from traymon.core.programs import ProgramState
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, SettingsNews, Symptom


@dataclass(frozen=True, slots=True)
class Reading:
    """What one sensor saw. The sensor leaves `at` and `ttl` to the monitor."""

    sensor: SensorName
    symptom: Symptom
    detail: str = ""  # the raw evidence, in words; untrusted text
    facts: Facts = field(default_factory=lambda: NO_FACTS)
    took: float = 0.0  # seconds
    cost: float = 0.0  # seconds of this machine's CPU, if that is worth measuring
    at: float = 0.0  # when it was seen
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
        """Return the evidence with `reading` in place of its sensor's last one."""
        readings = MappingProxyType({**self.readings, reading.sensor: reading})
        return replace(self, readings=readings)

    def fresh(self, sensor: SensorName) -> Reading | None:
        """Return the sensor's reading while it counts, else None."""
        reading = self.readings.get(sensor)
        if reading is None or self.now > reading.at + reading.ttl:
            return None
        return reading

    def symptom(self, sensor: SensorName) -> Symptom:
        """Return what the sensor sees now; UNKNOWN if it has no fresh reading."""
        reading = self.fresh(sensor)
        return Symptom.UNKNOWN if reading is None else reading.symptom

    def fact(self, sensor: SensorName, fact: FactKey[T]) -> T | None:
        """Return a fact of the sensor's fresh reading; None if it has not found it."""
        reading = self.fresh(sensor)
        return None if reading is None else fact.of(reading.facts)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why: a code of the catalogue, its light and the facts that its fix page may name."""

    code: str
    light: Light
    facts: Facts = field(default_factory=lambda: NO_FACTS)
    witnesses: frozenset[SensorName] = frozenset()  # the sensors that support it
    seen_at: float = 0.0  # when the newest of their readings was taken
    patience: float = 0.0  # seconds for which it must hold before it shows
    announce: bool = True  # worth a notification
    once: str = ""  # announced once under this name, however often it comes back
    never_held_back: bool = False  # announced even during a snooze or quiet hours
    forewarns: bool = False  # of something to come: nothing is wrong yet
    claimable: bool = False  # the user can mark the program that it names as their own
    recurs: bool = False  # comes again every few minutes, each time with something to do
    expected: bool = False  # planned at this time, such as IB's reset; no outage

    def same_as(self, other: Diagnosis) -> bool:
        """Tell whether both have the same code and light, whatever their facts."""
        return self.code == other.code and self.light is other.light


@dataclass(frozen=True, slots=True)
class Flip:
    """The settled diagnosis of a target has changed: another code, or the same code's light."""

    at: float
    before: Diagnosis
    after: Diagnosis


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A diagnosis that has not settled yet: seen in `streak` of `needed` readings."""

    diagnosis: Diagnosis
    streak: int
    needed: int


@dataclass(frozen=True, slots=True)
class LatencyStats:
    """How long something took over the last hour; seconds."""

    last: float
    median: float
    p95: float
    count: int  # number of values


@dataclass(frozen=True, slots=True)
class SettingsState:
    """What is new in the files of the settings, while those that were read stay in force."""

    news: SettingsNews = SettingsNews.IN_FORCE
    problem: str = ""  # the first mistake in files that cannot be used
    untouched: frozenset[str] = frozenset()  # the targets that what is new does not concern
    left_out: frozenset[str] = frozenset()  # those that nobody watches, because of a mistake


@dataclass(frozen=True, slots=True)
class Status:
    """The snapshot of one target that every surface renders."""

    target: Target
    diagnosis: Diagnosis
    since: float  # when this cause was first seen
    light_since: float  # when the light last changed: "down for 40 minutes" counts from here
    evidence: Evidence
    checked_at: float | None  # when a sensor last saw anything
    next_check_at: float | None = None  # of the handshake; None: it runs, or none is planned
    streak: int = 0  # consecutive readings that showed this cause
    suspicion: Suspicion | None = None
    paused: bool = False
    down_since: float | None = None  # not good since then, over all causes; without sleep
    was_down: float | None = None  # seconds that the last outage lasted, once it is over
    was_wrong: tuple[Diagnosis, ...] = ()  # what showed in that outage, in order
    muted: bool = False  # by the settings or by the user: it raises no icon and notifies nobody
    snoozed_until: float | None = None  # no notifications until then, as the user asked
    quiet_until: float | None = None  # no notifications until then, by the settings
    closed: bool = False  # outside trading hours
    opens_at: float | None = None  # when the market opens next, if that is known
    programs: tuple[ProgramState, ...] | None = None  # the user's; None: not seen or not wanted
    settings: SettingsState = SettingsState()
    figures: Mapping[SensorName, LatencyStats] = field(default_factory=lambda: MappingProxyType({}))


class Change(Flag):
    """What is new in a status; a surface acts on the parts that it shows."""

    NOTHING = 0
    HEADLINE = auto()  # the diagnosis, its light, or the suspicion
    DETAILS = auto()  # facts, readings and whether they still count, times, latency
    MUTE = auto()  # muted or not, a snooze, quiet hours or market hours
    HOURS = auto()  # trading hours that IB gave


@dataclass(frozen=True, slots=True)
class Update:
    """What a monitor publishes, at least with every tick: a target's status and what is new."""

    status: Status
    flip: Flip | None
    changed: Change
    ended: bool = False  # the target is watched no longer: this is the last that is said of it


def what_changed(before: Status | None, after: Status) -> Change:
    """Return what is new in a status; everything if there was none before."""
    if before is None:
        return ~Change.NOTHING
    changed = Change.NOTHING
    if _headline(before) != _headline(after):
        changed |= Change.HEADLINE
    if _details(before) != _details(after) or _readings_differ(before.evidence, after.evidence):
        changed |= Change.DETAILS
    if _mute(before) != _mute(after):
        changed |= Change.MUTE
    hours = SensorName.HOURS
    if before.evidence.readings.get(hours) is not after.evidence.readings.get(hours):
        changed |= Change.HOURS
    return changed


def _headline(status: Status) -> object:
    diagnosis, suspicion = status.diagnosis, status.suspicion
    if suspicion is None:
        return diagnosis.code, diagnosis.light
    suspected, streak, needed = suspicion.diagnosis, suspicion.streak, suspicion.needed
    return diagnosis.code, diagnosis.light, suspected.code, suspected.light, streak, needed


def _details(status: Status) -> object:
    return (
        *(status.since, status.light_since, status.streak, status.checked_at),
        status.next_check_at,
        *(status.paused, status.down_since, status.was_down, status.figures),
        *(status.evidence.target, status.diagnosis.facts, status.settings),
        status.suspicion and status.suspicion.diagnosis.facts,
        _programs(status),
    )


def _readings_differ(before: Evidence, after: Evidence) -> bool:
    """Compare what sensors saw, apart from when, and whether it still counts."""
    if before.readings.keys() != after.readings.keys():
        return True
    for name, new in after.readings.items():
        old = before.readings[name]
        if (before.fresh(name) is None) is not (after.fresh(name) is None):
            return True
        if old is not new and _seen(old) != _seen(new):
            return True
    return False


def _seen(reading: Reading) -> object:
    return reading.symptom, reading.detail, reading.facts, reading.took


def _programs(status: Status) -> object:
    """Return what is shown of the programs: not until when each was seen."""
    if status.programs is None:
        return None
    return [replace(one, visit=None) for one in status.programs]


def _mute(status: Status) -> object:
    return (
        *(status.muted, status.snoozed_until, status.quiet_until),
        *(status.closed, status.opens_at),
    )
