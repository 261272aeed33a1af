"""The processes that wrote a `launcher.log`, one after the other, and when they wrote what.

Pure. The lines have local times without a zone; what the same process writes in UTC gives the
offset. Where it does not, or the clock was changed in between, no time is claimed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from traymon.core.facts import Fact, FactKey
from traymon.sensors.login_log_forms import Event
from traymon.sensors.login_log_lines import Line, LogLines

BACK = 60.0  # seconds by which a time may be before the one above it
MAX_RESTART = 300.0  # seconds that the daily restart may take
EARLY = 60.0  # seconds by which TWS ends before it has begun again
HOUR, DAY = 3600.0, 86_400.0


def time_of_daily_restart(log: LogLines, now: float) -> float | None:
    """Return when today's restart began, if TWS restarts itself about now; else None.

    It is expected at the time of day at which TWS last did so with its saved login.
    """
    last = max(
        (at for line, at in _with_times(log) if line.event is Event.SAVED_LOGIN_RESUMED),
        default=None,
    )
    if last is None or not 0 <= now - last < 8 * DAY:
        return None
    since = (now - last + EARLY) % DAY - EARLY
    return now - since if since <= MAX_RESTART else None


def read_restart_facts(log: LogLines) -> dict[FactKey[Any], Any]:
    """Return what TWS last wrote about its daily restart."""
    written = {
        at: line.event
        for line, at in _with_times(log)
        if line.event in (Event.AUTO_RESTART_ON, Event.AUTO_RESTART_OFF)
    }
    if not written:
        return {}
    newest = max(written)
    is_on = written[newest] is Event.AUTO_RESTART_ON
    return {Fact.AUTO_RESTART_ON if is_on else Fact.AUTO_RESTART_OFF: newest}


def _with_times(log: LogLines) -> Iterator[tuple[Line, float]]:
    """Yield each line whose time is known, and that time."""
    for run in split_runs(log):
        yield from zip(run, times_of(run) or (), strict=False)


def split_runs(log: LogLines) -> list[list[Line]]:
    """Return the lines of each process that began in this log, oldest first.

    A process says that it has begun, and then when, in UTC; TWS may leave out the former.
    """
    runs: list[list[Line]] = []
    for line in log.lines:
        is_said = bool(runs) and [line.event for line in runs[-1]].count(Event.STARTED_IN_UTC) > 0
        begins = line.event is Event.PROCESS_STARTED
        begins = begins or (line.event is Event.STARTED_IN_UTC and (not runs or is_said))
        if begins:
            runs.append([])
        if runs:
            runs[-1].append(line)
    return runs


def times_of(run: Sequence[Line]) -> list[float] | None:
    """Return the lines' times in epoch seconds; None if they are not known.

    An offset holds until a line gives another. Times that go back show that the clock was changed
    in between, as at the end of summer time: then none of them is believed.
    """
    offset = next((line.offset for line in run if line.offset is not None), None)
    if offset is None:
        return None
    times: list[float] = []
    for line in run:
        offset = offset if line.offset is None else line.offset
        times.append(_epoch(line.local, offset))
    steady = all(later >= earlier - BACK for earlier, later in pairwise(times))
    return times if steady else None


def last_time(log: LogLines, runs: Sequence[Sequence[Line]]) -> float | None:
    """Return when the log's last line was written, whatever it says; None if that is unclear."""
    times = times_of(runs[-1]) if runs else None
    if times is None or log.last is None:
        return None
    offset = next(line.offset for line in reversed(runs[-1]) if line.offset is not None)
    last = _epoch(log.last, offset)
    return last if last >= times[-1] - BACK else None


def is_an_hour_off(last: float, changed: float) -> bool:
    """Tell whether the last line seems an hour older or newer than the file that it is in.

    Then the clocks have gone back or forward since the offset was written.
    """
    return abs(abs(last - changed) - HOUR) < 2 * BACK


def _epoch(local: datetime, offset: timedelta) -> float:
    return (local - offset).replace(tzinfo=UTC).timestamp()
