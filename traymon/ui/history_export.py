"""What happened as rows and plain values, for spreadsheets and programs: docs/history.md.

Looks at nothing. A column or field keeps its name and meaning; new ones come last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from traymon.core.incidents import Incident
from traymon.core.periods import Condition, Period
from traymon.core.reliability import Day, Figures
from traymon.core.time_windows import Span
from traymon.diagnosis.fix_pages import clean, show
from traymon.ui.history_record import Record

SCHEMA = 1  # raised when a field changes its meaning or goes away
PERIOD_COLUMNS = (
    *("target", "start", "end", "start_epoch", "end_epoch", "seconds", "trading_seconds"),
    *("condition", "code", "light", "headline", "incident"),
)
CONDITIONS = tuple(one for one in Condition if one is not Condition.CLOSED)
DAY_COLUMNS = (
    *("target", "day", "start", "end", "start_epoch", "end_epoch"),
    *(f"{one}_seconds" for one in Condition),
    *("availability", "outages", "trading_seconds", "trading_availability"),
)
FORMULA_STARTS = ("=", "+", "-", "@")  # a spreadsheet would calculate what begins so


def period_rows(record: Record) -> Iterator[list[str]]:
    """Yield a row for each period, of the columns PERIOD_COLUMNS; together they fill the time."""
    numbers = _incident_numbers(record.incidents)
    for one in record.periods:
        in_hours = _seconds_within(one, record.trading)
        yield [
            _cell(record.target),
            *(_iso(one.start), _iso(one.end), _number(one.start), _number(one.end)),
            _number(one.length),
            "" if in_hours is None else _number(in_hours),
            *(one.condition, one.code, one.light.word, _cell(one.headline)),
            str(numbers.get(one.start, "")),
        ]


def day_rows(record: Record) -> Iterator[list[str]]:
    """Yield a row for each day, of the columns DAY_COLUMNS."""
    for day in record.days:
        measured = day.reliability
        figures, in_hours = measured.all_hours, measured.trading_hours
        closed = figures if in_hours is None else in_hours
        yield [
            *(_cell(record.target), day.day.isoformat()),
            *(_iso(measured.since), _iso(measured.until)),
            *(_number(measured.since), _number(measured.until)),
            *(_number(figures.seconds[one]) for one in CONDITIONS),
            _number(closed.seconds[Condition.CLOSED]),
            *(_share(figures), str(figures.outages)),
            *(("", "") if in_hours is None else (_number(in_hours.length), _share(in_hours))),
        ]


def as_json(record: Record) -> dict[str, Any]:
    """Return what happened as plain values."""
    reliability = record.reliability
    in_hours = reliability.trading_hours
    return {
        "schema": SCHEMA,
        "target": clean(record.target),
        **_times(record.since, record.until),
        "recorded_since": None if record.begins is None else _iso(record.begins),
        "all_hours": _figures(reliability.all_hours),
        "trading_hours": None if in_hours is None else _figures(in_hours),
        "days": [_day(day) for day in record.days],
        "incidents": [_incident(one) for one in record.incidents],
        "periods": [_period(one, record.trading) for one in record.periods],
    }


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "seconds": {str(one): round(figures.seconds[one], 3) for one in Condition},
        "expected": {code: round(length, 3) for code, length in figures.expected.items()},
        "length": round(figures.length, 3),
        "observed": round(figures.observed, 3),
        "availability": figures.availability,
        "outages": figures.outages,
        "longest_outage": figures.longest_outage,
        "mean_time_to_recover": figures.mean_time_to_recover,
        "causes": [
            {"code": one.code, "count": one.count, "seconds": one.seconds, "longest": one.longest}
            for one in figures.causes
        ],
    }


def _day(day: Day) -> dict[str, Any]:
    measured = day.reliability
    in_hours = measured.trading_hours
    return {
        "day": day.day.isoformat(),
        **_times(measured.since, measured.until),
        "all_hours": _figures(measured.all_hours),
        "trading_hours": None if in_hours is None else _figures(in_hours),
    }


def _incident(one: Incident) -> dict[str, Any]:
    return {
        "number": one.number,
        **_times(one.start, one.end),
        "seconds": round(one.lasted, 3),
        "condition": str(one.condition),
        "code": one.code,
        "headline": clean(one.cause.headline),
        "ongoing": one.ongoing,
        "began_unseen": one.began_unseen,
        "ended_unseen": one.ended_unseen,
        "notifications": [
            {
                "at": _iso(note.at),
                "at_epoch": round(note.at, 3),
                "kind": note.kind,
                "code": note.code,
                "title": clean(note.title),
                "channel": clean(note.channel),
                "outcome": note.outcome,
                "why": clean(note.why),
            }
            for note in one.notifications
        ],
    }


def _period(one: Period, trading: Sequence[Span] | None) -> dict[str, Any]:
    in_hours = _seconds_within(one, trading)
    return {
        **_times(one.start, one.end),
        "seconds": round(one.length, 3),
        "trading_seconds": None if in_hours is None else round(in_hours, 3),
        "condition": str(one.condition),
        "code": one.code,
        "light": one.light.word,
        "headline": clean(one.headline),
        "transient": one.transient,
        "facts": {str(fact): clean(show(fact, value)) for fact, value in one.facts.items()},
        "evidence": {str(sensor): clean(words) for sensor, words in one.evidence.items()},
    }


def _times(start: float, end: float) -> dict[str, Any]:
    return {
        "start": _iso(start),
        "end": _iso(end),
        "start_epoch": round(start, 3),
        "end_epoch": round(end, 3),
    }


def _seconds_within(period: Period, trading: Sequence[Span] | None) -> float | None:
    """Return how much of a period lies in the trading hours; None if they are not known."""
    if trading is None:
        return None
    return sum(max(min(period.end, one.ends) - max(period.start, one.begins), 0) for one in trading)


def _incident_numbers(incidents: Sequence[Incident]) -> dict[float, int]:
    """Return the number of the incident that each period belongs to, by the period's start."""
    return {period.start: one.number for one in incidents for period in one.periods}


def _iso(at: float) -> str:
    """Return a moment in local time: `2026-11-28T03:12:07.250+01:00`."""
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="milliseconds")


def _number(value: float) -> str:
    return f"{value:.3f}"


def _share(figures: Figures) -> str:
    return "" if figures.availability is None else f"{figures.availability:.6f}"


def _cell(text: str) -> str:
    """Return untrusted text as a cell that no spreadsheet takes for a formula."""
    cleaned = clean(text)
    return f"'{cleaned}" if cleaned.startswith(FORMULA_STARTS) else cleaned
