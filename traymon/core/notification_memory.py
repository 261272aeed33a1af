"""What the user knows of a target, and what not: how that grows with statuses and notifications.

Pure. What follows from it is `notification_policy`'s to decide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from traymon.core.model import Diagnosis, Flip, Status
from traymon.core.notification import Kind, Notification, Outcome, Unannounced
from traymon.core.vocabulary import Light

FLAPPING_WINDOW = 600.0  # seconds for which a flip counts as one of those that make it unstable
STEADY_AFTER = 300.0  # seconds without a flip after which it is stable again
RETRY_INTERVAL, MAX_RETRY_INTERVAL = 10.0, 600.0  # seconds after a failure; doubles each time
MAX_RECORDED_FLIPS = 1000  # of one unstable time
MAX_UNANNOUNCED = 50  # faults that a summary can name; the oldest are dropped
MAX_UNANNOUNCED_AGE = 7 * 86_400.0  # seconds after a fault's end; then a restart forgets it


@dataclass(frozen=True, slots=True)
class Announced:
    """The fault that the user knows of, until its end is announced."""

    diagnosis: Diagnosis
    at: float  # when it was last announced
    reminders: int = 0


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


def _mark_announced(memory: Memory, notification: Notification, now: float) -> Memory:
    """Return the memory after the user has seen a notification."""
    status, kind, announced = notification.status, notification.kind, memory.announced
    if kind is Kind.UNSTABLE:
        return replace(memory, unstable=True)
    if kind is Kind.REMINDER and announced is not None:
        again = replace(announced, at=now, reminders=announced.reminders + 1)
        return replace(memory, announced=again)
    # every other kind names the current state
    fault = fault_to_announce(memory, status)
    if fault is not None and fault.once:  # its end is not news
        told = memory.told_once | {fault.once}
        memory = replace(memory, announced=None, told_once=told)
    else:
        memory = replace(memory, announced=None if fault is None else Announced(fault, now))
    if kind is Kind.PRE_OPEN:
        memory = replace(memory, pre_open_notification_for=status.opens_at)
    if kind is Kind.STEADY:
        memory = replace(memory, unstable=False, flips=())
    if status.closed and any(fault.is_red for fault in notification.unannounced):
        memory = replace(memory, red_announced_for_open=status.opens_at)
    # compared without `ended`: a fault that ended while the notification was in flight is known
    known = {(fault.diagnosis.code, fault.began) for fault in notification.unannounced}
    still_unannounced = tuple(
        fault for fault in memory.unannounced if (fault.diagnosis.code, fault.began) not in known
    )
    return replace(memory, unannounced=still_unannounced)


def pause(memory: Memory, status: Status, now: float) -> Memory:
    """Return the memory of a paused target: only what is unannounced outlives a pause."""
    return Memory(
        unannounced=record_status(memory, status, None, now).unannounced,
        in_flight=memory.in_flight,
        told_once=memory.told_once,
        pre_open_notification_for=memory.pre_open_notification_for,
    )


def fault_to_announce(memory: Memory, status: Status) -> Diagnosis | None:
    """Return the diagnosis if it is worth a notification.

    One that only asks to wait is not, nor one that is announced once and has been.
    """
    diagnosis = status.diagnosis
    if not diagnosis.announce or diagnosis.light is Light.GREEN:
        return None
    return None if diagnosis.once in memory.told_once else diagnosis


def is_good(memory: Memory, status: Status) -> bool:
    """Tell whether nothing is wrong that the user has not been told of once and for all."""
    diagnosis = status.diagnosis
    return diagnosis.light is Light.GREEN or diagnosis.once in memory.told_once


def is_announced(memory: Memory, fault: Diagnosis) -> bool:
    """Tell whether the user knows of a fault."""
    return memory.announced is not None and memory.announced.diagnosis.same_as(fault)


def record_status(memory: Memory, status: Status, flip: Flip | None, now: float) -> Memory:
    """Return the memory with a status in it: the flips that count and the unannounced faults."""
    flips = memory.flips
    if flip is not None and _counts(flip):
        flips = (*flips, flip)[-MAX_RECORDED_FLIPS:]
    if not memory.unstable:  # while it is, all flips are kept until it is steady
        flips = tuple(flip for flip in flips if now - flip.at < FLAPPING_WINDOW)
        flips = () if flips and now - flips[-1].at >= STEADY_AFTER else flips
    fault, unannounced = fault_to_announce(memory, status), memory.unannounced
    newest = unannounced[-1] if unannounced else None
    if newest is not None and newest.ended is None:
        if fault is not None and newest.diagnosis.same_as(fault):
            fault = None  # recorded already
        else:
            unannounced = (*unannounced[:-1], replace(newest, ended=now))
    if fault is not None and not is_announced(memory, fault):
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


def shift_after_sleep(memory: Memory, seconds: float) -> Memory:
    """Leave out the time that the machine slept, in which nobody watched."""
    announced = memory.announced
    return replace(
        memory,
        announced=announced and replace(announced, at=announced.at + seconds),
        flips=tuple(replace(flip, at=flip.at + seconds) for flip in memory.flips),
        retry_at=0.0,
    )
