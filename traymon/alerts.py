"""Which flips become notices: faults, and the end of what was announced.

Pure: flips and status in, notices out. Knows no channel and no wording.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from traymon.model import Diagnosis, Flip, Light, Status


class Kind(StrEnum):
    """What a notice tells."""

    FAULT = "fault"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Announced:
    """The fault that the user was last told of, until it is over."""

    diagnosis: Diagnosis
    since: float  # when it began, over all changes of cause


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell the user about one target."""

    kind: Kind
    status: Status
    ended: Announced | None = None  # what a recovery ends


def decide(
    announced: Announced | None, status: Status, flip: Flip | None
) -> tuple[Announced | None, Notice | None]:
    """Return what stands announced after this status, and the notice to send, if any."""
    if flip is None:
        return announced, None
    diagnosis = flip.after
    if diagnosis.code == "paused":  # the user's own doing; what comes after is a new story
        return None, None
    if diagnosis.light is Light.GREEN:
        ended = None if announced is None else Notice(Kind.RECOVERY, status, announced)
        return None, ended
    if not diagnosis.announce:
        return announced, None
    since = status.light_since if announced is None else announced.since
    return Announced(diagnosis, since), Notice(Kind.FAULT, status)
