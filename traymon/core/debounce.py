"""Which diagnosis shows: one look may be a hiccup, two looks or two sensors are believed.

Pure: the time is an argument. Knows nothing of sensors, surfaces or notices.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from traymon.core.model import Diagnosis, Flip, Suspicion
from traymon.core.vocabulary import Light

LOOKS_TO_SETTLE = 2


@dataclass(frozen=True, slots=True)
class PendingChange:
    """The run of looks that disagree with what is shown."""

    diagnosis: Diagnosis  # what the newest of them saw
    since: float  # when this cause was first seen
    began: float  # when the run began
    looks: int  # looks in a row that saw this cause
    supported: Diagnosis | None = None  # what the newest two agree on
    supported_since: float = 0.0


@dataclass(frozen=True, slots=True)
class Settled:
    """What is shown, since when, and what may come next."""

    shown: Diagnosis
    since: float  # this cause was first seen
    light_since: float
    looks: int = 1  # looks in a row that saw this cause
    leaning: PendingChange | None = None

    @property
    def suspicion(self) -> Suspicion | None:
        """What leans, as `1 of 2`; more looks than needed are still waiting out a patience."""
        if self.leaning is None:
            return None
        look = min(self.leaning.looks, LOOKS_TO_SETTLE)
        return Suspicion(self.leaning.diagnosis, look, LOOKS_TO_SETTLE)


def settle(state: Settled, seen: Diagnosis, now: float) -> tuple[Settled, Flip | None]:
    """Take the newest diagnosis into account; return the new state and the flip, if there is one.

    The light moves only as far as the last two looks agree, in either direction: green, then
    red, then amber shows amber. Two sensors that agree, and states in which nothing is looked at
    (grey), need no second look, nor does the first green.
    """
    if seen.same_as(state.shown):
        looks = state.looks + (seen.seen_at > state.shown.seen_at)
        return replace(state, shown=seen, looks=looks, leaning=None), None
    leaning = _lean(state, seen, now)
    agreed = leaning.supported
    if agreed is None or now - leaning.supported_since < agreed.patience:
        return replace(state, leaning=leaning), None
    same_light = agreed.light is state.shown.light
    settled = Settled(
        shown=agreed,
        since=leaning.supported_since,
        light_since=state.light_since if same_light else leaning.began,
        looks=leaning.looks if agreed is seen else 1,
        leaning=None if agreed is seen else replace(leaning, began=leaning.since, supported=None),
    )
    return settled, Flip(now, state.shown, agreed)


def _lean(state: Settled, seen: Diagnosis, now: float) -> PendingChange:
    """Return the run of disagreement with the newest diagnosis in it."""
    before = state.leaning
    if before is None:
        leaning = PendingChange(seen, since=now, began=now, looks=1)
    elif before.diagnosis.same_as(seen):
        new_look = seen.seen_at > before.diagnosis.seen_at
        leaning = replace(before, diagnosis=seen, looks=before.looks + new_look)
        if new_look or (before.supported and before.supported.same_as(seen)):
            leaning = replace(leaning, supported=seen, supported_since=before.since)
    else:
        leaning = PendingChange(seen, since=now, began=before.began, looks=1)
        common = _milder(state.shown, before.diagnosis, seen)
        if common is not None and seen.seen_at > before.diagnosis.seen_at:
            since = now if common is seen else before.since
            leaning = replace(leaning, supported=common, supported_since=since)
    if _needs_no_second_look(state.shown, seen):
        leaning = replace(leaning, supported=seen, supported_since=leaning.since)
    return leaning


def _needs_no_second_look(shown: Diagnosis, seen: Diagnosis) -> bool:
    return (
        len(seen.witnesses) >= LOOKS_TO_SETTLE
        or seen.light is Light.GREY
        or (shown.light is Light.GREY and seen.light is Light.GREEN)
    )


def _milder(shown: Diagnosis, one: Diagnosis, two: Diagnosis) -> Diagnosis | None:
    """Return what two different looks have in common against what is shown.

    Both better or both worse: the one nearer to the shown light. Both of the shown light: the
    newer one, since neither saw the shown cause. Else nothing.
    """
    first, second = one.light - shown.light, two.light - shown.light
    if (first > 0) != (second > 0) or (first < 0) != (second < 0):
        return None
    return one if abs(first) < abs(second) else two
