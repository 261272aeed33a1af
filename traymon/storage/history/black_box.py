"""What each sensor saw lately, kept in memory until something happens.

Pure. Around an incident the history keeps it: ten minutes before each change, and ten after.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from math import inf

from traymon.core.history import Observation
from traymon.core.model import Reading
from traymon.core.target import mask_accounts
from traymon.core.vocabulary import SensorName, Symptom

BEFORE = AFTER = 600.0  # seconds around a change
MAX_REMEMBERED = 100  # observations that have ended
HOUR, MAX_AN_HOUR = 3600.0, 120  # observations to keep; a sensor that flaps must not fill the file
MAX_DETAIL = 300  # characters


class BlackBox:
    """Remembers what the sensors of one target see, and gives out what belongs to a change."""

    def __init__(self) -> None:
        self._current: dict[SensorName, Observation] = {}
        self._ended: deque[Observation] = deque(maxlen=MAX_REMEMBERED)  # not given out yet
        self._keep_until = -inf
        self._hour, self._kept = -inf, 0  # how many were kept since when

    def take(
        self, readings: Mapping[SensorName, Reading], now: float, *, changed: bool
    ) -> list[Observation]:
        """Take what the sensors see; return what is to be kept, in place of what was before.

        `changed`: an incident has begun or ended, or its cause is another.
        """
        is_new = [self._observe(reading) for reading in readings.values()]
        if changed:
            self._keep_until = now + AFTER
        elif now > self._keep_until:
            if self._keep_until == -inf:
                return []
            self._keep_until = -inf  # once more: until when each lasted
        elif not any(is_new):
            return []
        return self._give_out(now)

    def _observe(self, reading: Reading) -> bool:
        """Take a reading; return whether it differs from what the sensor saw before."""
        before = self._current.get(reading.sensor)
        if before is not None and before.symptom is reading.symptom:
            if reading.at > before.last:
                self._current[reading.sensor] = replace(before, last=reading.at)
            return False
        if reading.symptom is Symptom.UNKNOWN and before is None:
            return False
        if before is not None:
            self._ended.append(before)
        detail = mask_accounts(" ".join(reading.detail.split()))[:MAX_DETAIL]
        self._current[reading.sensor] = Observation(
            reading.at, reading.at, reading.sensor, reading.symptom, detail
        )
        return True

    def _give_out(self, now: float) -> list[Observation]:
        recent = [one for one in self._ended if one.last >= now - BEFORE]
        self._ended.clear()
        if now - self._hour >= HOUR:
            self._hour, self._kept = now, 0
        if self._kept >= MAX_AN_HOUR:
            return []
        self._kept += len(recent)
        return [*recent, *self._current.values()]
