"""Exact seconds per condition, in trading hours and in all hours, and the outages by cause."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from traymon.core.periods import Condition, Period
from traymon.core.reliability import Figures, measure, measure_days
from traymon.core.time_windows import Span
from traymon.core.vocabulary import Light

C = Condition
NEW_YORK = ZoneInfo("America/New_York")
LIGHTS = {C.UP: Light.GREEN, C.DEGRADED: Light.AMBER, C.DOWN: Light.RED, C.EXPECTED: Light.AMBER}
CODES = {C.UP: "healthy", C.DOWN: "app-not-running", C.EXPECTED: "reset-window"}


def tape(*pieces: tuple[float, Condition], start: float = 0.0) -> list[Period]:
    """Return periods that follow each other, each with its length in seconds."""
    periods: list[Period] = []
    for length, condition in pieces:
        code, light = CODES.get(condition, ""), LIGHTS.get(condition, Light.GREY)
        periods.append(Period(start, start + length, condition, code, light, number=len(periods)))
        start += length
    return periods


def random_tape(chance: random.Random, length: int = 40) -> list[Period]:
    kinds = [one for one in Condition if one is not C.CLOSED]
    pieces = [(chance.randint(1, 5000), chance.choice(kinds)) for _ in range(length)]
    return [
        replace(one, transient=one.condition is C.DEGRADED and chance.random() < 0.5)
        for one in tape(*pieces)
    ]


def random_spans(chance: random.Random, until: float) -> list[Span]:
    bounds = sorted(chance.sample(range(-5000, int(until) + 5000), 20))
    return [Span(begins, ends) for begins, ends in zip(bounds[::2], bounds[1::2], strict=True)]


def split_at_random(chance: random.Random, periods: Sequence[Period]) -> list[Period]:
    """Return the same periods, each in two parts that say the same."""
    parts: list[Period] = []
    for one in periods:
        cut = one.start + one.length * chance.random()
        parts += [replace(one, end=cut), replace(one, start=cut)]
    return [one for one in parts if one.length]


def total(figures: Figures) -> float:
    return sum(figures.seconds.values())


def test_every_second_counts_once() -> None:
    periods = tape((100, C.UP), (7, C.DOWN), (50, C.EXPECTED), (3, C.DEGRADED), (40, C.UP))
    figures = measure(periods, 0, 200).all_hours
    assert figures.seconds[C.UP] == 140
    assert figures.seconds[C.DOWN] == 7
    assert figures.seconds[C.DEGRADED] == 3
    assert figures.expected == {"reset-window": 50}
    assert figures.observed == figures.length == 200
    assert figures.availability == 143 / 150  # the expected fault counts neither way


def test_a_percentage_is_refused_if_too_little_was_observed() -> None:
    enough = measure(tape((90, C.UP), (10, C.UNOBSERVED)), 0, 100).all_hours
    assert enough.availability == 1.0
    too_little = measure(tape((89, C.UP), (11, C.ASLEEP)), 0, 100).all_hours
    assert too_little.availability is None
    assert (too_little.observed, too_little.length) == (89, 100)


def test_what_nothing_is_recorded_of_was_not_observed() -> None:
    figures = measure(tape((50, C.UP), start=50), 0, 100).all_hours
    assert figures.seconds[C.UNOBSERVED] == 50
    assert measure([], 0, 100).all_hours.availability is None


def test_expected_faults_alone_have_no_percentage() -> None:
    assert measure(tape((100, C.EXPECTED)), 0, 100).all_hours.availability is None


def test_trading_hours_count_for_themselves() -> None:
    periods = tape((100, C.UP), (100, C.DOWN), (100, C.UP))
    measured = measure(periods, 0, 300, [Span(50, 110), Span(290, 400)])
    figures = measured.trading_hours
    assert figures is not None
    assert figures.seconds[C.CLOSED] == 230
    assert figures.length == 70
    assert figures.seconds[C.DOWN] == 10
    assert figures.availability == 60 / 70
    assert figures.longest_outage == 10  # what of it fell into trading hours
    assert measured.all_hours.longest_outage == 100


def test_outages_are_grouped_by_cause() -> None:
    link = [replace(one, code="ib-link-down") for one in tape((30, C.DOWN), start=1000)]
    tail = tape((100, C.UP), start=1030)
    periods = [
        *tape((100, C.UP), (432, C.DOWN), (100, C.UP), (41, C.DOWN), (327, C.UP)),
        *link,
        *tail,
    ]
    figures = measure(periods, 0, 1130).all_hours
    assert [(one.code, one.count, one.seconds, one.longest) for one in figures.causes] == [
        ("app-not-running", 2, 473, 432),
        ("ib-link-down", 1, 30, 30),
    ]
    assert figures.outages == 3
    assert figures.longest_outage == 432
    assert figures.mean_time_to_recover == 503 / 3


def test_without_an_outage_there_is_no_longest_one_and_no_mean() -> None:
    figures = measure(tape((100, C.UP), (50, C.EXPECTED)), 0, 150).all_hours
    assert figures.outages == 0
    assert figures.longest_outage is None
    assert figures.mean_time_to_recover is None


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-03-08", 23), ("2026-11-01", 25), ("2026-11-02", 24)],
)
def test_a_day_has_as_many_hours_as_the_clocks_give_it(day: str, hours: int) -> None:
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=NEW_YORK).timestamp()
    since, until = noon - 3 * 86_400, noon + 3 * 86_400
    days = measure_days(tape((until - since, C.UP), start=since), since, until, NEW_YORK)
    by_date = {one.day.isoformat(): one.reliability.all_hours for one in days}
    assert by_date[day].seconds[C.UP] == hours * 3600
    assert by_date[day].length == hours * 3600


def test_days_are_those_of_the_zone() -> None:
    since = datetime(2026, 11, 20, tzinfo=UTC).timestamp()
    days = measure_days([], since, since + 86_400, ZoneInfo("Asia/Tokyo"))
    assert [one.day.isoformat() for one in days] == ["2026-11-20", "2026-11-21"]
    assert [one.reliability.all_hours.length for one in days] == [15 * 3600, 9 * 3600]


@pytest.mark.parametrize("seed", range(30))
def test_the_conditions_add_up_to_the_whole_time(seed: int) -> None:
    chance = random.Random(seed)
    periods = random_tape(chance)
    since, until = chance.randint(-500, 500), periods[-1].end + chance.randint(-5000, 500)
    measured = measure(periods, since, until, random_spans(chance, until))
    assert total(measured.all_hours) == until - since
    assert measured.trading_hours is not None
    assert total(measured.trading_hours) == until - since
    for condition in set(Condition) - {C.CLOSED}:
        in_hours = measured.trading_hours.seconds[condition]
        assert 0 <= in_hours <= measured.all_hours.seconds[condition]


@pytest.mark.parametrize("seed", range(30))
def test_the_figures_do_not_depend_on_how_the_record_is_cut(seed: int) -> None:
    chance = random.Random(seed)
    periods = random_tape(chance)
    until = periods[-1].end
    spans = random_spans(chance, until)
    whole, cut = (
        measure(one, 0, until, spans) for one in (periods, split_at_random(chance, periods))
    )
    for before, after in (
        (whole.all_hours, cut.all_hours),
        (whole.trading_hours, cut.trading_hours),
    ):
        assert before is not None
        assert after is not None
        assert after.seconds == pytest.approx(before.seconds)
        assert after.outages == before.outages
        assert after.mean_time_to_recover == pytest.approx(before.mean_time_to_recover)
        assert [one.code for one in after.causes] == [one.code for one in before.causes]


@pytest.mark.parametrize("seed", range(30))
def test_the_days_add_up_to_the_whole(seed: int) -> None:
    chance = random.Random(seed)
    periods = random_tape(chance, 200)
    since, until = periods[0].start, periods[-1].end
    days = measure_days(periods, since, until, NEW_YORK)
    whole = measure(periods, since, until).all_hours
    for condition in Condition:
        parts = sum(one.reliability.all_hours.seconds[condition] for one in days)
        assert parts == pytest.approx(whole.seconds[condition])
