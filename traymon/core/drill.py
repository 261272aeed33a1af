"""When the drill, the weekly test alarm, is due, whether it may run now, and what it has proven.

Pure: the time is an argument. Times of the week are those that this computer's clock shows.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from math import inf

from traymon.core.calendar import Calendar
from traymon.core.model import Status
from traymon.core.time_windows import DAYS, Schedule
from traymon.core.vocabulary import Light

KIND = "drill"  # of its notifications, in place of one of core/notification
DESKTOP = "desktop"  # the channel beside those of alerts.toml
ANSWER_WITHIN = 86_400.0  # seconds in which the user can say that it arrived
FRESH = 60.0  # seconds; an older status says that the computer slept, or that nobody looks
APART = 60.0  # seconds between two drills, whoever asks for them
MAX_SKIPS = 50  # windows in a row in which it may not run; beyond them, no gap is looked for
DAY = 86_400.0  # seconds


@dataclass(frozen=True, slots=True)
class WeeklyTime:
    """A time of the week by this computer's clock; one that a clock change skips comes later."""

    weekday: int  # 0 is Monday
    at: time

    def __str__(self) -> str:
        return f"{DAYS[self.weekday]} {self.at:%H:%M}"

    def last(self, now: float) -> float:
        """Return when it last was; `now` counts."""
        return max(moment for moment in self._around(now) if moment <= now)

    def next(self, now: float) -> float:
        """Return when it will be, after `now`."""
        return min(moment for moment in self._around(now) if moment > now)

    def _around(self, now: float) -> list[float]:
        today = datetime.fromtimestamp(now).date()
        days = (today + timedelta(days=n) for n in range(-8, 9))
        return [
            datetime.combine(day, self.at).timestamp()
            for day in days
            if day.weekday() == self.weekday
        ]


HOW_WRITTEN = "a day and a time of this computer's clock, such as Sat 10:00"
_WEEKLY = re.compile(r"(?P<day>[A-Za-z]{3}) +(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)", re.ASCII)
USUAL_TIME = WeeklyTime(DAYS.index("Sat"), time(10))


def parse_weekly(text: str) -> WeeklyTime:
    """Return the time of the week that a text names. Raises ValueError, with how it is written."""
    match = _WEEKLY.fullmatch(text.strip())
    if match is None or match["day"].capitalize() not in DAYS:
        raise ValueError(HOW_WRITTEN)
    at = time(int(match["hour"]), int(match["minute"]))
    return WeeklyTime(DAYS.index(match["day"].capitalize()), at)


class Hindrance(StrEnum):
    """Why a drill may not run now. assets/drill.toml says it in words."""

    NO_CHANNEL = "no-channel"
    NOT_WATCHING = "not-watching"  # no target, all of them muted, or asleep until just now
    PAUSED = "paused"
    FAULT = "fault"  # a real one, of any target that is not muted
    TRADING = "trading-hours"
    QUIET = "quiet-hours"
    SNOOZED = "snoozed"
    JUST_SENT = "just-sent"


@dataclass(frozen=True, slots=True)
class OffLimits:
    """When no drill may run, whatever else holds."""

    trading: tuple[Schedule, ...] = ()
    quiet: tuple[Schedule, ...] = ()

    @classmethod
    def of(cls, calendars: Iterable[Calendar], quiet: Iterable[Schedule]) -> OffLimits:
        """Return those of the targets; `quiet` are the quiet hours of the channels themselves."""
        calendars = tuple(calendars)
        hours = (one.hours for one in calendars)
        return cls(
            tuple(one for one in hours if one is not None),
            (*(one.quiet for one in calendars), *quiet),
        )

    def hindrance(self, at: float) -> Hindrance | None:
        """Return why no drill may run at a moment; None if it may."""
        if any(one.at(at) for one in self.trading):
            return Hindrance.TRADING
        return Hindrance.QUIET if any(one.at(at) for one in self.quiet) else None

    def first_allowed(self, at: float) -> float | None:
        """Return the first moment from `at` on at which one may run; None if none is known."""
        for _ in range(MAX_SKIPS):
            spans = [span for one in (*self.trading, *self.quiet) if (span := one.at(at))]
            if not spans:
                return at
            at = max(span.ends for span in spans)
        return None


@dataclass(frozen=True, slots=True)
class Proof:
    """What drills have shown of one channel; moments in epoch seconds."""

    since: float  # it takes part in drills from then on
    sent: float | None = None  # when the last drill was sent through it
    proven: float | None = None  # when the user last said that one had arrived
    failed: float | None = None  # when one last could not be delivered
    why: str = ""  # the reason for that

    def awaits_answer(self, now: float) -> bool:
        """Tell whether a drill is out that the user can still confirm."""
        if self.sent is None or not self.sent <= now < self.sent + ANSWER_WITHIN:
            return False
        return max(self.proven or 0.0, self.failed or 0.0) < self.sent

    def days_unproven(self, now: float) -> int:
        """Return the whole days for which nobody has said that an alarm arrived."""
        return int((now - (self.since if self.proven is None else self.proven)) // DAY)

    @property
    def has_failed(self) -> bool:
        """Whether it failed after it was last proven."""
        return self.failed is not None and self.failed > (self.proven or 0.0)


@dataclass(frozen=True, slots=True)
class DrillRecord:
    """What outlives a restart."""

    since: float  # drills are wanted from then on
    last: float | None = None  # when the last one was sent
    channels: Mapping[str, Proof] = field(default_factory=dict)  # by name, those gone too

    def with_channels(self, names: Iterable[str], now: float) -> DrillRecord:
        """Return the record with these channels in it."""
        new = {name: Proof(now) for name in names if name not in self.channels}
        return replace(self, channels={**self.channels, **new}) if new else self

    def sent(self, names: Iterable[str], now: float) -> DrillRecord:
        """Return the record after a drill was sent through these channels."""
        known = self.with_channels(names, now).channels
        sent = {name: replace(known[name], sent=now) for name in names}
        return replace(self, last=now, channels={**known, **sent})

    def failed(self, name: str, why: str, now: float) -> DrillRecord:
        """Return the record after a drill could not be delivered through a channel."""
        return self._changed(name, replace(self.channels[name], failed=now, why=why))

    def answered(self, name: str, now: float) -> DrillRecord:
        """Return the record after the user has said that it arrived there."""
        return self._changed(name, replace(self.channels[name], proven=now))

    def _changed(self, name: str, proof: Proof) -> DrillRecord:
        return replace(self, channels={**self.channels, name: proof})


def hindrance(
    record: DrillRecord,
    channels: Collection[str],
    statuses: Sequence[Status],
    off_limits: OffLimits,
    now: float,
) -> Hindrance | None:
    """Return why no drill may run now; None if it may.

    A muted target is not heard, so it neither hinders a drill nor allows one.
    """
    heard = [status for status in statuses if not status.muted]
    if not channels:
        return Hindrance.NO_CHANNEL
    if not heard or any(now - status.evidence.now > FRESH for status in heard):
        return Hindrance.NOT_WATCHING
    if any(status.paused for status in heard):
        return Hindrance.PAUSED
    if any(status.diagnosis.light is not Light.GREEN for status in heard):
        return Hindrance.FAULT
    if (why := off_limits.hindrance(now)) is not None:
        return why
    if any(status.quiet_until is not None for status in heard):
        return Hindrance.QUIET
    if any(status.snoozed_until is not None for status in heard):
        return Hindrance.SNOOZED
    just_sent = record.last is not None and 0.0 <= now - record.last < APART
    return Hindrance.JUST_SENT if just_sent else None


def is_due(record: DrillRecord, weekly: WeeklyTime, now: float) -> bool:
    """Tell whether this week's drill is still to be sent, even if it is late.

    A moment in the future is one of a clock that was wrong, and counts for nothing.
    """
    known = [at for at in (record.since, record.last) if at is not None and at <= now]
    return max(known, default=0.0) < weekly.last(now)


def next_drill(
    record: DrillRecord, weekly: WeeklyTime, off_limits: OffLimits, now: float
) -> float | None:
    """Return when the next one is sent, if nothing is wrong then; None if that is never."""
    begins = now if is_due(record, weekly, now) else weekly.next(now)
    return off_limits.first_allowed(begins)


@dataclass(frozen=True, slots=True)
class DrillView:
    """What there is to say of the drills at one moment."""

    now: float
    next: float | None  # when the next one is sent, if nothing is wrong then; None: never
    hindrance: Hindrance | None  # why none may run now
    channels: Mapping[str, Proof]  # those that take part, by name
    amber_after: float = inf  # days without a proof after which the icon turns amber

    @property
    def overdue(self) -> tuple[str, ...]:
        """The channels whose alarm has not been proven for so long that the user must know."""
        return tuple(
            name
            for name, proof in self.channels.items()
            if proof.days_unproven(self.now) >= self.amber_after
        )

    @property
    def awaiting(self) -> tuple[str, ...]:
        """The channels through which a drill is out that the user can confirm."""
        return tuple(name for name, proof in self.channels.items() if proof.awaits_answer(self.now))
