"""Parses trading hours as IB gives them.

Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from traymon.core.time_windows import Schedule, Span, UnusualDay, zone

# Zone names of TWS that would be misread or not found: tzdata's EST has no daylight saving.
IB_ZONES = {
    "EST": "America/New_York",
    "EST5EDT": "America/New_York",
    "US/Eastern": "America/New_York",
    "CST": "America/Chicago",
    "US/Central": "America/Chicago",
    "MET": "Europe/Berlin",
    "GB": "Europe/London",
    "JST": "Asia/Tokyo",
}
# A day of this century: clocks and time zones end somewhere beyond it.
_DAY = r"20\d{6}"
_IB_DAY = re.compile(rf"({_DAY}):(\d{{4}})-(?:({_DAY}):)?(\d{{4}})|({_DAY}):CLOSED", re.ASCII)
MAX_DAYS = 400  # IB gives a month
SATURDAY = 5


def from_ib(days: Sequence[str], zone_name: str) -> Schedule:
    """Return the schedule of days like `20261123:0930-20261123:1600` or `20261126:CLOSED`.

    The format is that of ContractDetails.liquidHours and timeZoneId (TWS API). The schedule says
    which of the days are unusual. Raises ValueError for any other format.
    """
    if len(days) > MAX_DAYS:
        raise ValueError(f"hours of {len(days)} days")
    short = zone_name.partition(" (")[0].strip()  # older: `EST (Eastern Standard Time)`
    where, spans, closed = zone(IB_ZONES.get(short, short)), [], []
    for text in days:
        match = _IB_DAY.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"hours that read differently: {text[:40]!r}")
        if match[5] is not None:
            closed.append(datetime.strptime(match[5], "%Y%m%d").date())
        else:
            begins, ends = (
                datetime.strptime(part, "%Y%m%d%H%M").replace(tzinfo=where).timestamp()
                for part in (match[1] + match[2], (match[3] or match[1]) + match[4])
            )
            spans.append(Span(begins, ends))
    return Schedule(dated=tuple(spans), unusual=tuple(_unusual_days(spans, closed, where)))


def _unusual_days(
    spans: Sequence[Span], closed: Sequence[date], where: ZoneInfo
) -> Iterator[UnusualDay]:
    """Yield, in order, the working days that differ from most of those that are given."""
    hours = _hours_by_day(spans, where)
    counted_opens = Counter(opens for opens, _ in hours.values())
    counted_closes = Counter(closes for _, closes in hours.values())
    for day in sorted({*hours, *closed}):
        if day.weekday() >= SATURDAY:
            continue
        if day not in hours:
            yield UnusualDay(day, where)
            continue
        opens, closes = hours[day]
        is_late = opens > min(_most_common(counted_opens))
        is_early = closes < max(_most_common(counted_closes))
        if is_late or is_early:
            midnight = datetime.combine(day, time())
            yield UnusualDay(
                day,
                where,
                (midnight + opens).replace(tzinfo=where).timestamp() if is_late else None,
                (midnight + closes).replace(tzinfo=where).timestamp() if is_early else None,
            )


def _hours_by_day(
    spans: Sequence[Span], where: ZoneInfo
) -> Mapping[date, tuple[timedelta, timedelta]]:
    """Return when each day's trading opens and closes, as wall-clock time since its midnight.

    A session that begins on the evening before belongs to the day on which it ends.
    """
    hours: dict[date, tuple[timedelta, timedelta]] = {}
    for span in spans:
        begins, ends = (datetime.fromtimestamp(at, where) for at in (span.begins, span.ends))
        day = (ends - timedelta(seconds=1)).date()
        midnight = datetime.combine(day, time())
        opens, closes = (at.replace(tzinfo=None) - midnight for at in (begins, ends))
        first, last = hours.get(day, (opens, closes))
        hours[day] = min(first, opens), max(last, closes)
    return hours


def _most_common(counted: Counter[timedelta]) -> list[timedelta]:
    """Return the values that occur most often; several if they are as frequent."""
    most = max(counted.values())
    return [value for value, count in counted.items() if count == most]
