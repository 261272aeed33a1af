"""Which periods are one fault to the user. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from traymon.core.notification_record import NotificationRecord
from traymon.core.periods import NOT_GOOD, NOT_WATCHED, Condition, Period


@dataclass(frozen=True, slots=True)
class Incident:
    """A time in which a target was not good, from its first fault to its last."""

    periods: tuple[Period, ...]  # without a gap; those in which nobody watched lie in between
    began_unseen: bool = False  # nobody watched just before: it may have begun earlier
    ended_unseen: bool = False  # nobody watched just after: it may have lasted longer
    ongoing: bool = False  # it had not ended by the end of the record
    notifications: tuple[NotificationRecord, ...] = ()  # about it, in order

    @property
    def number(self) -> int:
        """The number by which it is asked for; it stays the same."""
        return self.periods[0].number

    @property
    def start(self) -> float:
        """When it was first seen."""
        return self.periods[0].start

    @property
    def end(self) -> float:
        """When it was last seen."""
        return self.periods[-1].end

    @property
    def cause(self) -> Period:
        """The period that names it: the first of the worst light, rather no transient one."""
        return max(self.periods, key=lambda one: (one.light, not one.transient, -one.start))

    @property
    def code(self) -> str:
        """The code of its cause."""
        return self.cause.code

    @property
    def condition(self) -> Condition:
        """DOWN, DEGRADED or EXPECTED."""
        return self.cause.condition

    @property
    def lasted(self) -> float:
        """How long it lasted, without the time in which nobody watched; seconds."""
        return sum(one.length for one in self.periods if one.condition in NOT_GOOD)


def find_incidents(
    periods: Sequence[Period], notifications: Sequence[NotificationRecord] = ()
) -> tuple[Incident, ...]:
    """Return the incidents of a record without gaps, in order.

    A fault keeps its incident when its cause turns into another red one, and when nobody watches
    for a while. Each amber or expected cause is an incident of its own; a transient state belongs
    to what is beside it, to red rather than to amber.
    """
    groups: list[list[int]] = []  # of positions
    kinds: list[object] = []
    keys = [_incident_key(periods, position) for position in range(len(periods))]
    for position, key in enumerate(keys):
        if key is None:
            if periods[position].condition is Condition.UP:
                kinds.append(None)  # what follows is another incident
            continue
        if groups and kinds and kinds[-1] == key:
            groups[-1].append(position)
        else:
            groups.append([position])
            kinds.append(key)
    return tuple(_incident(periods, group[0], group[-1], notifications) for group in groups)


def _incident_key(periods: Sequence[Period], position: int) -> object:
    """Return what the periods of one incident have in common; None for one that is of none."""
    period = periods[position]
    if period.condition is Condition.DOWN:
        return Condition.DOWN
    if period.condition not in NOT_GOOD:
        return None
    if not period.transient:
        return period.condition, period.code
    neighbours = [_neighbour(periods, position, step) for step in (-1, 1)]
    beside = [one for one in neighbours if one is not None]
    if any(one.condition is Condition.DOWN for one in beside):
        return Condition.DOWN
    return (beside[0].condition, beside[0].code) if beside else (period.condition, "")


def _neighbour(periods: Sequence[Period], position: int, step: int) -> Period | None:
    """Return the next fault in a direction that is not transient, if no good time lies between."""
    position += step
    while 0 <= position < len(periods):
        period = periods[position]
        if period.condition is Condition.UP:
            return None
        if period.condition in NOT_GOOD and not period.transient:
            return period
        position += step
    return None


def _incident(
    periods: Sequence[Period],
    first: int,
    last: int,
    notifications: Sequence[NotificationRecord],
) -> Incident:
    before, after = periods[:first][-1:], periods[last + 1 :][:1]
    start, end = periods[first].start, periods[last].end
    known_until = after[0].end if after else end
    return Incident(
        periods=tuple(periods[first : last + 1]),
        began_unseen=not before or before[0].condition in NOT_WATCHED,
        ended_unseen=bool(after) and after[0].condition in NOT_WATCHED,
        ongoing=not after,
        notifications=tuple(one for one in notifications if start <= one.at < known_until),
    )
