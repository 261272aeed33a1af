"""Which of the user's programs are expected to be connected, and which of those are missing.

Pure: what was seen at a moment goes in. docs/programs.md has the rules in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from traymon.core.program_habits import KEPT_FOR, MARGIN, Habits, Visit, is_usual, usual_hours
from traymon.core.programs import (
    GRACE,
    NO_EXPECTATIONS,
    Expectation,
    Habit,
    Known,
    Programs,
    ProgramState,
    Sight,
    Standing,
    program_key,
)
from traymon.core.target import SeenProgram
from traymon.core.time_windows import Span

SOME_MINUTES = 180.0  # seconds; a program that was never connected for as long is not expected
STEADY = 60.0  # seconds for which a program must stay connected to count as back
FAULT_AROUND = 60.0  # seconds; a fault that is seen so soon after a program left, made it leave
OFTEN = 3  # times that a program has left and come back: it does so by itself
MAX_PROGRAMS = 50  # of one target; the programs that were connected last are kept


def remember(programs: Programs, habits: Habits) -> Programs:
    """Return what is remembered, with the visits and good times of earlier days."""
    known = dict(programs.known)
    by_key: dict[str, list[Visit]] = {}
    for visit in sorted(habits.visits, key=lambda one: one.began):
        by_key.setdefault(visit.key, []).append(visit)
    for key, visits in by_key.items():
        now = known.get(key)
        if now is None:
            last = visits[-1]
            known[key] = Known(key, last.name, tuple(visits), gone_since=last.ended)
        else:
            earlier = [one for one in visits if one.began < now.visits[0].began]
            known[key] = replace(now, visits=(*earlier, *now.visits))
    times = (*habits.good_times, *programs.good_times)
    return replace(programs, known=MappingProxyType(known), good_times=tuple(sorted({*times})))


def follow(
    programs: Programs,
    sight: Sight,
    expectations: Mapping[str, Expectation] = NO_EXPECTATIONS,
    grace: float = GRACE,
) -> Programs:
    """Return what is remembered after a look."""
    programs = _follow_api(programs, sight)
    if sight.programs is None:
        return replace(programs, visible=False)
    seen: dict[str, list[SeenProgram]] = {}
    for one in sight.programs:
        seen.setdefault(program_key(one.program), []).append(one)
    known: dict[str, Known] = {}
    for key in (*programs.known, *(key for key in seen if key not in programs.known)):
        before = programs.known.get(key)
        after = _follow_program(before, key, seen.get(key, ()), sight, grace)
        if after is not None and sight.at - after.last.ended < KEPT_FOR:
            mode = expectations.get(key, Expectation.HOURS)
            known[key] = _judge(after, programs, mode, sight, grace)
    if len(known) > MAX_PROGRAMS:
        newest = sorted(known.values(), key=lambda one: one.last.ended)[-MAX_PROGRAMS:]
        known = {one.key: one for one in newest}
    return replace(programs, known=MappingProxyType(known), visible=True)


def states(
    programs: Programs,
    sight: Sight,
    expectations: Mapping[str, Expectation] = NO_EXPECTATIONS,
) -> tuple[ProgramState, ...]:
    """Return how it is with each program, by name; none if that cannot be seen."""
    if not programs.visible:
        return ()
    found = [
        _state(one, programs, expectations.get(one.key, Expectation.HOURS), sight)
        for one in programs.known.values()
    ]
    return tuple(sorted(found, key=lambda one: (one.name.lower(), one.key)))


def _follow_api(programs: Programs, sight: Sight) -> Programs:
    """Follow since when the API can be used, and since when the market is open."""
    good_since, times = programs.good_since, programs.good_times
    if sight.good and good_since is None:
        good_since = sight.at
    elif not sight.good and good_since is not None:
        times = tuple(one for one in times if sight.at - one.ends < KEPT_FOR)
        times, good_since = (*times, Span(good_since, sight.at)), None
    open_since = programs.open_since
    if sight.closed:
        open_since = None
    elif open_since is None:
        open_since = sight.at
    return replace(programs, good_times=times, good_since=good_since, open_since=open_since)


def _follow_program(
    before: Known | None,
    key: str,
    seen: Sequence[SeenProgram],
    sight: Sight,
    grace: float,
) -> Known | None:
    """Return what is remembered of a program after a look; None of one that never connected."""
    now, connected = sight.at, [one for one in seen if one.connected]
    if not connected:
        if before is None:
            return None
        return _leave(before, sight, running=bool(seen))
    name, client_id = connected[0].program.label, sight.client_ids.get(key)
    run = min((one.program.since or 0.0) for one in connected)
    if before is None or not before.connected:
        visit = Visit(key, name, now, now, client_id, run, len(connected))
        earlier = () if before is None else before.visits
        before = before or Known(key, name, ())
        before = replace(before, connected=True, visits=(*_recent(earlier, now), visit))
    last = replace(
        before.last,
        ended=now,
        client_id=client_id if client_id is not None else before.last.client_id,
        runs=max(before.last.runs, len(connected)),
    )
    gone_since = before.gone_since
    away_since = before.away_since if gone_since is None else gone_since
    if gone_since is not None and now - last.began >= min(STEADY, grace):
        gone_since = None
    doubled = len(connected) > 1
    doubled_since = (before.doubled_since or now) if doubled else None
    return replace(
        before,
        name=name,
        visits=(*before.visits[:-1], last),
        running=True,
        runs=len(connected),
        gone_since=gone_since,
        away_since=away_since,
        put_out=before.put_out and gone_since is not None,
        doubled_since=doubled_since,
    )


def _leave(before: Known, sight: Sight, *, running: bool) -> Known:
    """Return a program that is not connected."""
    gone_since = sight.at if before.gone_since is None else before.gone_since
    in_a_fault = not sight.good and sight.at - gone_since < FAULT_AROUND
    visits = before.visits
    if before.connected:
        left_well = sight.good and before.last.length >= STEADY
        visits = (*visits[:-1], replace(before.last, left_well=left_well))
    return replace(
        before,
        connected=False,
        running=running,
        runs=0,
        visits=visits,
        gone_since=gone_since,
        put_out=before.put_out or in_a_fault,
        doubled_since=None,
    )


def _recent(visits: tuple[Visit, ...], now: float) -> tuple[Visit, ...]:
    return tuple(one for one in visits if now - one.ended < KEPT_FOR)


def _judge(one: Known, programs: Programs, mode: Expectation, sight: Sight, grace: float) -> Known:
    """Return a program, with what is usual for it and whether it is missing."""
    one = replace(one, habit=_habit(one, programs, sight.at))
    if one.gone_since is None:
        return replace(one, missing=False)
    if one.connected:  # it is missed until it has stayed for a while
        return one
    good, opened = programs.good_since, programs.open_since
    had_its_time = (
        good is not None
        and opened is not None
        # only a look that was taken afterwards shows that it has not come
        and sight.looked_at >= max(one.gone_since, good, opened) + grace
    )
    missing = had_its_time and _is_expected(one, programs, mode, grace)
    if missing and one.habit.now is not False and not one.last.missed:
        one = replace(one, visits=(*one.visits[:-1], replace(one.last, missed=True)))
    return replace(one, missing=missing)


def _habit(one: Known, programs: Programs, now: float) -> Habit:
    """Return what is usual: whether it should be here, by the minute; its hours, by the hour."""
    habit, minute, hour = one.habit, int(now // 60), int(now // 3600)
    if hour != habit.hour:
        hours = usual_hours(one.visits, _times(programs, now), now)
        habit = replace(habit, hour=hour, hours=hours)
    if minute != habit.minute and not one.connected:
        # before the opening, what counts is whether it is usually there from now on
        moment = now if programs.open_since is not None else now + MARGIN
        usual = is_usual(one.visits, _times(programs, now), moment)
        habit = replace(habit, minute=minute, now=usual)
    return habit


def _times(programs: Programs, now: float) -> tuple[Span, ...]:
    """Return the times in which the API could be used, up to now."""
    if programs.good_since is None:
        return programs.good_times
    return (*programs.good_times, Span(programs.good_since, now))


def _is_expected(one: Known, programs: Programs, mode: Expectation, grace: float) -> bool:
    """Tell whether a program that is not connected should be, at this hour."""
    if mode is Expectation.OFF:
        return False
    if max(visit.length for visit in one.visits) < min(grace, SOME_MINUTES):
        return False
    if mode is Expectation.EXPECTED:
        return True
    usual = one.habit.now
    if usual is not None:
        return usual or (one.put_out and not _was_usual(one, programs))
    # too little is known of it: a program that was put out is wanted, and so is one that goes on
    # running, or that uses an ID which the settings give to the user's programs
    in_use = one.running or one.last.client_id is not None
    return one.put_out or (in_use and not _comes_and_goes(one))


def _was_usual(one: Known, programs: Programs) -> bool:
    """Tell whether it is usually connected at the hour at which it left.

    Then it usually leaves, too, if it is not usual at this hour; else the hour says nothing.
    """
    left = one.last.ended
    return is_usual(one.visits, _times(programs, left), left) is True


def _comes_and_goes(one: Known) -> bool:
    """Tell whether it has disconnected before by itself and come back, above all in one run."""
    gone_since = one.last.ended if one.gone_since is None else one.gone_since
    earlier = [visit for visit in one.visits if visit.began <= gone_since][:-1]
    runs = [visit.run for visit in earlier if visit.left_well]
    return one.last.run in runs or len(runs) >= OFTEN


def _state(one: Known, programs: Programs, mode: Expectation, sight: Sight) -> ProgramState:
    is_usual_now = one.habit.now is True and programs.good_since is not None
    return ProgramState(
        key=one.key,
        name=one.name,
        standing=_standing(one, programs, mode),
        since=_since(one),
        running=one.running,
        runs=one.runs,
        client_id=one.last.client_id,
        expectation=mode,
        usual=one.habit.hours,
        lacks_before_open=(
            sight.closed and not one.connected and is_usual_now and mode is not Expectation.OFF
        ),
        away_since=one.last.began if one.away_since is None else one.away_since,
        doubled=_is_doubled(one, mode, sight.at),
        visit=one.last,
    )


def _since(one: Known) -> float:
    if one.connected and not one.missing:
        return one.last.began
    return one.last.ended if one.gone_since is None else one.gone_since


def _standing(one: Known, programs: Programs, mode: Expectation) -> Standing:
    if one.missing:
        return Standing.MISSING
    if one.connected:
        return Standing.CONNECTED
    if mode is Expectation.OFF:
        return Standing.OFF
    if programs.open_since is None:
        return Standing.CLOSED
    if programs.good_since is None:
        return Standing.API_DOWN
    awaited = _is_expected(one, programs, mode, SOME_MINUTES)
    return Standing.AWAITED if awaited else Standing.NOT_EXPECTED


def _is_doubled(one: Known, mode: Expectation, now: float) -> bool:
    """Tell whether it is connected twice for longer than a change of guard, and never was before.

    On its first days nobody knows whether two of it are meant.
    """
    if one.doubled_since is None or mode is Expectation.OFF:
        return False
    earlier = [visit for visit in one.visits[:-1] if visit.length >= SOME_MINUTES]
    single = bool(earlier) and all(visit.runs < 2 for visit in earlier)
    return single and now - one.doubled_since >= STEADY
