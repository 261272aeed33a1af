"""When connections that the Gateway ended make a series, and whose they may be."""

from __future__ import annotations

from traymon.core.target import IdUse, Program
from traymon.core.vocabulary import Use
from traymon.sensors.turned_away import (
    CONFIRM_TIME,
    FIRST_MINUTES,
    MIN_PAUSE,
    RejectionLog,
    TurnedAway,
    TurnedAwayDetector,
    Unconnected,
)

NOW = 1_000_000.0


def ports(count: int) -> frozenset[int]:
    return frozenset(range(50_000, 50_000 + count))


def log_of(*counts: int, every: float = 10.0) -> RejectionLog:
    """Return the log after reads of so many ports, `every` seconds apart, the last one at NOW."""
    log = RejectionLog()
    for index, count in enumerate(counts):
        log.update(NOW - every * (len(counts) - 1 - index), ports(count))
    return log


def bot(*, age: float = 3600.0, connected_before: bool = False, pid: int = 1) -> Unconnected:
    program = Program("python3", pid, "/project/bot.py", since=NOW - age, own=True)
    return Unconnected(program, connected_before)


def found(
    log: RejectionLog, *unconnected: Unconnected, usage: tuple[IdUse, ...] = ()
) -> TurnedAway | None:
    return TurnedAwayDetector().update(log.series(NOW), unconnected, frozenset(), usage)


def test_three_in_a_row_are_told_with_how_often_and_in_what_time() -> None:
    turned = found(log_of(0, 1, 2, 3), bot(age=60.0))
    assert turned is not None
    assert [program.pid for program in turned.programs] == [1]
    assert (turned.series.count, turned.series.last - turned.series.began) == (3, 20.0)
    assert found(log_of(0, 1, 2), bot(age=60.0)) is None


def test_what_was_there_at_the_start_counts_once_another_one_has_come() -> None:
    log = log_of(7)
    assert found(log, bot()) is None, "it may be over"
    assert log.awaits_confirmation(NOW + 1)
    assert not log.awaits_confirmation(NOW + CONFIRM_TIME)
    turned = found(log_of(7, 8), bot())
    assert turned is not None
    assert turned.series.count == 8
    assert not log_of(1).awaits_confirmation(NOW), "with one more it would not be a series yet"


def test_a_series_is_over_when_the_next_one_is_long_overdue() -> None:
    log = log_of(0, 1, 2, 3)
    assert log.series(NOW + MIN_PAUSE) is not None
    assert log.series(NOW + MIN_PAUSE + 0.1) is None
    slow = log_of(0, 1, 2, 3, every=60.0)
    assert slow.series(NOW + 149.0) is not None
    assert slow.series(NOW + 151.0) is None


def test_programs_that_retry_every_minute_or_ever_more_slowly_are_seen() -> None:
    assert found(log_of(0, 1, 2, 3, every=70.0), bot(age=300.0)) is not None
    log, at = RejectionLog(), NOW
    log.update(at, ports(0))
    for count, pause in enumerate((1, 2, 4, 8, 16, 32, 65, 65, 65), start=1):
        at += pause
        log.update(at, ports(count))
    series = log.series(at)
    assert series is not None
    assert series.count == 9


def test_a_program_that_gets_in_ends_the_series() -> None:
    log = log_of(0, 1, 2, 3)
    log.restart()
    assert log.series(NOW) is None
    log.update(NOW + 1, ports(4))
    series = log.series(NOW + 1)
    assert series is not None
    assert series.count == 1


def test_a_program_that_ran_long_before_it_began_and_never_got_in_is_not_suspected() -> None:
    log = log_of(0, 1, 2, 3)
    assert found(log, bot(age=FIRST_MINUTES + 21)) is None
    assert found(log, bot(age=FIRST_MINUTES + 19)) is not None
    assert found(log, bot(connected_before=True)) is not None


def test_a_program_that_ends_and_is_started_again_and_again_stays_named() -> None:
    detector = TurnedAwayDetector()
    series = log_of(0, 1, 2, 3).series(NOW)
    assert detector.update(series, [bot(age=1.0, pid=1)], frozenset(), ()) is not None
    turned = detector.update(series, [], frozenset(), ())
    assert turned is not None
    assert [program.pid for program in turned.programs] == [1]
    turned = detector.update(series, [bot(age=1.0, pid=2)], frozenset(), ())
    assert turned is not None
    assert [program.pid for program in turned.programs] == [2]
    assert detector.update(series, [], frozenset({2}), ()) is None, "it got in"


def test_where_every_program_is_connected_the_one_that_holds_the_id_is_named() -> None:
    holder = Program("python3", 7, "/project/bot.py", own=True)
    turned = found(log_of(0, 1, 2, 3), usage=(IdUse(10, Use.YOURS, (holder,)),))
    assert turned is not None
    assert (turned.programs, turned.holder, turned.client_id) == ((), holder, 10)
    assert found(log_of(0, 1, 2, 3), usage=(IdUse(10, Use.FREE),)) is None
