"""Read TWS's `launcher.log`: what its lines say, and when, as it is written there.

Pure. Takes bytes of any kind: whatever is no line of a known form is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from traymon.sensors.login_log_forms import FORMS, Event, Utc, Value

MAX_LINE_LENGTH = 4_000  # characters that are looked at
MAX_OFFSET = timedelta(hours=14)
MAX_DELAY = timedelta(minutes=3)  # between a time in a line and the line's own
QUARTER = timedelta(minutes=15)  # every time zone is a multiple of it ahead of UTC, or behind

# `2026-08-28 22:30:02.112 INFO  [JTS-Main] - message`; builds to 10.30 have `[AB]` after the time.
_LINE = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d{3}) +(?:\[[A-Z]{2}\] +)?[A-Z]+ +\[[^\]]*\] - ?(.*)"
)
_STAMP = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d{3} ")


@dataclass(frozen=True, slots=True)
class Line:
    """A line that says something."""

    local: datetime  # as written: local time of TWS's computer, without a zone
    event: Event
    value: Value = None
    offset: timedelta | None = None  # local time ahead of UTC, if the line gives both


@dataclass(frozen=True, slots=True)
class LogLines:
    """What one stretch of the log says, oldest first."""

    lines: tuple[Line, ...] = ()
    last: datetime | None = None  # of the last line, whatever it says; local time

    def __add__(self, newer: LogLines) -> LogLines:
        return LogLines(self.lines + newer.lines, newer.last or self.last)

    def has(self, event: Event) -> bool:
        """Tell whether any line says this."""
        return any(line.event is event for line in self.lines)


# A line without any of these words says nothing here.
_WORDS = re.compile(
    "RESTART|Started on|HEART_BEAT|startLogin|Build|auto-restart|runLogin|NS_AUTH|CHALLENGE|"
    "Authorization failed|wrong password|failed login|timeout|Timeout|SPLASH|SSLHandshake|"
    "Remote host|Soft token|onAuthentication|encrypted log"
)


def read_lines(data: bytes, *, cut: bool = False) -> LogLines:
    """Return what the bytes of a log say; `cut`: they begin somewhere in the middle.

    The last line counts only once it is complete. Every encoding that has ASCII in it will do.
    """
    # UTF-16 is ASCII with zeros in between, as far as these lines go
    rows = data.replace(b"\0", b"").decode("utf-8", "replace").split("\n")[:-1]
    found = list(_found_in(rows[1:] if cut else rows))
    return LogLines(tuple(found), _last_stamp(rows))


def _found_in(rows: list[str]) -> Iterator[Line]:
    for number, row in enumerate(rows):
        if _WORDS.search(row, 0, MAX_LINE_LENGTH) is None:
            continue
        match = _LINE.match(row[:MAX_LINE_LENGTH].rstrip())
        local = None if match is None else _local(match[1])
        if match is None or local is None:
            continue
        line = _interpret(local, match[2].strip(), rows, number)
        if line is not None:
            yield line


def _interpret(local: datetime, message: str, rows: list[str], number: int) -> Line | None:
    """Return what a message says; IBKR's longer ones go on in lines without a time."""
    for form in FORMS:
        match = form.pattern.match(message)
        if match is None:
            continue
        rest = message
        if form.event is Event.REFUSED:
            rest = " ".join((message, *_continuation(rows, number + 1)))
        try:
            value = form.value(match, rest)
        except (ValueError, OverflowError):  # digits that are no time
            return None
        if isinstance(value, Utc):
            return _line_with_offset(local, form.event, value)
        return Line(local, form.event, value)
    return None


def _continuation(rows: list[str], begin: int) -> Iterator[str]:
    for row in rows[begin : begin + 20]:
        if _STAMP.match(row):
            return
        yield row[:MAX_LINE_LENGTH]


def _line_with_offset(local: datetime, event: Event, utc: Utc) -> Line | None:
    """Return a line that gives local time and UTC; None if they cannot belong together."""
    ahead = local - utc.time
    offset = round(ahead / QUARTER) * QUARTER
    if abs(offset) > MAX_OFFSET or abs(ahead - offset) > MAX_DELAY:
        return None
    return Line(local, event, None, offset)


def _last_stamp(rows: list[str]) -> datetime | None:
    for row in reversed(rows):
        match = _LINE.match(row[:MAX_LINE_LENGTH])
        if match is not None and (local := _local(match[1])) is not None:
            return local
    return None


def _local(stamp: str) -> datetime | None:
    try:
        return datetime.strptime(stamp.replace(",", "."), "%Y-%m-%d %H:%M:%S.%f")
    except ValueError:
        return None
