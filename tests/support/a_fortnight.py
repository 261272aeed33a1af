"""A fortnight as a history would tell it, for looking at charts and pages: made up, to the second.

Two outages of 7 min 12 s and 41 s, ten nightly resets, a Sunday login, a night's sleep of 3 h, and
5 h without traymon.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sin

from traymon.core.history import (
    Condition,
    HistoryError,
    Incident,
    LatencyBucket,
    NotificationRecord,
    Period,
    RunRecord,
    find_incidents,
)
from traymon.core.time_windows import Span, parse
from traymon.core.vocabulary import Light, SensorName

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


def fortnight() -> tuple[Period, ...]:
    """Return what happened, in order and without gaps."""
    found: list[Period] = []
    at = SINCE
    for event in _events():
        begins = SINCE + event.at
        if begins > at:
            found.append(_period(at, begins, Condition.UP, "healthy", len(found) + 1))
        at = begins + event.length
        found.append(_period(begins, at, event.condition, event.code, len(found) + 1))
    found.append(_period(at, NOW, Condition.UP, "healthy", len(found) + 1))
    return tuple(found)


def notifications() -> tuple[NotificationRecord, ...]:
    """Return what the user was notified of."""
    first, second = SINCE + 2 * DAY + HOUR, SINCE + 13 * DAY + 7 * HOUR + 4
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


class FortnightReader:
    """A `HistoryReader` of that fortnight, with more or fewer days before it."""

    def __init__(self, periods: Sequence[Period] | None = None, problem: str = "") -> None:
        self.periods = fortnight() if periods is None else tuple(periods)
        self.problem = problem
        self.reads = 0

    def _read(self) -> None:
        self.reads += 1
        if self.problem:
            raise HistoryError(self.problem)

    def read_targets(self) -> tuple[str, ...]:
        """Return the one target."""
        return (TARGET,)

    def read_extent(self, target: str) -> Span | None:
        """Return from when to when there is a record."""
        self._read()
        return Span(self.periods[0].start, self.periods[-1].end) if self.periods else None

    def read_periods(self, target: str, since: float, until: float) -> tuple[Period, ...]:
        """Return the periods of a time, without gaps."""
        extent = self.read_extent(target)
        first = since if extent is None else extent.begins
        before = Period(since, max(first, since), Condition.UNOBSERVED)
        after = Period(self.periods[-1].end if self.periods else since, until, Condition.UNOBSERVED)
        inside = (one.within(since, until) for one in (before, *self.periods, after))
        return tuple(one for one in inside if one is not None)

    def read_incidents(self, target: str, since: float, until: float) -> tuple[Incident, ...]:
        """Return the incidents of a time."""
        self._read()
        found = find_incidents(self.periods, notifications())
        return tuple(one for one in found if one.start < until and one.end > since)

    def read_latency(
        self, target: str, sensor: SensorName, since: float, until: float, resolution: float
    ) -> tuple[LatencyBucket, ...]:
        """Return a latency that breathes with the day, and is high before an outage."""
        self._read()
        found: list[LatencyBucket] = []
        if resolution == until - since:
            return (LatencyBucket(since, until, 2000, 3, 0.0015, 0.0031, 0.0094, 0.41),)
        at = since
        while at < until:
            if at >= SINCE and self._is_up(at):
                wave = 0.5 + 0.5 * sin((at - SINCE) / DAY * 6.28 + 0.0)
                noise = 0.5 + 0.5 * sin(at / 700.0) * sin(at / 1900.0)
                median = exp(log(0.002) + 0.9 * wave + 0.4 * noise)
                p95 = median * (1.6 + 2.5 * noise * wave)
                spike = 30 if 0.2 < noise * wave < 0.21 else 1
                found.append(
                    LatencyBucket(
                        *(at, min(at + resolution, until), 20, int(spike > 1)),
                        *(median * 0.7, median, p95 * spike, p95 * spike * 2),
                    )
                )
            at += resolution
        return tuple(found)

    def _is_up(self, at: float) -> bool:
        inside = (one for one in self.periods if one.start <= at < one.end)
        return next((one.condition is Condition.UP for one in inside), False)

    def read_notifications(
        self, target: str, since: float, until: float
    ) -> tuple[NotificationRecord, ...]:
        """Return the notifications of a time."""
        self._read()
        return tuple(one for one in notifications() if since <= one.at < until)

    def read_runs(self, target: str, since: float, until: float) -> tuple[RunRecord, ...]:
        """Return one run."""
        return (RunRecord(SINCE, NOW, "traymon 1.0, Python 3.11, Linux"),)

    def read_trading_hours(self, target: str, since: float, until: float) -> tuple[Span, ...]:
        """Return New York's hours of the fortnight."""
        schedule = parse("Mon-Fri 09:30-16:00 America/New_York")
        days = (SINCE + n * DAY for n in range(-1, 16))
        spans = {span for day in days for span in schedule.around(day)}
        return tuple(sorted(s for s in spans if s.begins < until and s.ends > max(since, SINCE)))
