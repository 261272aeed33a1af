"""When a heartbeat is due and when it is overdue: no sockets, no clock."""

from __future__ import annotations

import pytest

from traymon.sensors.heartbeat import (
    BEAT_INTERVAL,
    BEAT_TIMEOUT,
    MAX_UNANSWERED,
    RECHECK_INTERVAL,
    Heartbeat,
    Overdue,
)

START = 1_000.0


@pytest.fixture
def sent() -> Heartbeat:
    """A heartbeat that was sent at START."""
    heartbeat = Heartbeat(START)
    heartbeat.record_sent(START)
    return heartbeat


def test_the_first_heartbeat_is_due_at_once() -> None:
    heartbeat = Heartbeat(START)
    assert heartbeat.is_due(START)
    assert heartbeat.next_wake() == START


def test_an_answered_heartbeat_wakes_only_for_the_next_one(sent: Heartbeat) -> None:
    sent.record_answer()
    assert sent.next_wake() == START + BEAT_INTERVAL
    assert not sent.is_due(START + BEAT_INTERVAL - 0.1)
    assert sent.is_due(START + BEAT_INTERVAL)
    assert sent.check_overdue(START + 100, heard=False) is None


def test_nothing_is_overdue_before_its_time(sent: Heartbeat) -> None:
    assert sent.check_overdue(START + BEAT_TIMEOUT - 0.1, heard=False) is None


def test_silence_is_reported_in_time_and_then_again_and_again(sent: Heartbeat) -> None:
    now = START + BEAT_TIMEOUT
    assert sent.check_overdue(now, heard=False) == Overdue(BEAT_TIMEOUT, alive=False)
    assert sent.check_overdue(now + RECHECK_INTERVAL - 0.1, heard=False) is None
    later = now + RECHECK_INTERVAL
    assert sent.next_wake() <= later
    assert sent.check_overdue(later, heard=False) == Overdue(later - START, alive=False)


def test_messages_in_place_of_an_answer_are_life_for_twenty_seconds(sent: Heartbeat) -> None:
    reports = []
    for second in range(1, 30):
        if (overdue := sent.check_overdue(START + second, heard=True)) is not None:
            reports.append((overdue.waited, overdue.alive))
    assert [waited for waited, alive in reports if alive] == [4, 8, 12, 16]
    assert next(waited for waited, alive in reports if not alive) == MAX_UNANSWERED


def test_messages_do_not_settle_a_heartbeat(sent: Heartbeat) -> None:
    now = START + BEAT_TIMEOUT
    assert sent.check_overdue(now, heard=True) == Overdue(BEAT_TIMEOUT, alive=True)
    assert sent.check_overdue(now + BEAT_TIMEOUT, heard=False) == Overdue(8, alive=False)


def test_an_answer_that_takes_three_seconds_each_time_is_never_overdue() -> None:
    heartbeat = Heartbeat(START)
    for number in range(100):
        now = START + number * BEAT_INTERVAL
        assert heartbeat.check_overdue(now, heard=False) is None
        heartbeat.record_sent(now)
        assert heartbeat.check_overdue(now + 3, heard=False) is None
        heartbeat.record_answer()


def test_silence_counts_from_the_oldest_unanswered_heartbeat(sent: Heartbeat) -> None:
    for number in range(1, 4):
        sent.record_sent(START + number * BEAT_INTERVAL)
    now = START + 4 * BEAT_INTERVAL
    assert sent.check_overdue(now, heard=False) == Overdue(now - START, alive=False)


def test_after_an_answer_silence_counts_from_the_next_heartbeat(sent: Heartbeat) -> None:
    sent.record_answer()
    second = START + BEAT_INTERVAL
    sent.record_sent(second)
    assert sent.check_overdue(second + BEAT_TIMEOUT - 0.1, heard=False) is None
    overdue = sent.check_overdue(second + BEAT_TIMEOUT, heard=False)
    assert overdue == Overdue(BEAT_TIMEOUT, alive=False)


def test_the_next_wake_is_the_next_beat_or_the_next_check_whichever_comes_first(
    sent: Heartbeat,
) -> None:
    assert sent.next_wake() == START + min(BEAT_INTERVAL, BEAT_TIMEOUT)
    now = START + BEAT_INTERVAL
    sent.check_overdue(now, heard=False)
    sent.record_sent(now)
    assert sent.next_wake() == now + min(BEAT_INTERVAL, RECHECK_INTERVAL)
