"""How soon another session may begin: less and less often while they fail or end at once."""

from __future__ import annotations

from traymon.sensors.session_pace import SHORT, STEADY, SessionPace


def test_the_first_session_begins_at_once() -> None:
    assert SessionPace().delay == 0


def test_sessions_that_end_at_once_back_off_from_10_to_60_seconds() -> None:
    pace = SessionPace()
    delays = []
    for _ in range(1_000):
        pace.record_end(0.5)
        delays.append(pace.delay)
    assert delays[:4] == [10, 20, 40, 60]
    assert set(delays[4:]) == {60}
    assert pace.short_in_a_row == 1_000


def test_sessions_that_do_not_begin_back_off_from_2_to_60_seconds() -> None:
    pace = SessionPace()
    delays = []
    for _ in range(8):
        pace.record_failure()
        delays.append(pace.delay)
    assert delays == [2, 4, 8, 16, 32, 60, 60, 60]


def test_a_session_that_has_held_clears_the_record() -> None:
    pace = SessionPace()
    pace.record_end(SHORT - 0.1)
    assert pace.is_on_probation(SHORT - 0.1)
    assert not pace.is_on_probation(SHORT)
    pace.record_end(SHORT)
    assert (pace.delay, pace.short_in_a_row) == (0, 0)


def test_after_three_it_takes_a_minute() -> None:
    pace = SessionPace()
    for _ in range(3):
        pace.record_end(1.0)
    assert pace.is_on_probation(STEADY - 0.1)
    pace.record_end(STEADY - 0.1)
    assert pace.short_in_a_row == 3
    pace.record_end(STEADY)
    assert pace.short_in_a_row == 0
