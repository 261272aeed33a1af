"""Turns the evidence about one target into its status: diagnose, debounce, follow the outage.

Polls nothing and reads no clock: the time is the evidence's.
"""

from __future__ import annotations

from traymon.core.calendar import Calendar
from traymon.core.debounce import Settled, settle
from traymon.core.latency import LatencyTracker
from traymon.core.model import Evidence, Flip, Reading, SettingsState, Status
from traymon.core.outage import Outage
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.diagnosis.catalogue import diagnose
from traymon.monitoring.program_tracker import ProgramTracker


class StatusTracker:
    """What is remembered about one target from one evaluation to the next."""

    def __init__(
        self, evidence: Evidence, calendar: Calendar, snoozed_until: float | None = None
    ) -> None:
        self.calendar, self.snoozed_until = calendar, snoozed_until
        self.muted = False  # by the user; the settings may mute the target as well
        self.settings = SettingsState()
        self.programs = ProgramTracker()
        self.start_over(evidence)

    def start_over(self, evidence: Evidence) -> None:
        """Forget what was seen: it was about another endpoint."""
        self._settled = Settled(diagnose(evidence), since=evidence.now, light_since=evidence.now)
        self._outage = Outage()
        self._latency = LatencyTracker()
        self._checked_at: float | None = None

    @property
    def is_green(self) -> bool:
        """Whether the light is green."""
        return self._settled.shown.light is Light.GREEN

    @property
    def has_pending_change(self) -> bool:
        """Whether the newest diagnosis differs from the one that shows."""
        return self._settled.pending is not None

    def record(self, reading: Reading) -> None:
        """Note when a sensor last looked, and how long it took."""
        self._checked_at = reading.at
        self._latency.record(reading)

    def leave_out(self, seconds: float) -> None:
        """Leave out of an outage the time in which nobody watched."""
        self._outage = self._outage.shift(seconds)

    def evaluate(self, evidence: Evidence) -> tuple[Status, Flip | None]:
        """Return the status of this moment, and the flip if what shows has changed."""
        now = evidence.now
        # The calendar is a sensor that is read here and not polled: it costs nothing, and what it
        # sees depends on the second and on whether an outage began before the window.
        evidence = evidence.with_reading(self.calendar.reading(now, self._outage.down_since))
        self._settled, flip = settle(self._settled, diagnose(evidence), now)
        self._update_outage(now)
        return self._status(evidence), flip

    def _update_outage(self, now: float) -> None:
        """Follow the light. A snooze ends in time, and when the outage that it was for is over."""
        before = self._outage
        self._outage = before.update(self._settled.shown, self._settled.light_since)
        is_over = before.down_since is not None and self._outage.down_since is None
        if is_over or (self.snoozed_until is not None and now >= self.snoozed_until):
            self.snoozed_until = None

    def _status(self, evidence: Evidence) -> Status:
        now, settled, closed = evidence.now, self._settled, self.calendar.closed(evidence.now)
        return Status(
            target=evidence.target,
            diagnosis=settled.shown,
            since=settled.since,
            light_since=settled.light_since,
            evidence=evidence,
            checked_at=self._checked_at,
            streak=settled.streak,
            suspicion=settled.suspicion,
            paused=evidence.symptom(SensorName.MONITOR) is Symptom.PAUSED,
            down_since=self._outage.down_since,
            was_down=self._outage.was_down,
            was_wrong=() if self._outage.was_down is None else self._outage.causes,
            muted=self.muted or evidence.target.muted,
            snoozed_until=self.snoozed_until,
            quiet_until=self.calendar.quiet_until(now),
            closed=closed,
            opens_at=self.calendar.opens(now),
            figures=self._latency.stats(now),
            programs=self.programs.follow(evidence, settled.shown, closed),
            settings=self.settings,
        )
