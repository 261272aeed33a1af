"""What `traymon history` prints: figures, strips of one character for each hour and day, incidents.

Renders only; the time is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from traymon.core.periods import Condition
from traymon.core.recorded_hours import FRESH
from traymon.core.reliability import Day
from traymon.core.vocabulary import Light
from traymon.diagnosis.fix_pages import clean
from traymon.diagnosis.formatting import moment, span
from traymon.ui.charts import TEXT_MARKS, day_name, slots, text_mark, worst
from traymon.ui.dashboard import count_expected, outages_of, uptimes_of
from traymon.ui.history_record import Record
from traymon.ui.incidents import LIGHTS, IncidentView, incident_view
from traymon.ui.reliability_text import CONDITION_NAMES
from traymon.ui.terminal import STYLES

HOUR, DAY = 3600.0, 86_400.0
WIDE = 90  # columns; the table of incidents needs as many
HOURS_SHOWN = 24  # of the first strip
DAYS_IN_LINE = 60  # of the second one; more days take more lines
SHORTEST_BY_DAY = 1.5 * DAY  # a shorter time has a strip of its hours alone


def history_text(
    record: Record, now: float, *, width: int, ascii_only: bool = False
) -> RenderableType:
    """Return what happened, for a terminal of so many columns.

    `ascii_only`: it lacks the characters of the strips.
    """
    parts: list[RenderableType] = [
        Text(f"History of {clean(record.target)}, {_time(record.since, record.until, now)}\n"),
        _figures(record),
        Text(),
        *_strips(record, now, ascii_only=ascii_only),
        Text(),
        *_incidents(record, now, narrow=width < WIDE),
    ]
    return Group(*parts)


def is_ascii(encoding: str) -> bool:
    """Tell whether an encoding lacks characters of the strips."""
    try:
        "".join(mark[0] for mark in TEXT_MARKS.values()).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def _time(since: float, until: float, now: float) -> str:
    return f"{moment(since, now)} to now" if now - until < FRESH else span(since, until, now)


def _figures(record: Record) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for column in ("bold", "", ""):
        table.add_column(style=column, overflow="fold")
    figures = uptimes_of(record.periods, record.since, record.until, record.trading)
    for one in figures:
        table.add_row(one.value, one.label, one.details)
    outages = outages_of(record.incidents)
    if outages is not None:
        words = f"{outages.total} in all, the longest {outages.longest}"
        mean = f", {outages.mean} on average" if outages.count > 1 else ""
        name = "outage" if outages.count == 1 else "outages"
        table.add_row(str(outages.count), name, f"{words}{mean}")
    return table


def _strips(record: Record, now: float, *, ascii_only: bool) -> Iterator[RenderableType]:
    """Yield the last hours and the days, each with when it begins and ends, and what it means."""
    shown: set[Condition] = set()
    table = Table.grid(padding=(0, 2))
    for column in ("", "", "dim"):
        table.add_column(style=column, overflow="fold")
    count = min(HOURS_SHOWN, max(round((record.until - record.since) / HOUR), 1))
    since = max(record.until - count * HOUR, record.since)
    hours = slots(record.periods, since, record.until, count)
    shown |= set(hours)
    table.add_row("By hour", _strip(hours, ascii_only), _time(since, record.until, now))
    if record.until - record.since > SHORTEST_BY_DAY:
        for first in range(0, len(record.days), DAYS_IN_LINE):
            days = record.days[first : first + DAYS_IN_LINE]
            conditions = [_of_day(day) for day in days]
            shown |= set(conditions)
            dates = f"{day_name(days[0])} to {day_name(days[-1])}"
            table.add_row("" if first else "By day", _strip(conditions, ascii_only), dates)
    yield table
    legend = Text()
    for condition, name in CONDITION_NAMES.items():
        if condition in shown:
            legend.append(text_mark(condition, ascii_only=ascii_only), _style(condition))
            legend.append(f" {name}  ")
    legend.rstrip()
    yield legend


def _strip(conditions: Sequence[Condition], ascii_only: bool) -> Text:
    strip = Text(overflow="fold")
    for one in conditions:
        strip.append(text_mark(one, ascii_only=ascii_only), _style(one))
    return strip


def _of_day(day: Day) -> Condition:
    """Return the condition by which a day is shown: its worst, but for what was expected.

    IB resets its servers every night: that says nothing about a day.
    """
    seconds: Mapping[Condition, float] = day.reliability.all_hours.seconds
    if max(seconds, key=lambda one: seconds[one]) is Condition.EXPECTED:
        return Condition.EXPECTED
    return worst({**seconds, Condition.EXPECTED: 0.0})


def _style(condition: Condition) -> str:
    if condition is Condition.EXPECTED:
        return "dim"
    return STYLES[LIGHTS.get(condition, Light.GREY)]


def _incidents(record: Record, now: float, *, narrow: bool) -> Iterator[RenderableType]:
    """Yield the incidents, newest first, and what was expected."""
    serious = [one for one in record.incidents if one.condition is not Condition.EXPECTED]
    if serious:
        views = [(incident_view(one, now), LIGHTS[one.condition]) for one in reversed(serious)]
        yield _narrow_list(views) if narrow else _table(views)
    else:
        watched = record.reliability.all_hours.observed > 0
        yield Text("No outage and no warning in this time." if watched else "Nothing was watched.")
    for each in count_expected(record.incidents):
        times = "once" if each.count == 1 else f"{each.count} times"
        yield Text(f"Expected: {each.headline}, {times}, {each.total} in all.")
    if record.begins is not None and record.begins > record.since:
        yield Text(f"traymon has watched this target since {moment(record.begins, now)}.")


def _table(views: Sequence[tuple[IncidentView, Light]]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    for _ in range(4):
        table.add_column(overflow="fold")
    heads = ("Incident", "When", "Lasted", "What", "Notified")
    table.add_row(*(Text(head, "dim") for head in heads))
    for one, light in views:
        what = Text(f"{one.mark} {one.headline}", STYLES[light])
        table.add_row(str(one.number), one.when, one.lasted, what, notified(one))
    return table


def _narrow_list(views: Sequence[tuple[IncidentView, Light]]) -> RenderableType:
    """Return the incidents one below the other: a table would have columns of one word."""
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    for one, light in views:
        what = Text(f"{one.mark} {one.headline}\n", STYLES[light])
        when = f"{one.when}, {one.lasted}. Notified: {notified(one)}"
        table.add_row(str(one.number), what.append(when, "default"))
    return table


def notified(view: IncidentView) -> str:
    """Return whether the user was notified, in few words: `23:12 (D-Bus)`, `failed`."""
    if view.told_at:
        return f"{view.told_at} ({view.told_by})" if view.told_by else view.told_at
    if not view.tried:
        return "no"
    return "failed" if view.failed else "not confirmed"
