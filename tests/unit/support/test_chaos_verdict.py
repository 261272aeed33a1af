"""The judge of the chaos: what it lets pass, and what it does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.chaos.plan import Kind, plan
from support.chaos.verdict import Life, Record, Shown, Span, Use, faults

OUTAGE = Span(100.0, 160.0)
FAULT = Shown(110.0, "It is down", urgent=True)
RECOVERY = Shown(165.0, "It is back", urgent=False)
LIFE = Life(Span(0.0, 260.0), Use(10, 20), Use(10, 20))
GOOD = Record([OUTAGE], [Span(0.0, 260.0)], [FAULT, RECOVERY], [LIFE])


def test_an_outage_that_was_announced_once_and_whose_end_was_told_is_right() -> None:
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        (replace(GOOD, shown=[]), "was not announced"),
        (replace(GOOD, shown=[FAULT]), "the end of the outage at 100 s was not told"),
        (replace(GOOD, shown=[FAULT, replace(FAULT, at=120.0), RECOVERY]), "told more than once"),
        (replace(GOOD, shown=[replace(FAULT, at=50.0), FAULT, RECOVERY]), "nothing was wrong"),
        (replace(GOOD, lives=[replace(LIFE, after=Use(10, 21))]), "descriptors: 20 before, 21"),
        (replace(GOOD, lives=[replace(LIFE, after=Use(16, 20))]), "threads: 10 before, 16"),
        (replace(GOOD, residents=2), "2 traymons watch"),
        (replace(GOOD, residents=0), "0 traymons watch"),
        (replace(GOOD, status_code=3), "`traymon status` ends with 3"),
        (replace(GOOD, icon_is_green=False), "no green icon"),
    ],
)
def test_every_wrong_is_found(record: Record, fault: str) -> None:
    (found,) = faults(record)
    assert fault in found


def test_silence_is_right_while_nothing_could_be_shown() -> None:
    away = [Span(0.0, 105.0), Span(120.0, 135.0), Span(158.0, 260.0)]
    assert faults(replace(GOOD, reachable=away, shown=[])) == []


def test_a_renewed_notification_is_not_told_twice() -> None:
    renewed = replace(FAULT, at=120.0, replaces=True)
    assert faults(replace(GOOD, shown=[FAULT, renewed, RECOVERY])) == []


def test_a_traymon_of_a_new_session_may_tell_an_outage_again() -> None:
    lives = [Life(Span(0.0, 120.0)), Life(Span(121.0, 260.0))]
    again = replace(FAULT, at=130.0)
    assert faults(replace(GOOD, lives=lives, shown=[FAULT, again, RECOVERY])) == []


def test_a_cause_that_comes_back_after_another_one_is_news() -> None:
    other = replace(FAULT, at=110.0, title="another", replaces=True)
    again = replace(FAULT, at=120.0)
    assert faults(replace(GOOD, shown=[FAULT, other, again, RECOVERY])) == []


def test_nothing_more_has_to_be_told_of_what_comes_and_goes() -> None:
    unstable = Shown(130.0, "It comes and goes", urgent=False, unstable=True)
    assert faults(replace(GOOD, shown=[unstable])) == []


def test_a_plan_is_the_same_for_the_same_seed_and_its_disturbances_never_collide() -> None:
    for seed in range(200):
        assert plan(seed) == plan(seed)
        taken: dict[object, float] = {}
        for one in plan(seed).disturbances:
            for thing in one.kind.touches:
                assert one.begins >= taken.get(thing, 0.0)
                taken[thing] = one.ends


def test_every_disturbance_is_planned_by_some_seed() -> None:
    planned = {one.kind for seed in range(50) for one in plan(seed).disturbances}
    assert planned == set(Kind)
