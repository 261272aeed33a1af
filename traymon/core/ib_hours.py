"""Parses trading hours as IB gives them.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from traymon.core.time_windows import Schedule, Span, zone

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


def from_ib(days: Sequence[str], zone_name: str) -> Schedule:
    """Return the schedule of days like `20261123:0930-20261123:1600` or `20261126:CLOSED`.

    The format is that of ContractDetails.liquidHours and timeZoneId (TWS API). Raises ValueError
    for any other.
    """
    if len(days) > MAX_DAYS:
        raise ValueError(f"hours of {len(days)} days")
    short = zone_name.partition(" (")[0].strip()  # older: `EST (Eastern Standard Time)`
    where, spans = zone(IB_ZONES.get(short, short)), []
    for text in days:
        match = _IB_DAY.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"hours that read differently: {text[:40]!r}")
        if match[5] is None:
            begins, ends = (
                datetime.strptime(part, "%Y%m%d%H%M").replace(tzinfo=where).timestamp()
                for part in (match[1] + match[2], (match[3] or match[1]) + match[4])
            )
            spans.append(Span(begins, ends))
    return Schedule(dated=tuple(spans))
