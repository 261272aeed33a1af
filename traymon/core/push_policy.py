"""What one push channel is to know of a target: the same status, with the channel's own wishes.

Pure: the time is an argument. What is then worth a message the notification policies decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from traymon.core.alerts import ALARMING, PushChannel
from traymon.core.calendar import Calendar
from traymon.core.model import Diagnosis, Update
from traymon.core.vocabulary import Light


def wants(channel: PushChannel, target: str) -> bool:
    """Tell whether a channel is told of a target, whose name it may have in another case."""
    return not channel.targets or target.casefold() in map(str.casefold, channel.targets)


def wants_programs(channel: PushChannel) -> bool:
    """Tell whether a channel is told of missing programs, which are no fault of the API."""
    return Light.AMBER in channel.lights


def as_seen_by(channel: PushChannel, update: Update, now: float) -> Update:
    """Return an update with the hours, quiet hours and lights of a channel.

    A target that is muted counts as paused: whatever is wrong when that ends is news.
    """
    status = replace(update.status, diagnosis=_seen(channel, update.status.diagnosis))
    if status.muted:
        status = replace(status, paused=True)
    if channel.quiet is not None:
        quiet_until = Calendar(quiet=channel.quiet).quiet_until(now)
        status = replace(status, quiet_until=quiet_until)
    if channel.hours is not None:
        calendar = Calendar(hours=channel.hours)
        status = replace(status, closed=calendar.closed(now), opens_at=calendar.opens(now))
    flip = update.flip
    if flip is not None:
        before, after = _seen(channel, flip.before), _seen(channel, flip.after)
        flip = replace(flip, before=before, after=after)
    return replace(update, status=status, flip=flip)


def _seen(channel: PushChannel, diagnosis: Diagnosis) -> Diagnosis:
    """Return a diagnosis that is announced only in the channel's lights.

    Grey is announced only if nobody watches, which whoever waits for red must know.
    """
    if diagnosis.light in ALARMING - channel.lights:
        return replace(diagnosis, announce=False)
    return diagnosis


# Seconds before the next attempt, by how many have failed; the last one repeats.
PAUSES = (5.0, 30.0, 60.0, 120.0, 240.0, 480.0, 600.0)
MAX_PAUSE = 3600.0  # seconds for which a peer may ask


def pause(failures: int, asked: float | None, pauses: Sequence[float] = PAUSES) -> float:
    """Return the seconds before the next attempt; `asked` is what the peer has asked for."""
    return max(pauses[min(failures, len(pauses) - 1)], min(asked or 0.0, MAX_PAUSE))
