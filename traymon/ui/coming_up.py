"""The events of the week ahead in words, and as plain values for JSON: docs/calendar.md.

The time is an argument. The words are in assets/calendar.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from traymon import assets
from traymon.core.model import Status
from traymon.core.week_ahead import DAY, MAX_DAYS, Event, EventKind, support_end, upcoming
from traymon.diagnosis.fix_pages import clean
from traymon.ui.calendar_source import CalendarSource

SCHEMA = 1  # raised when a field changes its meaning or goes away
SHOWN_DAYS = 7  # on the page and in the terminal
FILE_DAYS = 35  # in a calendar file: calendars are looked at by the month
DAYS_ALLOWED = f"a whole number from 1 to {MAX_DAYS}"


@dataclass(frozen=True, slots=True)
class Planned:
    """An event, and the targets that it concerns; no target if it concerns all of them."""

    event: Event
    targets: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What happens: `IB server reset`."""
        title = words()[self.event.kind]["title"]
        return f"{title} ({clean(', '.join(self.targets))})" if self.targets else title

    @property
    def explanation(self) -> str:
        """What that means, in a sentence or two."""
        return words()[self.event.kind]["words"]


@cache
def words() -> Mapping[str, Mapping[str, str]]:
    """Return the title and the explanation of each kind of event."""
    path = assets.folder() / "calendar.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def plan_of(
    statuses: Sequence[Status],
    source: CalendarSource,
    now: float,
    days: int = SHOWN_DAYS,
) -> list[Planned]:
    """Return what comes next for these targets, in order, each event once."""
    plan = join(
        {
            status.target.name: upcoming(
                source.calendar_of(status.target), now, days, support_end(status.evidence)
            )
            for status in statuses
        }
    )
    return with_drill(plan, source.next_drill(), now, days)


def with_drill(plan: Sequence[Planned], at: float | None, now: float, days: int) -> list[Planned]:
    """Return a plan with the next drill in it, if that is within so many days."""
    if at is None or at >= now + days * DAY:
        return list(plan)
    drill = Planned(Event(at, at, EventKind.DRILL))
    return sorted((*plan, drill), key=lambda planned: planned.event)


def join(events_of: Mapping[str, Sequence[Event]]) -> list[Planned]:
    """Return the events of several targets, in order, each once."""
    concerns: dict[Event, list[str]] = {}
    for target, events in events_of.items():
        for event in events:
            concerns.setdefault(event, []).append(target)
    return [
        Planned(event, () if len(concerns[event]) == len(events_of) else tuple(concerns[event]))
        for event in sorted(concerns)
    ]


def only_of(target: str, plan: Sequence[Planned]) -> list[Planned]:
    """Return the events that concern a target, as if there were no other."""
    name = clean(target)  # as it is in JSON
    concern = (one for one in plan if not one.targets or name in map(clean, one.targets))
    return [Planned(one.event) for one in concern]


def day_text(event: Event, now: float) -> str:
    """Return the day on which an event begins: `Today`, `Sun 29 Nov`; local time."""
    day = _day(event, now)
    if day == datetime.fromtimestamp(now).date():
        return "Today"
    return f"{day:%a} {day.day} {day:%b}"


def _day(event: Event, now: float) -> date:
    """Return the day under which an event is shown: today's if it is going on."""
    return event.day or datetime.fromtimestamp(max(event.begins, now)).date()


def time_text(event: Event, now: float) -> str:
    """Return when on that day: `23:45-01:45`, `01:00`, `until 01:45`, `all day`; local time."""
    if event.day is not None:
        return "all day"
    begins, ends = (datetime.fromtimestamp(at) for at in (event.begins, event.ends))
    if event.is_moment:
        return f"{begins:%H:%M}"
    first = datetime.fromtimestamp(now) if event.begins <= now else begins
    is_far = (ends.date() - first.date()).days > 1
    end = f"{ends:%a %H:%M}" if is_far else f"{ends:%H:%M}"
    return f"until {end}" if event.begins <= now else f"{begins:%H:%M}\N{EN DASH}{end}"


def rows(plan: Sequence[Planned], now: float) -> list[dict[str, str]]:
    """Return what the page and the terminal show of each event, day by day in local time.

    The first event of a kind comes with what that means.
    """
    explained: set[EventKind] = set()

    def order(planned: Planned) -> tuple[date, bool, float]:
        event = planned.event  # a whole day comes first, wherever that day begins earlier or later
        return _day(event, now), event.day is None, event.begins

    shown = []
    for planned in sorted(plan, key=order):
        event = planned.event
        shown.append(
            {
                "day": day_text(event, now),
                "time": time_text(event, now),
                "title": planned.title,
                "explanation": "" if event.kind in explained else planned.explanation,
                "begins": _iso(event),
            }
        )
        explained.add(event.kind)
    return shown


def _iso(event: Event) -> str:
    """Return when an event begins, for programs: `2026-11-29T06:00Z`, `2026-12-15`."""
    if event.day is not None:
        return event.day.isoformat()
    return f"{datetime.fromtimestamp(event.begins, UTC):%Y-%m-%dT%H:%MZ}"


def as_json(plan: Sequence[Planned], days: int) -> dict[str, Any]:
    """Return the events as plain values."""
    return {
        "schema": SCHEMA,
        "days": days,
        "events": [
            {
                "kind": str(planned.event.kind),
                "title": planned.title,
                "begins": planned.event.begins,
                "ends": None if planned.event.is_moment else planned.event.ends,
                "date": None if planned.event.day is None else planned.event.day.isoformat(),
                "targets": [clean(target) for target in planned.targets],
            }
            for planned in plan
        ],
    }


def from_json(values: Any) -> list[Planned]:
    """Return the events of `as_json`. Raises ValueError if it is something else."""
    try:
        if values["schema"] != SCHEMA:
            raise ValueError(f"schema {values['schema']!r}")
        return [_planned(row) for row in values["events"]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a plan: {error!r}") from error


def _planned(row: Any) -> Planned:
    begins = float(row["begins"])
    return Planned(
        Event(
            begins,
            begins if row["ends"] is None else float(row["ends"]),
            EventKind(row["kind"]),
            None if row["date"] is None else date.fromisoformat(row["date"]),
        ),
        tuple(map(str, row["targets"])),
    )
