"""Decide which notifications to send: about faults, their end, and what was missed meanwhile.

Pure: statuses, flips and the time go in, notifications come out. Knows no channel and no wording.
There is no queue: every status decides again what is still unannounced, so a notification that
failed or was muted is sent later, if it is still true.
"""

from __future__ import annotations

from dataclasses import replace

from traymon.core.calendar import BEFORE_OPEN
from traymon.core.facts import Fact
from traymon.core.model import Change, Flip, Status, Update
from traymon.core.notification import Kind, Notification, Unannounced
from traymon.core.notification_memory import (
    STEADY_AFTER,
    Memory,
    fault_to_announce,
    is_announced,
    is_good,
    pause,
    record_status,
    shift_after_sleep,
)
from traymon.core.vocabulary import Light

MAX_FLIPS = 4  # more than that within `FLAPPING_WINDOW`: it is unstable
REMINDER_INTERVALS = (900.0, 1800.0, 3600.0)  # seconds; the last one repeats


def decide(
    memory: Memory, status: Status, flip: Flip | None, now: float
) -> tuple[Memory, Notification | None]:
    """Return the memory after this status, and the notification to send now, if any.

    The sender reports the outcome with `record_delivery`; until then nothing else is sent.
    """
    if status.paused:  # the user did it; whatever comes after the pause is news
        return pause(memory, status, now), None
    if status.muted:  # likewise, and what happens meanwhile is not even collected
        return replace(pause(memory, status, now), unannounced=()), None
    slept = Fact.SLEPT.of(status.diagnosis.facts)
    if flip is not None and slept is not None:
        memory = shift_after_sleep(memory, slept)
    memory = record_status(memory, status, flip, now)
    if memory.in_flight is not None or now < memory.retry_at:
        return memory, None
    notification = _choose(memory, status, now)
    if notification is None:
        return memory, None
    return replace(memory, in_flight=notification), notification


def is_held_back(status: Status) -> bool:
    """Tell whether the user wants no notifications now."""
    return status.snoozed_until is not None or status.quiet_until is not None


def is_silenced(update: Update) -> bool:
    """Tell whether what the screen says of a target must go: the user has paused or muted it."""
    status = update.status
    was_paused = update.flip is not None and status.paused  # nobody looks whether it still holds
    return was_paused or (status.muted and bool(update.changed & Change.MUTE))


def _choose(memory: Memory, status: Status, now: float) -> Notification | None:
    """Return the notification to send now."""
    fault = fault_to_announce(memory, status)
    is_new = fault is not None and not is_announced(memory, fault)
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
        if any(fault.is_red for fault in _over(memory.unannounced)):
            return _with_all_unannounced(memory, Kind.SUMMARY, status)
        fault = fault_to_announce(memory, status)
        is_red = fault is not None and fault.light is Light.RED
        if fault is not None and is_red and not is_announced(memory, fault):
            return _fault_notification(memory, status)
    return _recovery(memory, status)


def _with_all_unannounced(memory: Memory, kind: Kind, status: Status) -> Notification:
    return Notification(kind, status, unannounced=memory.unannounced, flips=memory.flips)


def _fault_notification(memory: Memory, status: Status) -> Notification:
    return Notification(Kind.FAULT, status, unannounced=_ongoing(memory.unannounced))


def _recovery(memory: Memory, status: Status) -> Notification | None:
    if memory.announced is None or not is_good(memory, status):
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
