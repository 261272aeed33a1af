"""What a time counts as: the condition that a target was in, and why.

Pure. Times are seconds since the epoch, so that a change to daylight saving time is no concern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from traymon.core.facts import NO_FACTS, Facts
from traymon.core.model import Diagnosis
from traymon.core.vocabulary import Light, SensorName

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
