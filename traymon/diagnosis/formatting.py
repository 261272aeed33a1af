"""How times, programs and client IDs read to users, the same on every surface.

Pure: the current time is an argument. Formats names and numbers only; what they mean is explained
in assets/fixes/.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from traymon.core.target import IdUse, Program
from traymon.core.vocabulary import Use

USE_WORDS = {
    Use.FREE: "free",
    Use.YOURS: "used{by}, yours",
    Use.CLASH: "in use{by}",
    Use.STUCK: "still reserved for a closed program",
    Use.REFUSED: "rejected by TWS",
    Use.UNKNOWN: "not checked",
}
NOT_SHOWN = "a program that is not visible here"


def moment(at: float, now: float) -> str:
    """Return a time as users read it: `14:02`, `Mon 14:02`, `12 Nov 14:02`; local time."""
    then, today = datetime.fromtimestamp(at), datetime.fromtimestamp(now)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    if abs(now - at) < 6 * 86_400:
        return f"{then:%a %H:%M}"
    return f"{then.day} {then:%b %H:%M}"


def span(start: float, end: float, now: float) -> str:
    """Return a time from one moment to another: `Mon 14:02 to 14:09`; `14:02` within a minute."""
    first, last = moment(start, now), moment(end, now)
    if first == last:
        return first
    same_day = datetime.fromtimestamp(start).date() == datetime.fromtimestamp(end).date()
    return f"{first} to {last.rpartition(' ')[2] if same_day else last}"


def duration(seconds: float) -> str:
    """Return a duration as users read it: `12 ms`, `2.6 s`, `4 min 10 s`, `2 h 5 min`, `3 d`."""
    if seconds < 0.9995:
        return f"{max(round(seconds * 1000), 0)} ms" if seconds >= 0.001 else "under 1 ms"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    whole = round(seconds)
    for unit, name, part, part_name in (
        (86_400, "d", 3_600, "h"),
        (3_600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= unit:
            count, rest = whole // unit, whole % unit // part
            return f"{count} {name} {rest} {part_name}" if rest else f"{count} {name}"
    return f"{whole} s"


def program(one: Program, now: float) -> str:
    """Return a program as its user knows it: `run_live.py (pid 4711, since 09:12)`."""
    if one.address:
        return f"a program on {one.address}"
    if one.pid is None:
        return one.label or NOT_SHOWN
    since = "" if one.since is None else f", since {moment(one.since, now)}"
    return f"{one.label or 'a program'} (pid {one.pid}{since})"


def programs(candidates: Sequence[Program], now: float) -> str:
    """Return one program, or the candidates if it may be any of several: `one of A and B`."""
    names = [program(one, now) for one in candidates]
    if len(names) < 2:
        return "".join(names)
    return f"one of {', '.join(names[:-1])} and {names[-1]}"


def id_use(id_use: IdUse, now: float) -> str:
    """Return how a client ID is used and by whom: `10: used by run_live.py (pid 4711), yours`."""
    who = programs(id_use.programs, now)
    use = USE_WORDS[id_use.use].format(by=f" by {who}" if who else "")
    return f"{id_use.client_id}: {use}" + (f" ({id_use.detail})" if id_use.detail else "")
