"""What a notification is about, and what became of it. Pure, and without any wording."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from traymon.core.model import Diagnosis, Flip, Status
from traymon.core.vocabulary import Light


class Kind(StrEnum):
    """What a notification is about."""

    FAULT = "fault"
    REMINDER = "reminder"  # the fault is still there
    RECOVERY = "recovery"
    UNSTABLE = "unstable"  # it comes and goes
    STEADY = "steady"  # it no longer comes and goes
    SUMMARY = "summary"  # the faults that were missed while muted
    PRE_OPEN = "pre-open"  # the state shortly before the market opens


class Outcome(Enum):
    """What became of an attempt to deliver a notification."""

    DELIVERED = auto()
    FAILED = auto()
    UNKNOWN = auto()  # it was taken, and nobody has answered yet; the outcome follows


@dataclass(frozen=True, slots=True)
class Unannounced:
    """A fault that the user has not been notified of."""

    diagnosis: Diagnosis
    began: float
    ended: float | None = None

    @property
    def is_red(self) -> bool:
        """Whether programs could not connect."""
        return self.diagnosis.light is Light.RED


@dataclass(frozen=True, slots=True)
class Notification:
    """Something to tell the user about one target."""

    kind: Kind
    status: Status
    ended: Diagnosis | None = None  # the fault that a recovery ends
    unannounced: tuple[Unannounced, ...] = ()  # the faults that this notification announces
    flips: tuple[Flip, ...] = ()  # of the unstable time
