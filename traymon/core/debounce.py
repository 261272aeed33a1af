"""Decide which diagnosis shows: one reading may be a hiccup, two readings or two sensors are not.

Pure: the time is an argument. Knows nothing of sensors, surfaces or notifications.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from traymon.core.model import Diagnosis, Flip, Suspicion
from traymon.core.vocabulary import Light

READINGS_TO_SETTLE = 2


@dataclass(frozen=True, slots=True)
class PendingChange:
    """A run of diagnoses that disagree with the one that shows."""

    diagnosis: Diagnosis  # the newest of the run
    since: float  # when this cause was first seen
    began: float  # when the run began
    streak: int  # consecutive readings that showed this cause
    agreed: Diagnosis | None = None  # what the two newest readings agree on
    agreed_since: float = 0.0


@dataclass(frozen=True, slots=True)
class Settled:
    """What shows, since when, and which change is pending."""

    shown: Diagnosis
    since: float  # when this cause was first seen
    light_since: float
    streak: int = 1  # consecutive readings that showed this cause
    pending: PendingChange | None = None

    @property
    def suspicion(self) -> Suspicion | None:
        """The pending change as `1 of 2`.

        A change that waits out its patience stays at `2 of 2`.
        """
        if self.pending is None:
            return None
        streak = min(self.pending.streak, READINGS_TO_SETTLE)
        return Suspicion(self.pending.diagnosis, streak, READINGS_TO_SETTLE)


def settle(state: Settled, seen: Diagnosis, now: float) -> tuple[Settled, Flip | None]:
    """Return the state after the newest diagnosis, and the flip if what shows has changed.

    The light moves only as far as the last two readings agree, in either direction: green, then
    red, then amber shows amber. One reading is enough if two sensors agree, if the light becomes
    grey (not watching is a fact), or if it goes from grey to green.
    """
    if seen.same_as(state.shown):
        streak = state.streak + (seen.seen_at > state.shown.seen_at)
        return replace(state, shown=seen, streak=streak, pending=None), None
    pending = _update_pending(state, seen, now)
    agreed = pending.agreed
    if agreed is None or now - pending.agreed_since < agreed.patience:
        return replace(state, pending=pending), None
    same_light = agreed.light is state.shown.light
    settled = Settled(
        shown=agreed,
        since=pending.agreed_since,
        light_since=state.light_since if same_light else pending.began,
        streak=pending.streak if agreed is seen else 1,
        pending=None if agreed is seen else replace(pending, began=pending.since, agreed=None),
    )
    return settled, Flip(now, state.shown, agreed)


def _update_pending(state: Settled, seen: Diagnosis, now: float) -> PendingChange:
    """Return the pending change after the newest diagnosis."""
    before = state.pending
    if before is None:
        pending = PendingChange(seen, since=now, began=now, streak=1)
    elif before.diagnosis.same_as(seen):
        is_new_reading = seen.seen_at > before.diagnosis.seen_at
        pending = replace(before, diagnosis=seen, streak=before.streak + is_new_reading)
        if is_new_reading or (before.agreed and before.agreed.same_as(seen)):
            pending = replace(pending, agreed=seen, agreed_since=before.since)
    else:
        pending = PendingChange(seen, since=now, began=before.began, streak=1)
        agreed = _less_severe_change(state.shown, before.diagnosis, seen)
        if agreed is not None and seen.seen_at > before.diagnosis.seen_at:
            since = now if agreed is seen else before.since
            pending = replace(pending, agreed=agreed, agreed_since=since)
    if _settles_at_once(state.shown, seen):
        pending = replace(pending, agreed=seen, agreed_since=pending.since)
    return pending


def _settles_at_once(shown: Diagnosis, seen: Diagnosis) -> bool:
    return (
        len(seen.witnesses) >= READINGS_TO_SETTLE
        or seen.light is Light.GREY
        or (shown.light is Light.GREY and seen.light is Light.GREEN)
    )


def _less_severe_change(shown: Diagnosis, older: Diagnosis, newer: Diagnosis) -> Diagnosis | None:
    """Return what two different diagnoses agree on.

    If both move the light the same way, that is the smaller move; if neither moves it, the newer
    diagnosis, since neither of them saw what shows. If they disagree, None.
    """
    first, second = older.light - shown.light, newer.light - shown.light
    if (first > 0) != (second > 0) or (first < 0) != (second < 0):
        return None
    return older if abs(first) < abs(second) else newer
