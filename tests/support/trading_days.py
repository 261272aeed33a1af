"""Scripted trading days: when programs are connected, run, and when the API is down."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from traymon.core import program_rules
from traymon.core.programs import GRACE, Expectation, Programs, ProgramState, Sight, program_key
from traymon.core.target import Program, SeenProgram

MONDAY = datetime(2026, 11, 2)  # of local time


def program_of(name: str, since: float | None = None) -> Program:
    return Program("python3", script=f"/home/me/bots/{name}", since=since, own=True)


def key_of(name: str) -> str:
    return program_key(program_of(name))


@dataclass
class Play:
    """A program's day: when it is connected and when it merely runs; epoch seconds."""

    name: str
    client_id: int | None = None
    connected: list[tuple[float, float]] = field(default_factory=list)
    runs: list[tuple[float, float]] = field(default_factory=list)  # without a connection


@dataclass
class Days:
    """Plays the days, and notes when which program began to be missing."""

    plays: Sequence[Play]
    down: Sequence[tuple[float, float]] = ()
    hours: tuple[float, float] | None = None  # of trading, in hours after midnight; None: always
    expectations: Mapping[str, Expectation] = field(default_factory=dict)
    grace: float = GRACE
    step: float = 60.0  # seconds between two looks
    state: Programs = field(default_factory=Programs)
    missing: list[tuple[float, str]] = field(default_factory=list)
    last: tuple[ProgramState, ...] = ()

    def play(self, begins: float, ends: float) -> None:
        at = begins
        while at < ends:
            self.look(at)
            at += self.step

    def look(self, at: float) -> None:
        is_down = any(begins <= at < stops for begins, stops in self.down)
        seen = tuple(
            SeenProgram(program_of(one.name, at - at % 86_400), connected)
            for one in self.plays
            if (connected := not is_down and _within(one.connected, at)) or _within(one.runs, at)
        )
        ids = {key_of(one.name): one.client_id for one in self.plays if one.client_id is not None}
        sight = Sight(at, at, seen, ids, good=not is_down, closed=self._is_closed(at))
        before = {one.key for one in self.last if one.missing}
        self.state = program_rules.follow(self.state, sight, self.expectations, self.grace)
        self.last = program_rules.states(self.state, sight, self.expectations)
        self.missing += [
            (at, one.name) for one in self.last if one.missing and one.key not in before
        ]

    def _is_closed(self, at: float) -> bool:
        if self.hours is None:
            return False
        now = datetime.fromtimestamp(at)
        opens, closes = self.hours
        return now.weekday() >= 5 or not opens <= now.hour + now.minute / 60 < closes


def trading_days(number: int) -> list[datetime]:
    """Return the midnights of so many trading days in a row, but for the weekends."""
    days = (MONDAY + timedelta(days=n) for n in range(number * 2))
    return [day for day in days if day.weekday() < 5][:number]


def at(day: datetime, hours: float) -> float:
    """Return a moment of a day, in hours after midnight."""
    return (day + timedelta(hours=hours)).timestamp()


def jitter(random_: random.Random, minutes: float) -> float:
    """Return some minutes early or late, in hours."""
    return random_.uniform(-minutes, minutes) / 60


def _within(times: Sequence[tuple[float, float]], moment: float) -> bool:
    return any(begins <= moment < ends for begins, ends in times)
