"""Decide what to tell the user about their programs: that one is missing, and that it is back.

Pure, like `notification_policy`, whose rules it keeps: nothing is sent while another notification
is on its way, and what is muted is sent later if it is still true.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from traymon.core.model import Status
from traymon.core.notification import Outcome
from traymon.core.notification_memory import retry_pause
from traymon.core.notification_policy import is_held_back
from traymon.core.programs import ProgramState, Standing
from traymon.core.vocabulary import Light

REMINDER_INTERVALS = (3600.0, 4 * 3600.0, 86_400.0)  # seconds; the last one repeats
FORGOTTEN = frozenset({Standing.NOT_EXPECTED, Standing.OFF, Standing.CLOSED})  # nobody waits for it


class ProgramKind(StrEnum):
    """What a notification about programs says; also the name of its text."""

    MISSING = "program-missing"
    REMINDER = "program-reminder"  # it is still missing
    BACK = "program-back"
    DOUBLED = "program-doubled"  # it is connected twice


@dataclass(frozen=True, slots=True)
class Told:
    """That the user knows of a missing program."""

    at: float  # when they were last told
    reminders: int = 0


NOBODY: Mapping[str, Told] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ProgramNotification:
    """Something to tell the user about programs of one target."""

    kind: ProgramKind
    status: Status
    programs: tuple[ProgramState, ...]


@dataclass(frozen=True, slots=True)
class ProgramMemory:
    """What the user knows of the programs of one target."""

    told: Mapping[str, Told] = field(default_factory=lambda: NOBODY)  # missing ones, by key
    doubled: frozenset[str] = frozenset()
    in_flight: ProgramNotification | None = None
    failures: int = 0
    retry_at: float = 0.0


def decide(
    memory: ProgramMemory, status: Status, now: float
) -> tuple[ProgramMemory, ProgramNotification | None]:
    """Return the memory after this status, and the notification to send now, if any."""
    if status.programs is None or status.paused or status.muted:
        return memory, None
    memory = _forget(memory, status.programs)
    unsure = status.diagnosis.light in (Light.RED, Light.GREY)  # that comes first
    if memory.in_flight is not None or now < memory.retry_at or is_held_back(status) or unsure:
        return memory, None
    notification = _choose(memory, status, status.programs, now)
    if notification is None:
        return memory, None
    return replace(memory, in_flight=notification), notification


def record_delivery(
    memory: ProgramMemory,
    notification: ProgramNotification,
    outcome: Outcome,
    now: float,
    retry_in: float | None = None,
) -> ProgramMemory:
    """Return the memory after an attempt to deliver a notification.

    `retry_in` are the seconds before the next attempt if it failed; None: as `retry_pause` has it.
    """
    if memory.in_flight is not notification or outcome is Outcome.UNKNOWN:
        return memory
    memory = replace(memory, in_flight=None)
    if outcome is Outcome.FAILED:
        retry_at = now + (retry_pause(memory.failures) if retry_in is None else retry_in)
        return replace(memory, failures=memory.failures + 1, retry_at=retry_at)
    memory = replace(memory, failures=0, retry_at=0.0)
    keys = [one.key for one in notification.programs]
    if notification.kind is ProgramKind.DOUBLED:
        return replace(memory, doubled=memory.doubled.union(keys))
    told = dict(memory.told)
    for key in keys:
        before = told.pop(key, None)
        if notification.kind is ProgramKind.MISSING:
            told[key] = Told(now)
        elif notification.kind is ProgramKind.REMINDER and before is not None:
            told[key] = Told(now, before.reminders + 1)
    return replace(memory, told=MappingProxyType(told))


def take_back(memory: ProgramMemory, notification: ProgramNotification) -> ProgramMemory:
    """Return the memory as if a notification had not been chosen: it was overtaken, not tried."""
    return replace(memory, in_flight=None) if memory.in_flight is notification else memory


def _forget(memory: ProgramMemory, programs: tuple[ProgramState, ...]) -> ProgramMemory:
    """Leave out what is over without being news."""
    known = {one.key: one for one in programs}
    over = {key for key in memory.told if key not in known or known[key].standing in FORGOTTEN}
    single = {key for key in memory.doubled if key not in known or known[key].runs < 2}
    if not over and not single:
        return memory  # as nearly always
    told = {key: one for key, one in memory.told.items() if key not in over}
    return replace(memory, told=MappingProxyType(told), doubled=memory.doubled - single)


def _choose(
    memory: ProgramMemory, status: Status, programs: tuple[ProgramState, ...], now: float
) -> ProgramNotification | None:
    told = memory.told
    chosen = {
        ProgramKind.MISSING: [one for one in programs if one.missing and one.key not in told],
        ProgramKind.BACK: [one for one in programs if _is_back(one, told)],
        ProgramKind.REMINDER: [one for one in programs if _is_reminder_due(one, told, now)],
        ProgramKind.DOUBLED: [
            one for one in programs if one.doubled and one.key not in memory.doubled
        ],
    }
    for kind, about in chosen.items():
        if about:
            return ProgramNotification(kind, status, tuple(about))
    return None


def _is_back(one: ProgramState, told: Mapping[str, Told]) -> bool:
    return one.key in told and one.standing is Standing.CONNECTED


def _is_reminder_due(one: ProgramState, told: Mapping[str, Told], now: float) -> bool:
    if not one.missing or one.key not in told:
        return False
    last = told[one.key]
    interval = REMINDER_INTERVALS[min(last.reminders, len(REMINDER_INTERVALS) - 1)]
    return now >= last.at + interval
