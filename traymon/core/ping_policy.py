"""Whether the dead-man's switch may say that traymon is well. Pure.

A ping says that traymon looks and would tell. So it needs fresh looks at every target that is to be
watched; without them nothing is sent, and the silence raises the alarm.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, auto

from traymon.core.model import Status
from traymon.core.polling import reading_ttl
from traymon.core.vocabulary import Light

SOON = 15.0  # seconds between two pings at least: services take five a minute
TOLD_AFTER = 3  # failures in a row after which the user is told; a network may blink


class Signal(Enum):
    """What is to be sent."""

    WELL = auto()
    RED = auto()  # traymon is well, and a target is not
    NOTHING = auto()  # nobody looks, or not everywhere


def what_to_send(statuses: Collection[Status], now: float) -> Signal:
    """Return what the newest statuses allow to say at a moment.

    A paused target is not asked for; if all are paused, nobody looks. A muted one is looked at, and
    may be red. One that is left out because of a mistake is not looked at.
    """
    watched = [status for status in statuses if not status.paused]
    is_left_out = any(status.settings.left_out for status in statuses)
    if is_left_out or not watched or not all(_is_looked_at(status, now) for status in watched):
        return Signal.NOTHING
    if any(status.diagnosis.light is Light.RED and not status.muted for status in watched):
        return Signal.RED
    return Signal.WELL


def pause(every: float, failures: int) -> float:
    """Return the seconds until the next ping, after so many failures in a row."""
    return min(every, SOON) if failures == 1 else every


def _is_looked_at(status: Status, now: float) -> bool:
    """Tell whether a status is new, and a sensor has looked since two of the slowest intervals."""
    limits = status.target.limits
    looked = reading_ttl(max(limits.interval, limits.backoff), limits)
    return (
        abs(now - status.evidence.now) <= 2 * limits.interval
        and status.checked_at is not None
        and now - status.checked_at <= looked
    )
