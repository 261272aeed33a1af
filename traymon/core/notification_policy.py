"""Decide which notifications to send: about faults, their end, and what was missed meanwhile.

Pure: statuses, flips and the time go in, notifications come out. Knows no channel and no wording.
There is no queue: every status decides again what is still unannounced, so a notification that
failed or was muted is sent later, if it is still true.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum, StrEnum, auto

from traymon.core.calendar import BEFORE_OPEN
from traymon.core.facts import Fact
from traymon.core.model import Change, Diagnosis, Flip, Status, Update
from traymon.core.vocabulary import Light

MAX_FLIPS, FLAPPING_WINDOW = 4, 600.0  # more flips than that in so many seconds: it is unstable
STEADY_AFTER = 300.0  # seconds without a flip after which it is stable again
REMINDER_INTERVALS = (900.0, 1800.0, 3600.0)  # seconds; the last one repeats
RETRY_INTERVAL, MAX_RETRY_INTERVAL = 10.0, 600.0  # seconds after a failure; doubles each time
MAX_RECORDED_FLIPS = 1000  # of one unstable time
MAX_UNANNOUNCED = 50  # faults that a summary can name; the oldest are dropped
MAX_UNANNOUNCED_AGE = 7 * 86_400.0  # seconds after a fault's end; then a restart forgets it


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
class Announced:
    """The fault that the user knows of, until its end is announced."""

    diagnosis: Diagnosis
    at: float  # when it was last announced
    reminders: int = 0


@dataclass(frozen=True, slots=True)
class Unannounced:
    """A fault that the user has not been notified of."""

    diagnosis: Diagnosis
    began: float
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    """Something to tell the user about one target."""

    kind: Kind
    status: Status
    ended: Diagnosis | None = None  # the fault that a recovery ends
    unannounced: tuple[Unannounced, ...] = ()  # the faults that this notification announces
    flips: tuple[Flip, ...] = ()  # of the unstable time


@dataclass(frozen=True, slots=True)
class Memory:
    """What the user knows of one target, and what not."""

    announced: Announced | None = None
    unannounced: tuple[Unannounced, ...] = ()
    flips: tuple[Flip, ...] = ()  # of the last minutes; of the whole time while it is unstable
    unstable: bool = False  # the user knows that it comes and goes
    in_flight: Notification | None = None  # sent; not yet known whether it was delivered
    told_once: frozenset[str] = frozenset()  # what is announced once and has been
    failures: int = 0  # consecutive notifications that were not delivered
    retry_at: float = 0.0
    red_announced_for_open: float | None = None  # the opening before which red was announced
    pre_open_notification_for: float | None = None  # the opening whose notification was sent


def decide(
    memory: Memory, status: Status, flip: Flip | None, now: float
) -> tuple[Memory, Notification | None]:
    """Return the memory after this status, and the notification to send now, if any.

    The sender reports the outcome with `record_delivery`; until then nothing else is sent.
    """
    if status.paused:  # the user did it; whatever comes after the pause is news
        return _pause(memory, status, now), None
    if status.muted:  # likewise, and what happens meanwhile is not even collected
        return replace(_pause(memory, status, now), unannounced=()), None
    slept = Fact.SLEPT.of(status.diagnosis.facts)
    if flip is not None and slept is not None:
        memory = _shift_after_sleep(memory, slept)
    memory = _record(memory, status, flip, now)
    if memory.in_flight is not None or now < memory.retry_at:
        return memory, None
    notification = _choose(memory, status, now)
    if notification is None:
        return memory, None
    return replace(memory, in_flight=notification), notification


def record_delivery(
    memory: Memory,
    notification: Notification,
    outcome: Outcome,
    now: float,
    retry_in: float | None = None,
) -> Memory:
    """Return the memory after an attempt to deliver a notification.

    While its outcome is unknown it stays in flight: sent again it might be shown twice. `retry_in`
    are the seconds before the next attempt if it failed; None: as `retry_pause` has it.
    """
    if memory.in_flight is not notification or outcome is Outcome.UNKNOWN:
        return memory
    memory = replace(memory, in_flight=None)
    if outcome is Outcome.DELIVERED:
        return _mark_announced(replace(memory, failures=0, retry_at=0.0), notification, now)
    retry_at = now + (retry_pause(memory.failures) if retry_in is None else retry_in)
    return replace(memory, failures=memory.failures + 1, retry_at=retry_at)


def take_back(memory: Memory, notification: Notification) -> Memory:
    """Return the memory as if a notification had not been chosen: it was overtaken, not tried."""
    return replace(memory, in_flight=None) if memory.in_flight is notification else memory


def remember_unannounced(memory: Memory, faults: Iterable[Unannounced], now: float) -> Memory:
    """Return the memory with faults that were unannounced when this program last ended."""
    recent = [
        fault
        for fault in faults
        if fault.ended is not None and now - fault.ended < MAX_UNANNOUNCED_AGE
    ]
    return replace(memory, unannounced=(*recent, *memory.unannounced)[-MAX_UNANNOUNCED:])


def retry_pause(failures: int) -> float:
    """Return the seconds to wait before the next attempt, after so many failures before this."""
    return min(RETRY_INTERVAL * 2.0 ** min(failures, 10), MAX_RETRY_INTERVAL)


def is_held_back(status: Status) -> bool:
    """Tell whether the user wants no notifications now."""
    return status.snoozed_until is not None or status.quiet_until is not None


def is_silenced(update: Update) -> bool:
    """Tell whether what the screen says of a target must go: the user has paused or muted it."""
    status = update.status
    was_paused = update.flip is not None and status.paused  # nobody looks whether it still holds
    return was_paused or (status.muted and bool(update.changed & Change.MUTE))


def _mark_announced(memory: Memory, notification: Notification, now: float) -> Memory:
    """Return the memory after the user has seen a notification."""
    status, kind, announced = notification.status, notification.kind, memory.announced
    if kind is Kind.UNSTABLE:
        return replace(memory, unstable=True)
    if kind is Kind.REMINDER and announced is not None:
        again = replace(announced, at=now, reminders=announced.reminders + 1)
        return replace(memory, announced=again)
    # every other kind names the current state
    fault = _fault(memory, status)
    if fault is not None and fault.once:  # its end is not news
        told = memory.told_once | {fault.once}
        memory = replace(memory, announced=None, told_once=told)
    else:
        memory = replace(memory, announced=None if fault is None else Announced(fault, now))
    if kind is Kind.PRE_OPEN:
        memory = replace(memory, pre_open_notification_for=status.opens_at)
    if kind is Kind.STEADY:
        memory = replace(memory, unstable=False, flips=())
    if status.closed and _has_red(notification.unannounced):
        memory = replace(memory, red_announced_for_open=status.opens_at)
    # compared without `ended`: a fault that ended while the notification was in flight is known
    known = {(fault.diagnosis.code, fault.began) for fault in notification.unannounced}
    still_unannounced = tuple(
        fault for fault in memory.unannounced if (fault.diagnosis.code, fault.began) not in known
    )
    return replace(memory, unannounced=still_unannounced)


def _pause(memory: Memory, status: Status, now: float) -> Memory:
    """Return the memory of a paused target: only what is unannounced outlives a pause."""
    return Memory(
        unannounced=_record(memory, status, None, now).unannounced,
        in_flight=memory.in_flight,
        told_once=memory.told_once,
        pre_open_notification_for=memory.pre_open_notification_for,
    )


def _fault(memory: Memory, status: Status) -> Diagnosis | None:
    """Return the diagnosis if it is worth a notification.

    One that only asks to wait is not, nor one that is announced once and has been.
    """
    diagnosis = status.diagnosis
    if not diagnosis.announce or diagnosis.light is Light.GREEN:
        return None
    return None if diagnosis.once in memory.told_once else diagnosis


def _is_good(memory: Memory, status: Status) -> bool:
    """Tell whether nothing is wrong that the user has not been told of once and for all."""
    diagnosis = status.diagnosis
    return diagnosis.light is Light.GREEN or diagnosis.once in memory.told_once


def _already_announced(memory: Memory, fault: Diagnosis) -> bool:
    return memory.announced is not None and memory.announced.diagnosis.same_as(fault)


def _record(memory: Memory, status: Status, flip: Flip | None, now: float) -> Memory:
    """Return the memory with a status in it: the flips that count and the unannounced faults."""
    flips = memory.flips
    if flip is not None and _counts(flip):
        flips = (*flips, flip)[-MAX_RECORDED_FLIPS:]
    if not memory.unstable:  # while it is, all flips are kept until it is steady
        flips = tuple(flip for flip in flips if now - flip.at < FLAPPING_WINDOW)
        flips = () if flips and now - flips[-1].at >= STEADY_AFTER else flips
    fault, unannounced = _fault(memory, status), memory.unannounced
    newest = unannounced[-1] if unannounced else None
    if newest is not None and newest.ended is None:
        if fault is not None and newest.diagnosis.same_as(fault):
            fault = None  # recorded already
        else:
            unannounced = (*unannounced[:-1], replace(newest, ended=now))
    if fault is not None and not _already_announced(memory, fault):
        unannounced = (*unannounced, Unannounced(fault, status.since))[-MAX_UNANNOUNCED:]
    if len(flips) == len(memory.flips) and flip is None and unannounced is memory.unannounced:
        return memory  # as nearly always
    return replace(memory, flips=flips, unannounced=unannounced)


def _counts(flip: Flip) -> bool:
    """Tell whether a flip means that the API comes and goes; grey means that nobody watched.

    A login that is tried again and again does not: each try needs the user.
    """
    if flip.before.recurs or flip.after.recurs:
        return False
    grey = Light.GREY in (flip.before.light, flip.after.light)
    return not grey and (flip.before.announce or flip.after.announce)


def _choose(memory: Memory, status: Status, now: float) -> Notification | None:
    """Return the notification to send now."""
    fault = _fault(memory, status)
    is_new = fault is not None and not _already_announced(memory, fault)
    if is_new and status.diagnosis.never_held_back:
        return _fault_notification(memory, status)
    if is_held_back(status) or (fault is None and status.diagnosis.light is Light.GREY):
        return None
    if _opens_soon(status, now) and memory.pre_open_notification_for != status.opens_at:
        return _with_all_unannounced(memory, Kind.PRE_OPEN, status)
    if memory.unstable:
        is_steady = now - memory.flips[-1].at >= STEADY_AFTER
        return _with_all_unannounced(memory, Kind.STEADY, status) if is_steady else None
    if status.closed:
        return _choose_while_closed(memory, status)
    if len(memory.flips) > MAX_FLIPS and not status.target.demo:  # whose faults are planned
        return _with_all_unannounced(memory, Kind.UNSTABLE, status)
    if _over(memory.unannounced):
        return _with_all_unannounced(memory, Kind.SUMMARY, status)
    if is_new:
        return _fault_notification(memory, status)
    return _recovery(memory, status) or _reminder(memory, status, now)


def _opens_soon(status: Status, now: float) -> bool:
    opens = status.opens_at
    return status.closed and opens is not None and opens - BEFORE_OPEN <= now < opens


def _choose_while_closed(memory: Memory, status: Status) -> Notification | None:
    """Return the notification to send while the market is closed.

    Red is announced once before the next opening, and so is its end. The rest waits for the
    pre-open notification.
    """
    if memory.red_announced_for_open != status.opens_at:
        if _has_red(_over(memory.unannounced)):
            return _with_all_unannounced(memory, Kind.SUMMARY, status)
        fault = _fault(memory, status)
        is_red = fault is not None and fault.light is Light.RED
        if fault is not None and is_red and not _already_announced(memory, fault):
            return _fault_notification(memory, status)
    return _recovery(memory, status)


def _with_all_unannounced(memory: Memory, kind: Kind, status: Status) -> Notification:
    return Notification(kind, status, unannounced=memory.unannounced, flips=memory.flips)


def _fault_notification(memory: Memory, status: Status) -> Notification:
    return Notification(Kind.FAULT, status, unannounced=_ongoing(memory.unannounced))


def _recovery(memory: Memory, status: Status) -> Notification | None:
    if memory.announced is None or not _is_good(memory, status):
        return None
    return Notification(Kind.RECOVERY, status, ended=memory.announced.diagnosis)


def _reminder(memory: Memory, status: Status, now: float) -> Notification | None:
    announced = memory.announced
    if announced is None or not announced.diagnosis.same_as(status.diagnosis):
        return None
    if status.diagnosis.light is not Light.RED:
        return None
    interval = REMINDER_INTERVALS[min(announced.reminders, len(REMINDER_INTERVALS) - 1)]
    return Notification(Kind.REMINDER, status) if now >= announced.at + interval else None


def _ongoing(faults: tuple[Unannounced, ...]) -> tuple[Unannounced, ...]:
    return tuple(fault for fault in faults if fault.ended is None)


def _over(faults: tuple[Unannounced, ...]) -> tuple[Unannounced, ...]:
    return tuple(fault for fault in faults if fault.ended is not None)


def _has_red(faults: tuple[Unannounced, ...]) -> bool:
    return any(fault.diagnosis.light is Light.RED for fault in faults)


def _shift_after_sleep(memory: Memory, seconds: float) -> Memory:
    """Leave out the time that the machine slept, in which nobody watched."""
    announced = memory.announced
    return replace(
        memory,
        announced=announced and replace(announced, at=announced.at + seconds),
        flips=tuple(replace(flip, at=flip.at + seconds) for flip in memory.flips),
        retry_at=0.0,
    )
