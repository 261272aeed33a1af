"""A fortnight as a history would tell it, for looking at charts and pages: made up, to the second.

Two outages of 7 min 12 s and 41 s, ten nightly resets, a Sunday login, a night's sleep of 3 h, and
5 h without traymon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, pi, sin
from pathlib import Path

from traymon.core.histogram import Histogram
from traymon.core.notification_record import NotificationRecord
from traymon.core.periods import Condition, Description, Period
from traymon.core.time_windows import Span, parse
from traymon.core.vocabulary import Light, SensorName
from traymon.storage.history.database import Database, FlipRow, Run
from traymon.storage.history.reader import HistoryFile

HOUR, DAY = 3600.0, 86_400.0
NOW = 1_795_017_600.0  # Wed 18 Nov 2026 16:00 UTC
SINCE = NOW - 14 * DAY
TARGET = "bot"
HEADLINES = {
    "handshake-silent": "TWS does not answer programs (port 7497)",
    "port-refused": "127.0.0.1 refuses connections to port 7497",
    "session-lost": "Connection lost, checking why",
    "handshake-slow": "TWS answers slowly (3.2 s)",
    "reset-window": "IB resets its servers until 05:45",
    "app-not-running": "TWS is not running",
}


@dataclass(frozen=True)
class Event:
    """What interrupts the good time: after how many seconds, for how long."""

    at: float
    length: float
    condition: Condition
    code: str = ""


def _events() -> list[Event]:
    resets = [
        Event(night * DAY + 14 * HOUR + 300, 90, Condition.EXPECTED, "reset-window")
        for night in (0, 1, 2, 4, 5, 6, 7, 8, 11, 12)
    ]
    return sorted(
        [
            *resets,
            Event(3 * DAY + 16 * HOUR, 1260, Condition.EXPECTED, "reset-window"),
            Event(2 * DAY + HOUR, 432, Condition.DOWN, "handshake-silent"),
            Event(6 * DAY + 2 * HOUR, 1500, Condition.DEGRADED, "handshake-slow"),
            Event(9 * DAY + 9 * HOUR, 5 * HOUR, Condition.UNOBSERVED),
            Event(10 * DAY + 8 * HOUR, 3 * HOUR, Condition.ASLEEP),
            Event(13 * DAY + 7 * HOUR, 4, Condition.DEGRADED, "session-lost"),
            Event(13 * DAY + 7 * HOUR + 4, 41, Condition.DOWN, "port-refused"),
            Event(13 * DAY + 20 * HOUR, 600, Condition.DEGRADED, "handshake-slow"),
        ],
        key=lambda event: event.at,
    )


LIGHTS = {
    Condition.UP: Light.GREEN,
    Condition.DEGRADED: Light.AMBER,
    Condition.EXPECTED: Light.AMBER,
    Condition.DOWN: Light.RED,
}


def _period(start: float, end: float, condition: Condition, code: str, number: int) -> Period:
    light = LIGHTS.get(condition, Light.GREY)
    headline = HEADLINES.get(code, "")
    evidence = {SensorName.HANDSHAKE: "silent: connection accepted, no reply within 5 s"}
    transient = code == "session-lost"
    return Period(
        *(start, end, condition, code, light, headline),
        evidence=evidence if condition is Condition.DOWN else {},
        transient=transient,
        number=number,
    )


def fortnight(until: float = NOW) -> tuple[Period, ...]:
    """Return what happened, in order and without gaps, up to a moment."""
    found: list[Period] = []
    since = at = until - 14 * DAY
    for event in _events():
        begins = since + event.at
        if begins > at:
            found.append(_period(at, begins, Condition.UP, "healthy", len(found) + 1))
        at = begins + event.length
        found.append(_period(begins, at, event.condition, event.code, len(found) + 1))
    found.append(_period(at, until, Condition.UP, "healthy", len(found) + 1))
    return tuple(found)


def notifications(until: float = NOW) -> tuple[NotificationRecord, ...]:
    """Return what the user was notified of."""
    since = until - 14 * DAY
    first, second = since + 2 * DAY + HOUR, since + 13 * DAY + 7 * HOUR + 4
    return (
        NotificationRecord(
            first + 6,
            "fault",
            "handshake-silent",
            HEADLINES["handshake-silent"],
            "D-Bus",
            "delivered",
        ),
        NotificationRecord(first + 432, "recovery", "healthy", "Back", "D-Bus", "delivered"),
        NotificationRecord(
            *(second + 1, "fault", "port-refused", HEADLINES["port-refused"], "D-Bus", "failed"),
            why="no notification service answers",
        ),
    )


def write_fortnight(path: Path, target: str = TARGET, until: float = NOW) -> HistoryFile:
    """Write that fortnight into a file as traymon does, and return its reader."""
    return write_history(path, fortnight(until), notifications(until), target)


def write_history(
    path: Path,
    periods: Sequence[Period],
    told: Sequence[NotificationRecord] = (),
    target: str = TARGET,
) -> HistoryFile:
    """Write what happened into a file, with New York's trading hours and a latency."""
    database = Database(path)
    try:
        database.transaction(lambda one: _write(one, target, periods, told))
    finally:
        database.close()
    return HistoryFile(path)


def _write(
    database: Database,
    target: str,
    periods: Sequence[Period],
    told: Sequence[NotificationRecord],
) -> None:
    run = None
    for period in periods:
        if period.condition is Condition.UNOBSERVED:
            run = None  # the next one is that of another traymon
            continue
        run = run or Run(target, period.start, "traymon 0.1, Python 3.11, Linux")
        description = Description(period.headline, {}, period.evidence)
        shown = (period.condition, period.code, period.light, period.transient, description)
        database.add_flip(run, FlipRow(period.start, *shown))
        database.keep_alive(run, period.end)
        if period.condition in (Condition.UP, Condition.DEGRADED):
            _write_latencies(database, target, period)
    for one in told:
        database.keep_notification(target, one)
    database.add_trading_hours(target, _trading_hours(periods[0].start, periods[-1].end))


def _write_latencies(database: Database, target: str, period: Period) -> None:
    """Write a latency that breathes with the day; an answer is missing now and then."""
    at = period.start
    while at < period.end:
        handshake, heartbeat = Histogram(), Histogram()
        wave = 1 + sin(at / DAY * 2 * pi)
        for number in range(8):
            noise = abs(sin(at * 0.37 + number * 2.1)) ** 6
            slow = 3.0 if period.condition is Condition.DEGRADED else 0.0
            handshake.add(0.002 * exp(0.5 * wave + 1.6 * noise) + slow)
            heartbeat.add(0.001 * exp(0.4 * wave + 1.2 * noise))
        handshake.lost = int(noise > 0.995)
        values = {SensorName.HANDSHAKE: handshake, SensorName.SESSION: heartbeat}
        database.add_minute(target, at, values)
        at += 600


def _trading_hours(since: float, until: float) -> list[Span]:
    schedule = parse("Mon-Fri 09:30-16:00 America/New_York")
    return list(schedule.between(since, until + 2 * DAY))
