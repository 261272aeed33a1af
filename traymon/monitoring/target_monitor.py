"""The watch over one target: sensors look and post, the catalogue diagnoses, settle decides.

Knows no surface and no wording. Lives on the monitor's loop; only frozen values leave it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from math import inf

from traymon.core.calendar import Calendar
from traymon.core.debounce import Settled, settle
from traymon.core.facts import Fact
from traymon.core.latency import RollingStats
from traymon.core.model import Evidence, Reading, Status, Update, what_changed
from traymon.core.polling import HARMLESS, SOONEST, WATCHED, poll_interval, reading_ttl
from traymon.core.target import Target, mask_accounts
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.diagnosis.catalogue import diagnose
from traymon.monitoring.clock import SteadyClock
from traymon.monitoring.sensor_runner import poll_sensor, stream_sensor
from traymon.sensors.base import Sensors, StreamingSensor

log = logging.getLogger(__name__)

TICK = 5.0  # seconds between two looks at the clock: evidence ages, machines sleep
SLEPT = 10.0  # seconds that a tick may come late, or clocks differ, before it must have slept
BEGIN_AGAIN = 60.0  # seconds until a held sensor that crashed begins again
RESUME_GRACE = 20.0  # seconds after waking in which only good news counts

Subscriber = Callable[[Update], None]
Discover = Callable[[Target], Target]


class TargetMonitor:
    """Watches one target. All methods are called on the monitor's loop."""

    def __init__(
        self,
        target: Target,
        sensors: Sensors,
        publish: Subscriber,
        clock: SteadyClock,
        discover: Discover,
        calendar: Calendar,
        snoozed_until: float | None = None,
    ) -> None:
        self._sensors = sensors.polling
        self._held = sensors.streaming
        self._holding: list[asyncio.Task[None]] = []
        self._arrived = asyncio.Event()
        self.check_requests = 0  # how often the user has asked to look now
        self._figures = {
            name: RollingStats() for name in (SensorName.HANDSHAKE, SensorName.SESSION)
        }
        self._publish = publish
        self._published: Status | None = None
        self._clock = clock
        self._discover = discover
        self._calendar = calendar
        self._moved = clock.moved
        self._judged_at: float | None = None  # by the loop's clock
        self._down_since: float | None = None
        self._was_down: float | None = None
        self._snoozed_until = snoozed_until
        self._woken = asyncio.Event()
        self._paused = False
        self._viewer_present = False  # somebody has the page open
        self._begun = False
        self._looking = ""  # the sensor that looks right now
        self._checked_at: float | None = None
        self._in_a_row: dict[SensorName, int] = {}
        self._last_looked: dict[SensorName, float] = {}
        now = clock()
        self._due: dict[SensorName, float] = {}
        self._evidence = Evidence(target, now)
        self._settled = Settled(diagnose(self._evidence), since=now, light_since=now)
        self._forget()

    @property
    def name(self) -> str:
        """The target's name."""
        return self._evidence.target.name

    async def run(self) -> None:
        """Look for as long as it is not cancelled."""
        self._judge()
        self._begun = True
        self._hold_anew()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._look_when_due())
                tasks.create_task(self._tick())
        finally:
            for task in self._holding:
                task.cancel()
            await asyncio.gather(*self._holding, return_exceptions=True)

    @property
    def evidence(self) -> Evidence:
        """The evidence as it is now."""
        return replace(self._evidence, now=self._clock())

    def post(self, reading: Reading) -> None:
        """Take what a held sensor has to say, at once."""
        if self._paused:
            return
        before = self._evidence.readings.get(reading.sensor)
        was = Symptom.OK if before is None else before.symptom  # no news was good news
        self._take(replace(reading, at=self._clock()))
        if reading.symptom not in (was, Symptom.UNKNOWN) and reading.sensor in (
            SensorName.SESSION,
            SensorName.LINK,
        ):
            # a change makes what the others saw before it doubtful; a connection drops but once,
            # so that looking for the reason at once cannot become a habit
            self._hurry(self._due, 0.0 if reading.symptom is Symptom.LOST else SOONEST)
        self._judge()
        self._plan()
        self._woken.set()  # the plan may have brought a look forward

    async def wait_for_update(self) -> None:
        """Wait for the next reading of any sensor, or until the user asks to look now."""
        await self._arrived.wait()

    def check_now(self) -> None:
        """Look again at once; at most every 2 s, however often it is asked for."""
        self.check_requests += 1
        self._tell_the_held()
        self._hurry(self._due)

    def _tell_the_held(self) -> None:
        self._arrived.set()
        self._arrived = asyncio.Event()

    def set_viewer_present(self, present: bool) -> None:
        """Look more often while somebody watches and something is wrong."""
        if present is not self._viewer_present:
            self._viewer_present = present
            self._plan()
            self._woken.set()

    def pause(self) -> None:
        """Stop looking until `resume`."""
        self._paused = True
        self._forget(Reading(SensorName.MONITOR, Symptom.PAUSED, at=self._clock()))
        self._judge()

    def resume(self) -> None:
        """Look again after a pause."""
        self._paused = False
        self._forget()
        self._judge()

    def snooze(self, until: float | None) -> None:
        """Let surfaces keep silent until then, epoch seconds; None: no longer.

        It ends by itself when the API is served again.
        """
        self._snoozed_until = until
        self._judge()

    def set_calendar(self, calendar: Calendar) -> None:
        """Go by this calendar from now on."""
        self._calendar = calendar
        self._judge()

    def _forget(self, instead: Reading | None = None) -> None:
        """Drop all evidence: it speaks of another time or another port. Look anew at once."""
        self._evidence = Evidence(self._evidence.target, self._clock())
        if instead is not None:
            self._evidence = self._evidence.with_reading(instead)
        self._in_a_row.clear()
        self._due = dict.fromkeys((sensor.name for sensor in self._sensors), -inf)
        self._woken.set()
        if self._begun:  # a session of before speaks of that time too
            self._hold_anew()

    def _hold_anew(self) -> None:
        """End what is held, and begin again unless paused."""
        ending = [task for task in self._holding if not task.done()]
        for task in ending:
            task.cancel()
        self._holding = ending  # they still have to say goodbye
        if not self._paused:
            self._holding += [asyncio.create_task(self._hold(sensor)) for sensor in self._held]

    async def _hold(self, sensor: StreamingSensor) -> None:
        """Let a held sensor run, and begin again after a crash."""
        while not await stream_sensor(sensor, self):
            await asyncio.sleep(BEGIN_AGAIN)

    def _hurry(self, names: Iterable[SensorName], rest_at_least: float = SOONEST) -> None:
        now = self._clock()
        for name in names:
            soonest = self._last_looked.get(name, -inf) + rest_at_least
            self._due[name] = min(self._due[name], max(now, soonest))
        self._woken.set()

    async def _look_when_due(self) -> None:
        while True:
            pause = None if self._paused else min(self._due.values()) - self._clock()
            if pause is None or pause > 0:
                self._woken.clear()
                try:
                    async with asyncio.timeout(pause):
                        await self._woken.wait()
                except TimeoutError:
                    pass  # due by time, not by being woken
                continue
            await self._round()

    async def _round(self) -> None:
        """Let every due sensor look, in order, and those that a change concerns; then judge."""
        await self._rediscover()
        looked: set[SensorName] = set()
        while not self._paused:
            now = self._clock()
            due = (s for s in self._sensors if self._due[s.name] <= now and s.name not in looked)
            sensor = next(due, None)
            if sensor is None:
                break
            looked.add(sensor.name)
            self._looking = sensor.name
            self._due[sensor.name] = inf  # whoever asks from here on wants another look
            about = self._evidence
            reading = await poll_sensor(sensor, replace(about, now=now))
            reading = replace(reading, at=self._clock())
            self._looking = ""
            if self._evidence.target is not about.target or self._paused:
                continue  # it was asked of something else
            soonest = reading.at + (WATCHED if self._viewer_present else SOONEST)
            self._due[sensor.name] = max(self._due[sensor.name], soonest)
            before = self._evidence.readings.get(sensor.name)
            self._take(reading)
            if before is not None and before.symptom is not reading.symptom:
                # a change makes what the others saw before it doubtful
                self._hurry([name for name in self._due if name not in looked])
        self._judge()
        self._plan()

    def _take(self, reading: Reading) -> None:
        """Put a reading into the evidence."""
        name = reading.sensor
        before = self._evidence.readings.get(name)
        same = before is not None and before.symptom is reading.symptom
        self._in_a_row[name] = self._in_a_row.get(name, 0) + 1 if same else 1
        self._evidence = self._evidence.with_reading(reading)
        self._last_looked[name] = self._checked_at = reading.at
        if name in self._figures and reading.symptom in (Symptom.OK, Symptom.SLOW):
            self._figures[name].add(reading.took, reading.at)
        self._tell_the_held()
        log.debug("%s %s: %s %s", self.name, name, reading.symptom, mask_accounts(reading.detail))

    def _plan(self) -> None:
        """Set when each sensor looks again, and so how long its reading counts."""
        limits = self._evidence.target.limits
        green = self._settled.shown.light is Light.GREEN
        served = self._evidence.symptom(SensorName.HANDSHAKE) is Symptom.OK
        calm = self._settled.pending is None and (green or served)
        for name in self._due:
            reading = self._evidence.readings.get(name)
            if reading is None or name == self._looking:
                continue  # there is nothing yet to plan by
            pause = poll_interval(reading.symptom, self._in_a_row[name], calm, limits, reading.cost)
            if self._viewer_present and not green and reading.symptom in HARMLESS:
                pause = min(pause, WATCHED)
            self._due[name] = min(self._due[name], reading.at + pause)
            reading = replace(reading, ttl=reading_ttl(pause, limits))
            self._evidence = self._evidence.with_reading(reading)

    async def _rediscover(self) -> None:
        """Choose the port anew while none of the usual ones is served."""
        target = self._evidence.target
        served = self._evidence.symptom(SensorName.HANDSHAKE) not in (
            Symptom.UNKNOWN,
            Symptom.REFUSED,
        )
        if not target.discovered or served:
            return
        chosen = await asyncio.to_thread(self._discover, target)
        if chosen != target and not self._paused:
            log.info("%s: watching port %s", self.name, chosen.port)
            self._evidence = replace(self._evidence, target=chosen)
            self._forget()

    async def _tick(self) -> None:
        """Notice time passing: evidence grows old, and a sleeping machine skips ticks."""
        while True:
            await asyncio.sleep(TICK)
            self._judge()

    def _resumed_after(self, seconds: float) -> None:
        """Begin anew after a sleep: what was seen before says nothing, and only good news counts.

        Also after the clock was set, by negative seconds where it was set back.
        """
        log.info("%s: the clock moved by %.0f s: woken from sleep, or set", self.name, seconds)
        self._clock.catch_up()
        self._moved = self._clock.moved
        if self._down_since is not None:
            self._down_since += seconds  # nobody has seen that time
        self._last_looked.clear()
        if not self._paused:
            facts = {Fact.SLEPT: seconds}
            now = self._clock()
            self._forget(
                Reading(SensorName.MONITOR, Symptom.RESUMED, facts=facts, at=now, ttl=RESUME_GRACE)
            )

    def _judge(self) -> None:
        """Diagnose the evidence as it is now, settle, publish."""
        # before anything is judged by old evidence; another watch may have caught up already
        moved = self._clock.drift() + self._clock.moved - self._moved
        late = self._judged_late()
        if abs(moved) > SLEPT:
            self._resumed_after(moved)
        elif late > SLEPT:  # a clock that counts sleep, as Windows has it
            self._resumed_after(late)
        now = self._clock()
        self._evidence = replace(self._evidence, now=now).with_reading(
            self._calendar.reading(now, self._down_since)
        )
        self._settled, flip = settle(self._settled, diagnose(self._evidence), now)
        settled = self._settled
        if flip is not None:
            log.info("%s: %s -> %s", self.name, flip.before.code, flip.after.code)
        self._note_the_light(settled, now)
        status = Status(
            target=self._evidence.target,
            diagnosis=settled.shown,
            since=settled.since,
            light_since=settled.light_since,
            evidence=self._evidence,
            checked_at=self._checked_at,
            looks=settled.looks,
            suspicion=settled.suspicion,
            paused=self._paused,
            down_since=self._down_since,
            was_down=self._was_down,
            snoozed_until=self._snoozed_until,
            quiet_until=self._calendar.quiet_until(now),
            closed=self._calendar.closed(now),
            opens_at=self._calendar.opens(now),
            figures={
                name: figure
                for name, rolling in self._figures.items()
                if (figure := rolling.stats(now)) is not None
            },
        )
        update = Update(status, flip, what_changed(self._published, status))
        self._published = status
        self._publish(update)

    def _judged_late(self) -> float:
        """Return how many seconds later than by the tick this judgement comes."""
        now, before = asyncio.get_running_loop().time(), self._judged_at
        self._judged_at = now
        return 0.0 if before is None else now - before - TICK

    def _note_the_light(self, settled: Settled, now: float) -> None:
        """Keep since when it has not been good, and whether the user still wants silence."""
        light = settled.shown.light
        if light in (Light.AMBER, Light.RED):
            if self._down_since is None:
                self._down_since, self._was_down = settled.light_since, None
        elif light is Light.GREEN and self._down_since is not None:
            self._was_down = max(0.0, settled.light_since - self._down_since)
            self._down_since = self._snoozed_until = None
        if self._snoozed_until is not None and now >= self._snoozed_until:
            self._snoozed_until = None
