"""Keeps when each polling sensor of one target is due.

Polls nothing and reads no clock. How long the intervals are is decided in `core.polling`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf

from traymon.core.model import Reading
from traymon.core.polling import (
    HARMLESS,
    MIN_INTERVAL,
    VIEWER_INTERVAL,
    poll_interval,
    reading_ttl,
)
from traymon.core.target import Limits
from traymon.core.vocabulary import SensorName
from traymon.sensors.base import PollingSensor


@dataclass(slots=True, eq=False)
class SensorSlot:
    """One polling sensor, when it is due and what it saw last."""

    sensor: PollingSensor
    due: float | None = -inf  # None: being polled, and nobody has asked for another poll since
    in_flight: bool = False
    last: Reading | None = None
    streak: int = 0  # consecutive readings with the same symptom

    def begin_poll(self) -> None:
        """Mark the sensor as being polled; whoever asks from here on gets another poll."""
        self.in_flight, self.due = True, None

    def end_poll(self, reading: Reading, min_interval: float) -> bool:
        """Take the reading of a poll; return whether its symptom has changed."""
        before, self.last, self.in_flight = self.last, reading, False
        is_same = before is not None and before.symptom is reading.symptom
        self.streak = self.streak + 1 if is_same else 1
        if self.due is not None:
            self.due = max(self.due, reading.at + min_interval)
        return before is not None and not is_same

    def bring_forward(self, moment: float) -> None:
        """Make the sensor due at `moment`, unless it is due earlier."""
        self.due = moment if self.due is None else min(self.due, moment)


class PollSchedule:
    """The polling sensors of one target."""

    def __init__(self, sensors: Sequence[PollingSensor]) -> None:
        self._sensors = sensors
        self._woken = asyncio.Event()
        self._viewer_present = False
        # Replaced by `reset` and `clear`, so that a poll in flight can tell that it is outdated.
        self.slots = self._new_slots()

    def reset(self) -> None:
        """Forget all polls: every sensor is due at once."""
        self.slots = self._new_slots()
        self._woken.set()

    def clear(self) -> None:
        """Forget all polls: no sensor is due until `reset`."""
        self.slots = ()

    def set_viewer_present(self, present: bool) -> bool:
        """Poll more often while somebody watches and it is not green; return whether it is new."""
        is_new = present is not self._viewer_present
        self._viewer_present = present
        return is_new

    def next_due(self, now: float, polled: Collection[SensorSlot]) -> SensorSlot | None:
        """Return the first sensor that is due and not among those `polled` already."""
        for slot in self.slots:
            if slot.due is not None and slot.due <= now and slot not in polled:
                return slot
        return None

    def next_poll_of(self, sensor: SensorName, now: float) -> float | None:
        """Return when a sensor is polled next; None while it is being polled, or if none is due."""
        due = next((slot.due for slot in self.slots if slot.sensor.name is sensor), None)
        return None if due is None else max(due, now)

    async def wait_until_due(self, clock: Callable[[], float]) -> None:
        """Wait until a sensor is due."""
        while (delay := self._delay(clock())) is None or delay > 0:
            self._woken.clear()
            with suppress(TimeoutError):  # due
                async with asyncio.timeout(delay):
                    await self._woken.wait()

    def end_poll(self, slot: SensorSlot, reading: Reading) -> bool:
        """Take the reading of a poll; return whether its symptom has changed."""
        return slot.end_poll(reading, VIEWER_INTERVAL if self._viewer_present else MIN_INTERVAL)

    def expedite(
        self,
        now: float,
        min_interval: float = MIN_INTERVAL,
        skip: Collection[SensorSlot] = (),
    ) -> None:
        """Make every sensor due as soon as its last poll is `min_interval` seconds ago."""
        for slot in self.slots:
            if slot not in skip:
                earliest = -inf if slot.last is None else slot.last.at + min_interval
                slot.bring_forward(max(now, earliest))
        self._woken.set()

    def plan(self, calm: bool, green: bool, limits: Limits) -> list[Reading]:
        """Set when each sensor is polled next; return its last reading with how long it counts."""
        readings = []
        for slot in self.slots:
            if slot.last is None or slot.in_flight:
                continue
            symptom, cost = slot.last.symptom, slot.last.cost
            interval = poll_interval(symptom, slot.streak, calm, limits, cost)
            if self._viewer_present and not green and symptom in HARMLESS:
                interval = min(interval, VIEWER_INTERVAL)
            slot.bring_forward(slot.last.at + interval)
            readings.append(replace(slot.last, ttl=reading_ttl(interval, limits)))
        self._woken.set()
        return readings

    def _delay(self, now: float) -> float | None:
        """Return the seconds until a sensor is due; None if none will be."""
        due = [slot.due for slot in self.slots if slot.due is not None]
        return min(due) - now if due else None

    def _new_slots(self) -> tuple[SensorSlot, ...]:
        return tuple(SensorSlot(sensor) for sensor in self._sensors)
