"""Which states become notices: faults, their end, and what stays untold until somebody may hear it.

Pure: statuses, flips and the time in, notices out. Knows no channel and no wording. What stands
to be told is asked anew with every status, so that a notice that did not come out, or was held
back by a quiet time, is told as soon as it can be, if it is still so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from traymon.core.calendar import BEFORE_OPEN
from traymon.core.facts import Fact
from traymon.core.model import Diagnosis, Flip, Status
from traymon.core.vocabulary import Light

MOST_FLIPS, FLAPPING = 4, 600.0  # more flips than that in so many seconds: it comes and goes
STEADY = 300.0  # seconds without a flip after which it has held
REMIND_AFTER = (900.0, 1800.0, 3600.0)  # seconds between reminders; the last one again and again
RETRY, LONGEST_RETRY = 10.0, 600.0  # seconds after a notice that did not come out; doubling
MOST_KEPT = 1000  # flips of one time in which it came and went
MOST_MISSED = 50  # faults that a summary can know of; the oldest are dropped


class Kind(StrEnum):
    """What a notice tells."""

    FAULT = "fault"
    REMINDER = "reminder"  # the fault is still there
    RECOVERY = "recovery"
    UNSTABLE = "unstable"  # it comes and goes
    STEADY = "steady"  # it has held since
    SUMMARY = "summary"  # what was not told in a quiet time
    PRE_OPEN = "pre-open"  # how things stand shortly before the market opens


@dataclass(frozen=True, slots=True)
class Announced:
    """The fault that the user knows of, until its end is told."""

    diagnosis: Diagnosis
    at: float  # when it was told last
    reminders: int = 0


@dataclass(frozen=True, slots=True)
class Unannounced:
    """A fault that nobody was told of, or not yet."""

    diagnosis: Diagnosis
    began: float
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """Something to tell the user about one target."""

    kind: Kind
    status: Status
    ended: Diagnosis | None = None  # what a recovery ends
    missed: tuple[Unannounced, ...] = ()
    flips: tuple[Flip, ...] = ()  # of the time in which it came and went


@dataclass(frozen=True, slots=True)
class Memory:
    """What the user was told of one target, and what not."""

    told: Announced | None = None
    missed: tuple[Unannounced, ...] = ()
    flips: tuple[Flip, ...] = ()  # of the last minutes; while it comes and goes, of all that time
    unstable: bool = False  # the user knows that it comes and goes
    sending: Notification | None = None
    failures: int = 0  # notices in a row that did not come out
    retry_at: float = 0.0
    red_told_before: float | None = None  # the opening before which a red was told already
    checked: float | None = None  # the opening of which the check before it was told


def decide(
    memory: Memory, status: Status, flip: Flip | None, now: float
) -> tuple[Memory, Notification | None]:
    """Return what is remembered after this status, and the notice to send now, if any.

    Whoever sends it says with `delivered` what came of it; until then nothing else is sent.
    """
    if status.paused:  # the user's own doing; what comes after is a new story
        missed = _note(memory, status, None, now).missed
        return Memory(missed=missed, sending=memory.sending, checked=memory.checked), None
    slept = Fact.SLEPT.of(status.diagnosis.facts)
    if flip is not None and slept is not None:
        memory = _moved_on(memory, slept)
    memory = _note(memory, status, flip, now)
    if memory.sending is not None or now < memory.retry_at:
        return memory, None
    notice = _wanted(memory, status, now)
    return replace(memory, sending=notice), notice


def delivered(memory: Memory, notice: Notification, came_out: bool, now: float) -> Memory:
    """Return what is remembered once it is known whether a notice came out."""
    if memory.sending is not notice:
        return memory
    memory = replace(memory, sending=None)
    if not came_out:
        pause = min(RETRY * 2.0 ** min(memory.failures, 10), LONGEST_RETRY)
        return replace(memory, failures=memory.failures + 1, retry_at=now + pause)
    memory = replace(memory, failures=0, retry_at=0.0)
    status, kind, told = notice.status, notice.kind, memory.told
    fault = _fault(status)
    if kind is Kind.UNSTABLE:
        return replace(memory, unstable=True)
    if kind is Kind.REMINDER and told is not None:
        return replace(memory, told=replace(told, at=now, reminders=told.reminders + 1))
    # every other notice says how things stand
    memory = replace(memory, told=None if fault is None else Announced(fault, now))
    if kind is Kind.PRE_OPEN:
        memory = replace(memory, checked=status.opens_at)
    if kind is Kind.STEADY:
        memory = replace(memory, unstable=False, flips=())
    if status.closed and _has_red(notice.missed):
        memory = replace(memory, red_told_before=status.opens_at)
    # not by their end: what ended while the notice was on its way was told all the same
    said = {(one.diagnosis.code, one.began) for one in notice.missed}
    untold = tuple(m for m in memory.missed if (m.diagnosis.code, m.began) not in said)
    return replace(memory, missed=untold)


def is_muted(status: Status) -> bool:
    """Tell whether the user asked for silence now."""
    return status.snoozed_until is not None or status.quiet_until is not None


def _fault(status: Status) -> Diagnosis | None:
    """Return what is to be told of, if anything is: a state that only asks to wait is not."""
    diagnosis = status.diagnosis
    return diagnosis if diagnosis.announce and diagnosis.light is not Light.GREEN else None


def _knows(memory: Memory, fault: Diagnosis) -> bool:
    return memory.told is not None and memory.told.diagnosis.same_as(fault)


def _note(memory: Memory, status: Status, flip: Flip | None, now: float) -> Memory:
    """Take in what changed: the flips that count, and every fault as long as it is untold."""
    flips = memory.flips
    if flip is not None and _counts(flip):
        flips = (*flips, flip)[-MOST_KEPT:]
    if not memory.unstable:  # else the count goes on until it has held
        flips = tuple(one for one in flips if now - one.at < FLAPPING)
        flips = () if flips and now - flips[-1].at >= STEADY else flips
    fault, missed = _fault(status), memory.missed
    newest = missed[-1] if missed else None
    if newest is not None and newest.ended is None:
        if fault is not None and newest.diagnosis.same_as(fault):
            fault = None  # it goes on
        else:
            missed = (*missed[:-1], replace(newest, ended=now))
    if fault is not None and not _knows(memory, fault):
        missed = (*missed, Unannounced(fault, status.since))[-MOST_MISSED:]
    return replace(memory, flips=flips, missed=missed)


def _counts(flip: Flip) -> bool:
    """Tell whether a flip is one of the API's coming and going; grey is not looking."""
    grey = Light.GREY in (flip.before.light, flip.after.light)
    return not grey and (flip.before.announce or flip.after.announce)


def _wanted(memory: Memory, status: Status, now: float) -> Notification | None:
    """Return the notice that should be sent now."""
    fault = _fault(status)
    untold = fault is not None and not _knows(memory, fault)
    if untold and status.diagnosis.never_muted:
        return Notification(Kind.FAULT, status, missed=_of(memory.missed, fault))
    if is_muted(status) or (fault is None and status.diagnosis.light is Light.GREY):
        return None
    if _opens_soon(status, now) and memory.checked != status.opens_at:
        return _all(memory, Kind.PRE_OPEN, status)
    if memory.unstable:
        held = now - memory.flips[-1].at >= STEADY
        return _all(memory, Kind.STEADY, status) if held else None
    ended = tuple(one for one in memory.missed if one.ended is not None)
    if status.closed:
        return _outside_hours(memory, status, ended)
    if len(memory.flips) > MOST_FLIPS:
        return _all(memory, Kind.UNSTABLE, status)
    if ended:
        return _all(memory, Kind.SUMMARY, status)
    if untold:
        return Notification(Kind.FAULT, status, missed=_of(memory.missed, fault))
    return _recovery(memory, status) or _reminder(memory, status, now)


def _opens_soon(status: Status, now: float) -> bool:
    opens = status.opens_at
    return status.closed and opens is not None and opens - BEFORE_OPEN <= now < opens


def _all(memory: Memory, kind: Kind, status: Status) -> Notification:
    """Return a notice that tells all that is untold."""
    return Notification(kind, status, missed=memory.missed, flips=memory.flips)


def _outside_hours(
    memory: Memory, status: Status, ended: tuple[Unannounced, ...]
) -> Notification | None:
    """Return what is told while the market is closed: red once before it opens, and its end.

    The rest waits for the check before the opening.
    """
    if memory.red_told_before != status.opens_at:
        if _has_red(ended):
            return _all(memory, Kind.SUMMARY, status)
        fault = _fault(status)
        if fault is not None and fault.light is Light.RED and not _knows(memory, fault):
            return Notification(Kind.FAULT, status, missed=_of(memory.missed, fault))
    return _recovery(memory, status)


def _has_red(missed: tuple[Unannounced, ...]) -> bool:
    return any(one.diagnosis.light is Light.RED for one in missed)


def _recovery(memory: Memory, status: Status) -> Notification | None:
    if memory.told is None or status.diagnosis.light is not Light.GREEN:
        return None
    return Notification(Kind.RECOVERY, status, ended=memory.told.diagnosis)


def _reminder(memory: Memory, status: Status, now: float) -> Notification | None:
    told, diagnosis = memory.told, status.diagnosis
    if told is None or diagnosis.light is not Light.RED or not told.diagnosis.same_as(diagnosis):
        return None
    due = told.at + REMIND_AFTER[min(told.reminders, len(REMIND_AFTER) - 1)]
    return Notification(Kind.REMINDER, status) if now >= due else None


def _of(missed: tuple[Unannounced, ...], fault: Diagnosis | None) -> tuple[Unannounced, ...]:
    """Return the untold fault that goes on now."""
    return tuple(one for one in missed if one.ended is None and fault is not None)


def _moved_on(memory: Memory, seconds: float) -> Memory:
    """Return the memory after a sleep, which was no time in which anything was seen."""
    told = memory.told
    return replace(
        memory,
        told=told and replace(told, at=told.at + seconds),
        flips=tuple(replace(flip, at=flip.at + seconds) for flip in memory.flips),
        retry_at=0.0,
    )
