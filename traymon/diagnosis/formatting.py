"""How moments, programs and client IDs read to a user, the same on every surface.

Pure: the time is an argument. Names and numbers only; what they mean is said in assets/fixes/.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from traymon.core.target import IdUse, Program

NOT_SHOWN = "a program that this computer does not show"


def moment(at: float, now: float) -> str:
    """Return a time as users read it: `14:02`, `Mon 14:02`, `12 Nov 14:02`; local time."""
    then, today = datetime.fromtimestamp(at), datetime.fromtimestamp(now)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    if abs(now - at) < 6 * 86_400:
        return f"{then:%a %H:%M}"
    return f"{then.day} {then:%b %H:%M}"


def program(one: Program, now: float) -> str:
    """Return what a user knows a program by: `run_live.py (pid 4711, since 09:12)`."""
    if one.address:
        return f"a program on {one.address}"
    if one.pid is None:
        return one.label or NOT_SHOWN
    since = "" if one.since is None else f", since {moment(one.since, now)}"
    return f"{one.label or 'a program'} (pid {one.pid}{since})"


def programs(candidates: Sequence[Program], now: float) -> str:
    """Return one program, or several of which it is one: `one of A and B`."""
    names = [program(one, now) for one in candidates]
    if len(names) < 2:
        return "".join(names)
    return f"one of {', '.join(names[:-1])} and {names[-1]}"


def use(of: IdUse, now: float) -> str:
    """Return how a client ID is used and by whom: `10: yours · run_live.py (pid 4711, …)`."""
    more = programs(of.programs, now) or of.detail
    return f"{of.client_id}: {of.use}" + (f" · {more}" if more else "")
