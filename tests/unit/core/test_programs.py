from __future__ import annotations

import random
from datetime import timedelta

import pytest

from support.trading_days import MONDAY, Days, Play, at, jitter, key_of, trading_days
from traymon.core import program_rules
from traymon.core.program_habits import Habits, Visit
from traymon.core.programs import Expectation, Programs, Sight, Standing
from traymon.core.time_windows import Span

MINUTE, HOUR = 60.0, 3600.0


def ten_days(seed: int, hours: tuple[float, float] | None, learn: int) -> tuple[Days, list[float]]:
    """Return ten trading days, after some to learn from, and when a program was lost."""
    random_ = random.Random(seed)
    days = trading_days(10 + learn)
    always = Play("bot.py", 10)
    by_day = Play("day.py", 11)
    by_hand = Play("at_three.py")
    once = Play("download.py")
    mondays = Play("weekly.py")
    down, lost = [], []
    for number, day in enumerate(days):
        restart = at(day, 4)
        down.append((restart, restart + 3 * MINUTE))
        day_begins, day_ends = 9 + jitter(random_, 10), 16.5 + jitter(random_, 10)
        three = 15 + jitter(random_, 10)
        by_hand.connected.append((at(day, three), at(day, three + 0.7)))
        if number % 3 == 1:
            begins = random_.uniform(10, 15)
            once.connected.append((at(day, begins), at(day, begins + 0.4)))
        if day.weekday() == 0:
            mondays.connected.append((at(day, 10), at(day, 11)))
        parts = [(at(day, 0), at(day, 24))]
        if number >= learn:
            begins = random_.uniform(10, 14.5)
            begins, ends = at(day, begins), at(day, begins + 0.75)
            kind = number % 3
            if kind == 0:  # it is killed
                parts = [(at(day, 0), begins), (ends, at(day, 24))]
                lost.append(begins)
            elif kind == 1:  # it goes on running without its connection
                parts = [(at(day, 0), begins), (ends, at(day, 24))]
                always.runs.append((begins, ends))
                lost.append(begins)
            else:  # the Gateway restarts, and only the others come back
                down.append((begins, begins + 4 * MINUTE))
                parts = [(at(day, 0), begins), (ends, at(day, 24))]
                lost.append(begins)
        always.connected += parts
        by_day.connected.append((at(day, day_begins), at(day, day_ends)))
    played = Days([always, by_day, by_hand, once, mondays], sorted(down), hours, step=150.0)
    for day in days:
        played.play(at(day, 0), at(day, 24))
    return played, lost


@pytest.mark.parametrize(("seed", "hours", "learn"), [(1, (9.5, 16.0), 0), (2, None, 3)])
def test_ten_trading_days_bring_ten_true_alarms_and_no_false_one(
    seed: int, hours: tuple[float, float] | None, learn: int
) -> None:
    played, lost = ten_days(seed, hours, learn)
    counted = [(moment, name) for moment, name in played.missing if moment >= lost[0] - HOUR]
    assert [name for _, name in counted] == ["bot.py"] * 10
    for (moment, _), began in zip(counted, lost, strict=True):
        assert 300 <= moment - began <= 300 + 4 * MINUTE + 2 * played.step


def test_it_is_missing_when_its_grace_is_over_and_not_before() -> None:
    day = MONDAY
    bot = Play("bot.py", 10, [(at(day, 9), at(day, 9.2))])
    days = Days([bot])
    days.play(at(day, 9), at(day, 9.2) + 299)
    assert not days.missing
    (one,) = days.last
    assert one.standing is Standing.AWAITED
    days.play(at(day, 9.2) + 299, at(day, 9.2) + 420)
    ((moment, name),) = days.missing
    assert name == "bot.py"
    assert 300 <= moment - at(day, 9.2) <= 360
    (one,) = days.last
    assert (one.client_id, one.running, one.since) == (10, False, at(day, 9.2))


def test_a_short_connection_is_no_return() -> None:
    day = MONDAY
    begins = at(day, 9)
    back = [(begins + 900 + n * 300, begins + 950 + n * 300) for n in range(4)]
    days = Days([Play("bot.py", 10, [(begins, begins + 600), *back])])
    days.play(begins, begins + 1800)
    assert [name for _, name in days.missing] == ["bot.py"]
    (one,) = days.last
    assert one.missing
    assert one.since == begins + 600


def test_a_program_that_was_only_tried_out_is_not_expected() -> None:
    begins = at(MONDAY, 9)
    days = Days([Play("bot.py", 10, [(begins, begins + 120)])])
    days.play(begins, begins + 1800)
    assert not days.missing


def test_a_script_with_an_id_of_its_own_that_ends_is_not_missed() -> None:
    begins = at(MONDAY, 9)
    days = Days([Play("download.py", None, [(begins, begins + 1200)])])
    days.play(begins, begins + 3600)
    assert not days.missing
    assert days.last[0].standing is Standing.NOT_EXPECTED


def test_a_script_that_a_fault_ended_is_missed_on_its_first_day() -> None:
    begins = at(MONDAY, 9)
    play = Play("bot.py", None, [(begins, begins + 1200)])
    days = Days([play], down=[(begins + 1200, begins + 1500)])
    days.play(begins, begins + 3600)
    ((moment, _),) = days.missing
    assert 1800 <= moment - begins <= 1860  # five minutes after the API works again


def test_a_program_that_runs_on_without_a_connection_is_missed_on_its_first_day() -> None:
    begins = at(MONDAY, 9)
    end = begins + 7200
    days = Days([Play("bot.py", None, [(begins, begins + 1200)], [(begins + 1200, end)])])
    days.play(begins, end)
    assert len(days.missing) == 1
    assert days.last[0].running


def test_a_program_that_comes_and_goes_by_itself_is_missed_once_at_most() -> None:
    begins = at(MONDAY, 9)
    visits = [(begins + n * 1800, begins + n * 1800 + 400) for n in range(6)]
    days = Days([Play("hourly.py", None, visits, [(begins, begins + 6 * 1800)])])
    days.play(begins, begins + 6 * 1800)
    assert len(days.missing) == 1


def test_nothing_is_missed_while_the_api_is_down_or_the_market_is_closed() -> None:
    day = MONDAY
    down = Days([Play("bot.py", 10, [(at(day, 9), at(day, 10))])], [(at(day, 10), at(day, 12))])
    down.play(at(day, 9), at(day, 12))
    assert not down.missing
    assert down.last[0].standing is Standing.API_DOWN
    closed = Days([Play("bot.py", 10, [(at(day, 9), at(day, 16.5))])], hours=(9.5, 16.0))
    closed.play(at(day, 9), at(day, 20))
    assert not closed.missing
    assert closed.last[0].standing is Standing.CLOSED


def test_a_program_that_never_came_is_missed_after_the_opening() -> None:
    days_ = trading_days(4)
    usual = [(at(day, 9), at(day, 16.5)) for day in days_[:3]]
    days = Days([Play("bot.py", 10, usual)], hours=(9.5, 16.0))
    days.play(at(days_[0], 0), at(days_[3], 9.49))
    (one,) = days.last
    assert one.lacks_before_open  # for the notification before the opening
    assert not days.missing
    days.play(at(days_[3], 9.5), at(days_[3], 10))
    ((moment, _),) = days.missing
    assert 300 <= moment - at(days_[3], 9.5) <= 360


@pytest.mark.parametrize(
    ("expectation", "count"),
    [(Expectation.EXPECTED, 1), (Expectation.HOURS, 0), (Expectation.OFF, 0)],
)
def test_the_users_word_outweighs_habits(expectation: Expectation, count: int) -> None:
    days_ = trading_days(4)
    usual = [(at(day, 9), at(day, 12)) for day in days_]
    days = Days([Play("bot.py", 10, usual)], expectations={key_of("bot.py"): expectation})
    days.play(at(days_[0], 0), at(days_[3], 11.9))
    days.missing.clear()
    days.play(at(days_[3], 11.9), at(days_[3], 14))
    assert len(days.missing) == count


def test_a_program_that_is_ended_every_day_is_missed_on_its_first_day_alone() -> None:
    days_ = trading_days(4)
    days = Days([Play("bot.py", 10, [(at(day, 9), at(day, 16)) for day in days_])])
    days.play(at(days_[0], 0), at(days_[3], 23))
    assert len(days.missing) == 1


def test_a_program_that_runs_day_and_night_is_missed_on_its_second_day() -> None:
    first, second = trading_days(2)
    days = Days([Play("bot.py", 10, [(at(first, 14), at(second, 10))])])
    days.play(at(first, 0), at(second, 11))
    assert [moment > at(second, 10) for moment, _ in days.missing] == [True]


def test_what_is_usual_is_learned_from_earlier_runs_of_traymon() -> None:
    days_ = trading_days(4)
    key = key_of("bot.py")
    visits = tuple(Visit(key, "bot.py", at(day, 9), at(day, 16), 10) for day in days_[:3])
    good = (Span(at(days_[0], 0), at(days_[2], 23)),)
    days = Days([Play("bot.py", 10)])
    days.state = program_rules.remember(Programs(), Habits(visits, good))
    days.play(at(days_[3], 7), at(days_[3], 9.4))
    assert not days.missing
    assert days.last[0].usual == ((9 * 60, 16 * 60),)
    days.play(at(days_[3], 9.4), at(days_[3], 10))
    assert [name for _, name in days.missing] == ["bot.py"]


def test_what_cannot_be_seen_is_not_missed() -> None:
    begins = at(MONDAY, 9)
    days = Days([Play("bot.py", 10, [(begins, begins + 1200)])])
    days.play(begins, begins + 900)
    for minute in range(60):
        now = begins + 960 + minute * 60
        blind = Sight(now, now, None, {}, good=True, closed=False)
        days.state = program_rules.follow(days.state, blind)
        assert program_rules.states(days.state, blind) == ()


def test_a_program_that_is_connected_twice_is_named_if_it_never_was_before() -> None:
    begins = at(MONDAY, 9)
    first = Play("bot.py", 10, [(begins, begins + 1200), (begins + 1300, begins + 4000)])
    second = Play("bot.py", None, [(begins + 2000, begins + 4000)])
    days = Days([first, second])
    days.play(begins, begins + 2000)
    assert not days.last[0].doubled
    days.play(begins + 2000, begins + 3000)
    assert days.last[0].doubled
    assert days.last[0].runs == 2


def test_a_change_of_the_clock_moves_no_habit() -> None:
    """In Europe the clocks go back on 25 October 2026; the hours are those on the wall."""
    before = [MONDAY - timedelta(days=n) for n in range(12, 5, -1)]
    weekdays = [day for day in before if day.weekday() < 5]
    visits = [(at(day, 9), at(day, 16)) for day in weekdays]
    days = Days([Play("bot.py", 10, visits)])
    days.play(at(weekdays[0], 0), at(weekdays[-1], 23))
    assert days.last[0].usual == ((9 * 60, 16 * 60),)


def test_only_a_look_after_its_grace_shows_that_it_has_not_come() -> None:
    begins = at(MONDAY, 9)
    days = Days([Play("bot.py", 10, [(begins, begins + 1200)])])
    days.play(begins, begins + 1260)
    for seconds in range(60, 900, 5):  # the last look is from a minute after it left
        sight = Sight(begins + 1200 + seconds, begins + 1260, (), {}, good=True, closed=False)
        days.state = program_rules.follow(days.state, sight)
        assert not program_rules.states(days.state, sight)[0].missing
