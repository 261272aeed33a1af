"""What `traymon events` tells programs: few types, frozen forms. docs/events.md describes them.

Pure. What a field means never changes; new types and new fields may come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from traymon.core.model import Diagnosis, Status
from traymon.core.utf8 import encodable

SCHEMA = 1  # raised when a field changes its meaning or goes away
# The environment of a hook. These are not settings, although their names begin like those.
VARIABLES = (
    *("TRAYMON_TARGET", "TRAYMON_LIGHT", "TRAYMON_CODE", "TRAYMON_HEADLINE", "TRAYMON_SINCE"),
    *("TRAYMON_BEFORE_LIGHT", "TRAYMON_BEFORE_CODE", "TRAYMON_MUTED"),
)
NO_DATA: Mapping[str, Any] = MappingProxyType({})


class EventType(StrEnum):
    """What an event is about. The names are in JSON and in the history: they are never renamed."""

    START = "start"  # traymon has started
    STOP = "stop"  # it has ended in order; a crash leaves none
    LIGHT = "light"  # another diagnosis shows, or the same one in another light
    NOTIFICATION = "notification"  # one was tried, through one channel
    SNOOZE = "snooze"  # begun, or over
    PAUSE = "pause"  # begun, or over
    MUTE = "mute"  # of a target, on or off
    TARGET = "target"  # one more is watched, or one less
    DRILL = "drill"  # the test alarm
    MISSED = "missed"  # made for the reader who asks for what is no longer kept; never stored


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""

    type: str  # of EventType, or of a later version
    at: float  # seconds since the epoch
    target: str | None = None  # its name; None: it concerns all of them
    data: Mapping[str, Any] = field(default_factory=lambda: NO_DATA)  # plain values
    number: int | None = None  # grows by one with each event that is kept; None: not kept yet


def as_json(event: Event) -> dict[str, Any]:
    """Return an event as plain values for JSON."""
    values = {
        "schema": SCHEMA,
        "id": event.number,
        "type": str(event.type),
        "time": iso(event.at),
        "target": event.target,
        "data": dict(event.data),
    }
    return {key: encodable(value) for key, value in values.items()}


def changes(before: Status, now: Status) -> Iterator[Event]:
    """Yield what has changed in a target's status; of a LIGHT, all but its headline."""
    name, at = now.target.name, now.evidence.now
    if not now.diagnosis.same_as(before.diagnosis):
        yield Event(EventType.LIGHT, at, name, light_data(before.diagnosis, now))
    if now.snoozed_until != before.snoozed_until:
        until = None if now.snoozed_until is None else iso(now.snoozed_until)
        yield Event(EventType.SNOOZE, at, name, {"until": until})
    if now.muted != before.muted:
        yield Event(EventType.MUTE, at, name, {"muted": now.muted})
    if now.paused != before.paused:
        yield Event(EventType.PAUSE, at, name, {"paused": now.paused})


def light_data(before: Diagnosis, now: Status) -> Mapping[str, Any]:
    """Return what a LIGHT says beside its headline."""
    return {
        "before": _shown(before),
        "after": _shown(now.diagnosis),
        "since": iso(now.since),
        "expected": now.diagnosis.expected,
        "muted": now.muted,
    }


def as_variables(light: Event) -> dict[str, str]:
    """Return what a LIGHT says, as the environment variables of a hook."""
    data = light.data
    values = (
        *(light.target or "", data["after"]["light"], data["after"]["code"], data["headline"]),
        *(data["since"], data["before"]["light"], data["before"]["code"]),
        "yes" if data["muted"] else "no",
    )
    # no operating system takes a variable with this character
    return {name: value.replace("\0", "") for name, value in zip(VARIABLES, values, strict=True)}


def with_losses(events: Iterable[Event], after: int, now: float) -> Iterator[Event]:
    """Yield events that follow the one with the number `after`, told of those that are gone.

    `after` 0: all that are kept are wanted, wherever they begin.
    """
    for event in events:
        number = event.number or 0
        if after and number > after + 1:
            yield missed(after + 1, number - 1, now)
        yield event
        after = number


def missed(first: int, last: int, now: float) -> Event:
    """Return the event that tells a reader which ones are no longer kept."""
    return Event(EventType.MISSED, now, data={"from": first, "to": last}, number=last)


def _shown(diagnosis: Diagnosis) -> Mapping[str, str]:
    return {"code": diagnosis.code, "light": diagnosis.light.word}


def iso(at: float) -> str:
    """Return a moment in UTC as ISO 8601, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
