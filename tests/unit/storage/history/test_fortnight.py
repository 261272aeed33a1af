"""A scripted fortnight through the real monitor and a real file: every figure to the second.

Two outages, ten resets, a Sunday login in the night in which the clocks change, a sleep, and a
traymon that is off for five hours. All figures were computed by hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from support.monitor_harness import FakePollingSensor, FakeStreamingSensor, SceneLoop
from support.virtual_time import BEGAN
from traymon.core.calendar import Calendar
from traymon.core.periods import Condition, Period
from traymon.core.reliability import Reliability, measure, measure_days
from traymon.core.target import Limits, Target
from traymon.core.time_windows import Schedule, Span, parse
from traymon.core.vocabulary import SensorName, Symptom
from traymon.monitoring.clock import SteadyClock
from traymon.monitoring.monitor import Monitor
from traymon.sensors.base import Sensors
from traymon.storage.history.reader import HistoryFile
from traymon.storage.history.recorder import HistoryRecorder
from traymon.ui.past import describe

S, C = Symptom, Condition
ZONE = ZoneInfo("America/New_York")
HOURS = parse("Mon-Fri 09:30-16:00 America/New_York")
RESET = parse("Mon-Fri 23:45-23:59 America/New_York")
TARGET = Target("bot", limits=Limits(interval=3600, quick=60))
STOP_TIMEOUT = 60.0


def moment(text: str) -> float:
    """Return a time of New York's clocks; of one that occurs twice, the first."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()


FIRST, END = moment("2026-10-26 00:00"), moment("2026-11-09 00:00")
WEEKDAYS = (
    "10-26",
    "10-27",
    "10-28",
    "10-29",
    "10-30",
    "11-02",
    "11-03",
    "11-04",
    "11-05",
    "11-06",
)
RESETS = [moment(f"2026-{day} 23:46") for day in WEEKDAYS]


class World:
    """The Gateway, the machine and its traymon."""

    def __init__(self, path: Path) -> None:
        self.path, self.slept = path, 0.0
        self.listener = FakePollingSensor(SensorName.LISTENER)
        self.handshake = FakePollingSensor(SensorName.HANDSHAKE)

    def wall(self) -> float:
        return FIRST + asyncio.get_running_loop().time() - BEGAN + self.slept

    async def until(self, at: float) -> None:
        await asyncio.sleep(at - self.wall())

    def start(self) -> None:
        """Start traymon."""
        self.session = FakeStreamingSensor(SensorName.SESSION)
        self.recorder = HistoryRecorder(self.path, describe, "test")
        self.monitor = Monitor(
            [TARGET],
            lambda: Sensors((self.listener, self.handshake), (self.session,)),
            clock=SteadyClock(self.wall, asyncio.get_running_loop().time),
            calendar=Calendar(reset=RESET, hours=HOURS),
        )
        self.monitor.subscribe(self.recorder.on_update)
        self.running = asyncio.create_task(self.monitor.run())

    async def stop(self) -> None:
        """End traymon, which looks a last time."""
        self.monitor.check_now()
        await asyncio.sleep(0)
        self.monitor.stop()
        await self.running
        self.recorder.stop(STOP_TIMEOUT)

    async def outage(self, begins: float, ends: float) -> None:
        """No Gateway runs."""
        await self.until(begins)
        self.handshake.sees, self.listener.sees = S.REFUSED, S.NOBODY_LISTENS
        self.session.says(S.LOST)
        await self.until(ends)
        self.handshake.sees = self.listener.sees = S.OK
        self.session.says(S.OK)
        self.monitor.check_now()

    async def reset(self, begins: float) -> None:
        """IB resets its servers, for three minutes."""
        await self.until(begins)
        self.session.says(S.LINK_DOWN, about=SensorName.LINK)
        await self.until(begins + 180)
        self.session.says(S.OK, about=SensorName.LINK)


async def fortnight(world: World) -> None:
    world.start()
    await asyncio.sleep(1)
    world.session.says(S.OK)
    resets = iter(RESETS)
    await world.reset(next(resets))
    await world.outage(moment("2026-10-27 10:40:00"), moment("2026-10-27 10:47:12"))
    await world.reset(next(resets))
    await world.until(moment("2026-10-28 11:00"))
    world.slept += 3 * 3600
    await world.until(moment("2026-10-28 14:20"))
    world.session.says(S.OK)
    for _ in range(3):
        await world.reset(next(resets))
    await world.outage(moment("2026-11-01 01:00"), moment("2026-11-01 09:17:30"))
    for _ in range(3):
        await world.reset(next(resets))
    await world.outage(moment("2026-11-05 18:00:00"), moment("2026-11-05 18:00:41"))
    await world.reset(next(resets))
    await world.until(moment("2026-11-06 06:00"))
    await world.stop()
    await world.until(moment("2026-11-06 11:00"))
    world.start()
    await asyncio.sleep(1)
    world.session.says(S.OK)
    await world.reset(next(resets))
    await world.until(END)
    await world.stop()


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> HistoryFile:
    path = tmp_path_factory.mktemp("fortnight") / "history.db"
    with pytest.MonkeyPatch.context() as patch:
        # a fortnight has 242,000 ticks of 5 s, and here what happens is posted when it happens
        patch.setattr("traymon.monitoring.target_monitor.TICK", 900.0)
        patch.setattr("traymon.monitoring.surroundings.INTERVAL", 3600.0)
        with asyncio.Runner(loop_factory=SceneLoop) as runner:
            runner.run(fortnight(World(path)))
    return HistoryFile(path)


@pytest.fixture(scope="module")
def periods(file: HistoryFile) -> tuple[Period, ...]:
    return file.read_periods("bot", FIRST, END)


def trading_hours() -> list[Span]:
    return list(spans_of(HOURS))


def spans_of(schedule: Schedule) -> Iterator[Span]:
    at = FIRST
    while (span := schedule.next(at)) is not None and span.begins < END:
        yield span
        at = span.begins


@pytest.fixture(scope="module")
def measured(periods: tuple[Period, ...]) -> Reliability:
    return measure(periods, FIRST, END, trading_hours())


def test_the_fortnight_of_the_clock_change_has_an_hour_more(measured: Reliability) -> None:
    assert END - FIRST == 337 * 3600
    assert measured.all_hours.length == 337 * 3600
    assert len(trading_hours()) == 10


def test_all_hours_add_up_to_the_second(measured: Reliability) -> None:
    assert {str(one): round(seconds, 3) for one, seconds in measured.all_hours.seconds.items()} == {
        "up": 1_148_677,
        "degraded": 0,
        "down": 432 + 41 + 33_450,  # two outages, and from 01:00 EDT to 09:17:30 EST
        "expected": 10 * 180,
        "asleep": 3 * 3600,
        "unobserved": 5 * 3600,
        "closed": 0,
    }
    assert measured.all_hours.expected == pytest.approx({"reset-window": 1_800})
    assert measured.all_hours.availability == pytest.approx(1_148_677 / 1_182_600)


def test_trading_hours_add_up_to_the_second(measured: Reliability) -> None:
    figures = measured.trading_hours
    assert figures is not None
    assert {str(one): round(seconds, 3) for one, seconds in figures.seconds.items()} == {
        "up": 217_368,
        "degraded": 0,
        "down": 432,
        "expected": 0,
        "asleep": 3 * 3600,
        "unobserved": 1.5 * 3600,
        "closed": 272 * 3600,
    }
    assert figures.length == 65 * 3600
    assert figures.observed == pytest.approx(60.5 * 3600)
    assert figures.availability == pytest.approx(217_368 / 217_800)


def test_outages_are_told_from_what_was_expected(measured: Reliability) -> None:
    outages = [one for one in measured.incidents if one.condition is C.DOWN]
    assert [(one.start, round(one.lasted, 3)) for one in outages] == [
        (moment("2026-10-27 10:40"), 432),
        (moment("2026-11-01 01:00"), 33_450),
        (moment("2026-11-05 18:00"), 41),
    ]
    resets = [one for one in measured.incidents if one.condition is C.EXPECTED]
    assert [(one.start, round(one.lasted, 3)) for one in resets] == [(at, 180) for at in RESETS]
    assert len(outages) + len(resets) == len(measured.incidents)


def test_the_figures_of_the_outages_are_right(measured: Reliability) -> None:
    figures = measured.all_hours
    assert [(one.code, one.count) for one in figures.causes] == [("port-refused", 3)]
    assert figures.longest_outage == pytest.approx(33_450)
    assert figures.mean_time_to_recover == pytest.approx(33_923 / 3)
    assert measured.trading_hours is not None
    assert measured.trading_hours.outages == 1
    assert measured.trading_hours.mean_time_to_recover == pytest.approx(432)


def test_every_day_is_right(periods: tuple[Period, ...]) -> None:
    days = measure_days(periods, FIRST, END, ZONE, trading_hours())
    by_date = {one.day.isoformat(): one.reliability for one in days}
    assert len(by_date) == 14
    sunday = by_date["2026-11-01"].all_hours
    assert sunday.length == 25 * 3600
    assert sunday.seconds[C.DOWN] == pytest.approx(33_450)
    assert sunday.seconds[C.UP] == pytest.approx(25 * 3600 - 33_450)
    assert by_date["2026-10-27"].all_hours.seconds[C.DOWN] == pytest.approx(432)
    assert by_date["2026-10-28"].all_hours.seconds[C.ASLEEP] == pytest.approx(10_800)
    assert by_date["2026-11-06"].all_hours.seconds[C.UNOBSERVED] == pytest.approx(18_000)
    friday = by_date["2026-11-06"].trading_hours
    assert friday is not None
    assert friday.availability is None  # observed 5 of 6.5 h
    assert friday.observed == pytest.approx(5 * 3600)


def test_the_record_says_when_traymon_ran(file: HistoryFile) -> None:
    runs = file.read_runs("bot", FIRST, END)
    assert [(one.started, one.last_alive) for one in runs] == [
        (FIRST, moment("2026-11-06 06:00")),
        (moment("2026-11-06 11:00"), END),
    ]
