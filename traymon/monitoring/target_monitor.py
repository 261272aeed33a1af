"""Monitors one target: gathers the evidence of its sensors and publishes what follows from it.

Knows no surface and no wording. Lives on the monitor's loop; only frozen values leave it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from traymon.core.calendar import Calendar
from traymon.core.facts import Fact
from traymon.core.model import Evidence, Flip, Reading, SettingsState, Status
from traymon.core.polling import MIN_INTERVAL
from traymon.core.program_habits import Habits
from traymon.core.programs import Expectation
from traymon.core.target import Target, mask_accounts
from traymon.core.vocabulary import SensorName, Symptom
from traymon.monitoring.clock import SteadyClock
from traymon.monitoring.poll_schedule import PollSchedule, SensorSlot
from traymon.monitoring.sensor_runner import poll_sensor
from traymon.monitoring.sleep_detector import SleepDetector
from traymon.monitoring.status_tracker import StatusTracker
from traymon.monitoring.stream_supervisor import StreamSupervisor
from traymon.sensors.base import Sensors

log = logging.getLogger(__name__)

TICK = 5.0  # seconds between evaluations when nothing is posted: evidence ages, machines sleep
RESUME_GRACE = 20.0  # seconds after waking in which only good news counts

Publish = Callable[[Status, Flip | None], None]
Discover = Callable[[Target], Target]


class TargetMonitor:
    """Monitors one target. It is the context of its streaming sensors.

    All methods are called on the monitor's loop.
    """

    def __init__(
        self,
        target: Target,
        sensors: Sensors,
        publish: Publish,
        clock: SteadyClock,
        discover: Discover,
        calendar: Calendar,
        snoozed_until: float | None,
        expectations: Mapping[str, Expectation],
        *,
        muted: bool,
        settings: SettingsState,
    ) -> None:
        self.check_requests = 0  # how many times the user has asked for a check
        self.settings_requests = 0  # the same, for TWS's own settings
        self._publish, self._clock, self._discover = publish, clock, discover
        self._given = target  # by the settings; the evidence's may have another port
        self._evidence = Evidence(target, clock())
        self._tracker = StatusTracker(self._evidence, calendar, snoozed_until)
        self._tracker.muted, self._tracker.settings = muted, settings
        self._tracker.programs.expect(expectations)
        self._schedule = PollSchedule(sensors.polling)
        self._streams = StreamSupervisor(sensors.streaming, self)
        self._sleep_detector = SleepDetector(clock, TICK)
        self._arrived = asyncio.Event()  # set by the next reading, then replaced

    @property
    def name(self) -> str:
        """The target's name."""
        return self._evidence.target.name

    @property
    def evidence(self) -> Evidence:
        """The evidence as it is now."""
        return replace(self._evidence, now=self._clock())

    @property
    def paused(self) -> bool:
        """Whether the user has paused monitoring."""
        return self._evidence.symptom(SensorName.MONITOR) is Symptom.PAUSED

    async def run(self) -> None:
        """Monitor until cancelled."""
        self._evaluate()
        if not self.paused:
            self._streams.restart()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._poll_when_due())
                tasks.create_task(self._tick())
        finally:
            await self._streams.close()

    def post(self, reading: Reading) -> None:
        """Take a streaming sensor's reading and evaluate it at once."""
        if self.paused:
            return
        reading = replace(reading, at=self._clock())
        before = self._evidence.readings.get(reading.sensor)
        self._record(reading)
        if _session_has_changed(before, reading):
            # The other readings are suspect now. A lost session may skip the minimum interval,
            # because it can only be lost once.
            min_interval = 0.0 if reading.symptom is Symptom.LOST else MIN_INTERVAL
            self._schedule.expedite(self._clock(), min_interval)
        self._evaluate_and_plan()

    async def wait_for_update(self) -> None:
        """Wait for the next reading of any sensor, or until the user asks for a check."""
        await self._arrived.wait()

    def check_now(self) -> None:
        """Poll again at once; at most every 2 s, however often it is asked for."""
        self.check_requests += 1
        self._notify_streams()
        self._schedule.expedite(self._clock())
        self._evaluate()  # the next check is due earlier now

    def look_at_tws_settings(self) -> None:
        """Ask TWS for its own settings, once; not while monitoring is paused."""
        if not self.paused:
            self.settings_requests += 1
            self._notify_streams()

    def set_viewer_present(self, present: bool) -> None:
        """Poll more often while somebody has the page open and something is wrong."""
        if self._schedule.set_viewer_present(present):
            self._evaluate_and_plan()

    def pause(self) -> None:
        """Stop monitoring until `resume`."""
        self._reset_evidence(Reading(SensorName.MONITOR, Symptom.PAUSED, at=self._clock()))
        self._evaluate()

    def resume(self) -> None:
        """Monitor again after a pause."""
        self._reset_evidence()
        self._evaluate()

    def snooze(self, until: float | None) -> None:
        """Silence notifications until then, in epoch seconds; None ends a snooze.

        It also ends when an outage does.
        """
        self._tracker.snoozed_until = until
        self._evaluate()

    def mute(self, on: bool) -> None:
        """Mute the target, as the user asks, or end that; see `Status.muted`."""
        self._tracker.muted = on
        self._evaluate()

    def remember_programs(self, habits: Habits) -> None:
        """Take what earlier days show of the user's programs."""
        self._tracker.programs.remember(habits)

    def expect_programs(self, expectations: Mapping[str, Expectation]) -> None:
        """Take when the user expects which program, by its key."""
        self._tracker.programs.expect(expectations)
        self._evaluate()

    def set_calendar(self, calendar: Calendar) -> None:
        """Use this calendar from now on."""
        self._tracker.calendar = calendar
        self._evaluate()

    def show_settings(self, state: SettingsState) -> None:
        """Show what is new in the files of the settings."""
        self._tracker.settings = state
        self._evaluate()

    def use_target(self, target: Target) -> None:
        """Monitor this target from now on, as from the start; a pause goes on.

        Nothing begins anew if it is the same target to every sensor.
        """
        before, self._given = self._given, target
        if before.updated_from(target) == target:
            seen = self._evidence.target.updated_from(target)
            self._evidence = replace(self._evidence, target=seen)
            self._evaluate()
            return
        log.info("%s: the settings have changed; watching %s", self.name, target.address)
        paused = self._evidence.readings[SensorName.MONITOR] if self.paused else None
        self._evidence = replace(self._evidence, target=target)
        self._reset_evidence(paused)
        self._tracker.start_over(self.evidence)
        self._evaluate()

    def _reset_evidence(self, first: Reading | None = None) -> None:
        """Drop all evidence, as it is about another time or another port, and gather it again."""
        self._evidence = Evidence(self._evidence.target, self._clock())
        if first is not None:
            self._evidence = self._evidence.with_reading(first)
        if self.paused:
            self._schedule.clear()
            self._streams.stop()
        else:
            self._schedule.reset()
            self._streams.restart()

    def _notify_streams(self) -> None:
        self._arrived.set()
        self._arrived = asyncio.Event()

    async def _poll_when_due(self) -> None:
        while True:
            await self._schedule.wait_until_due(self._clock)
            await self._rediscover()
            await self._poll_due()

    async def _poll_due(self) -> None:
        """Poll every due sensor, in order, and only then evaluate what they saw.

        A change of symptom makes the other readings suspect, so the other sensors are polled too.
        """
        slots = self._schedule.slots
        polled: list[SensorSlot] = []
        while (slot := self._schedule.next_due(self._clock(), polled)) is not None:
            polled.append(slot)
            slot.begin_poll()
            reading = await poll_sensor(slot.sensor, self.evidence)
            reading = replace(reading, at=self._clock())
            if self._schedule.slots is not slots:
                return  # the evidence was reset meanwhile: this reading is not about it
            self._record(reading)
            if self._schedule.end_poll(slot, reading):
                self._schedule.expedite(self._clock(), skip=polled)
        self._evaluate_and_plan()

    def _record(self, reading: Reading) -> None:
        """Add a reading to the evidence."""
        self._evidence = self._evidence.with_reading(reading)
        self._tracker.record(reading)
        self._notify_streams()
        name, detail = reading.sensor, mask_accounts(reading.detail)
        log.debug("%s %s: %s %s", self.name, name, reading.symptom, detail)

    async def _rediscover(self) -> None:
        """Choose the port again while nobody listens there, unless the user has set it."""
        target = self._evidence.target
        handshake = self._evidence.symptom(SensorName.HANDSHAKE)
        if not target.discovered or handshake not in (Symptom.UNKNOWN, Symptom.REFUSED):
            return
        chosen = await asyncio.to_thread(self._discover, target)
        if self._evidence.target is not target:
            return  # the settings have changed meanwhile
        if chosen != target and not self.paused:
            log.info("%s: watching port %s", self.name, chosen.port)
            self._evidence = replace(self._evidence, target=chosen)
            self._reset_evidence()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK)
            self._evaluate()

    def _evaluate(self) -> None:
        """Publish the status that follows from the evidence as it is now."""
        self._publish_with_next_check(*self._diagnose())

    def _evaluate_and_plan(self) -> None:
        """Publish the status, and with it when the next check is due after what was seen."""
        status, flip = self._diagnose()
        self._plan_polls()
        self._publish_with_next_check(status, flip)

    def _diagnose(self) -> tuple[Status, Flip | None]:
        # first, so that no evidence from before a sleep is diagnosed
        jumped = self._sleep_detector.check(asyncio.get_running_loop().time())
        if jumped is not None:
            self._start_over_after(jumped)
        status, flip = self._tracker.evaluate(self.evidence)
        self._evidence = status.evidence
        return status, flip

    def _publish_with_next_check(self, status: Status, flip: Flip | None) -> None:
        if flip is not None:
            log.info("%s: %s -> %s", self.name, flip.before.code, flip.after.code)
        due = self._schedule.next_poll_of(SensorName.HANDSHAKE, status.evidence.now)
        self._publish(replace(status, next_check_at=due), flip)

    def _plan_polls(self) -> None:
        """Set when each sensor is polled next, and with that how long its reading counts."""
        green = self._tracker.is_green
        served = self._evidence.symptom(SensorName.HANDSHAKE) is Symptom.OK
        calm = not self._tracker.has_pending_change and (green or served)
        for reading in self._schedule.plan(calm, green, self._evidence.target.limits):
            self._evidence = self._evidence.with_reading(reading)

    def _start_over_after(self, seconds: float) -> None:
        """Drop what was seen before the machine slept, or before its clock was set."""
        log.info("%s: the clock moved by %.0f s: woken from sleep, or set", self.name, seconds)
        self._tracker.leave_out(seconds)
        if not self.paused:
            self._reset_evidence(_resumed(seconds, self._clock()))


def _session_has_changed(before: Reading | None, reading: Reading) -> bool:
    """Tell whether the session, or the link to IB that it reports on, has changed its symptom."""
    if reading.sensor not in (SensorName.SESSION, SensorName.LINK):
        return False
    was = Symptom.OK if before is None else before.symptom  # no reading yet: nothing was wrong
    return reading.symptom not in (was, Symptom.UNKNOWN)


def _resumed(seconds: float, now: float) -> Reading:
    """Return the reading that the machine has slept for some seconds."""
    facts = {Fact.SLEPT: seconds}
    return Reading(SensorName.MONITOR, Symptom.RESUMED, facts=facts, at=now, ttl=RESUME_GRACE)
