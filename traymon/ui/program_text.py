"""How it is with the user's programs, in a few words for every surface.

Pure: the time is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence

from traymon.core.model import Status
from traymon.core.program_habits import Hours
from traymon.core.programs import Expectation, ProgramState, Standing
from traymon.diagnosis.fix_pages import clean
from traymon.diagnosis.formatting import moment

MAX_NAME = 24  # characters of a program's name where space is short
EXPECTATIONS = {
    Expectation.EXPECTED: "Always expected",
    Expectation.HOURS: "Expected at its usual hours",
    Expectation.OFF: "Not expected",
}
WORDS = {
    Standing.CONNECTED: "connected since {since}",
    Standing.AWAITED: "not connected since {since}; it still has time to reconnect",
    Standing.MISSING: "has not reconnected since {since}",
    Standing.API_DOWN: "not connected since {since}; the API cannot be used",
    Standing.CLOSED: "not connected since {since}; the market is closed",
    Standing.NOT_EXPECTED: "not connected since {since}; not expected now",
    Standing.OFF: "not connected since {since}; not expected",
}
MARKS = {Standing.CONNECTED: "✓", Standing.MISSING: "!"}
ASIDE = frozenset({Standing.NOT_EXPECTED, Standing.OFF})  # what nobody waits for
OTHER_MARK = "\N{EN DASH}"


def missing(status: Status) -> list[ProgramState]:
    """Return the user's programs that are expected and have not reconnected."""
    return [one for one in status.programs or () if one.missing]


def missing_text(status: Status) -> str:
    """Return which programs are missing, in a few words; "" if none is."""
    found = missing(status)
    if not found:
        return ""
    if len(found) > 1:
        return f"{len(found)} of your programs have not reconnected"
    return f"{short_name(found[0])} has not reconnected"


def short_name(one: ProgramState) -> str:
    """Return a program's name, cut where it is long."""
    name = clean(one.name)
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…"


def menu_lines(status: Status, now: float) -> list[str]:
    """Return a line for each program: `! bot.py has not reconnected since 03:14`."""
    programs = (one for one in status.programs or () if one.standing not in ASIDE)
    return [f"{mark(one)} {short_name(one)} {state_text(one, now)}" for one in programs]


def mark(one: ProgramState) -> str:
    """Return the sign of a program's state."""
    return MARKS.get(one.standing, OTHER_MARK)


def state_text(one: ProgramState, now: float) -> str:
    """Return how it is with a program: `connected since 09:12 (client ID 10)`."""
    words = WORDS[one.standing].format(since=moment(one.since, now))
    parts = []
    if one.client_id is not None:
        parts.append(f"client ID {one.client_id}")
    if one.runs > 1:
        parts.append(f"{one.runs} of it at once")
    if one.standing is Standing.MISSING:
        parts.append("still running" if one.running else "it has ended")
    return f"{words} ({', '.join(parts)})" if parts else words


def hours_text(hours: Hours) -> str:
    """Return the usual hours: `09:00 to 16:30`; "" if they are not known."""
    if hours == ((0, 1440),):
        return "all day"
    return ", ".join(f"{_clock(begins)} to {_clock(ends)}" for begins, ends in hours)


def list_text(programs: Sequence[ProgramState], now: float) -> str:
    """Return several programs for a notification: `bot.py (since 03:14, has ended); …`."""
    parts = []
    for one in programs:
        ended = "still running" if one.running else "has ended"
        parts.append(f"{short_name(one)} (since {moment(one.since, now)}, {ended})")
    return "; ".join(parts)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
