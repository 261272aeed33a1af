"""Tapes: one character per look, 5 s apart.

    seen   grrg    what each look is diagnosed as; the first one is what shows at the start
    shown  ggrr    what shows after it
    flips    !     where that changed

`g` green, `a` and `A` amber of two causes, `r` and `R` red, `2` red on the word of two sensors,
`s` amber that must hold for 10 s, `l` red that must hold for 20 s,
`d` and `D` one cause in amber and in red, each on the word of two sensors,
`p` and `q` grey, `-` no look: time passes, the same again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from traymon.core.debounce import Settled, settle
from traymon.core.facts import Fact
from traymon.core.model import Diagnosis, Flip, Suspicion
from traymon.core.vocabulary import Light, SensorName

STEP = 5.0
ONE, TWO = frozenset({SensorName.HANDSHAKE}), frozenset({SensorName.HANDSHAKE, SensorName.LISTENER})
KINDS = {
    "g": Diagnosis("g", Light.GREEN, witnesses=ONE),
    "a": Diagnosis("a", Light.AMBER, witnesses=ONE),
    "s": Diagnosis("s", Light.AMBER, witnesses=ONE, patience=10.0),
    "A": Diagnosis("A", Light.AMBER, witnesses=ONE),
    "r": Diagnosis("r", Light.RED, witnesses=ONE),
    "R": Diagnosis("R", Light.RED, witnesses=ONE),
    "l": Diagnosis("l", Light.RED, witnesses=ONE, patience=20.0),
    "2": Diagnosis("2", Light.RED, witnesses=TWO),
    "d": Diagnosis("d", Light.AMBER, witnesses=TWO),
    "D": Diagnosis("d", Light.RED, witnesses=TWO),
    "p": Diagnosis("p", Light.GREY),
    "q": Diagnosis("q", Light.GREY),
}


@dataclass(frozen=True)
class Step:
    """One character of a tape and what came of it."""

    now: float
    seen: Diagnosis
    before: Settled
    after: Settled
    flip: Flip | None


def play(tape: str) -> Iterator[Step]:
    """Settle every look of a tape; `looks` of the facts counts them, so that each is unlike."""
    seen = replace(KINDS[tape[0]], facts={Fact.LOOKS: 0})
    state = Settled(seen, since=0.0, light_since=0.0)
    for number, kind in enumerate(tape[1:], start=1):
        now = number * STEP
        if kind != "-":
            seen = replace(KINDS[kind], facts={Fact.LOOKS: number}, seen_at=now)
        before = state
        state, flip = settle(state, seen, now)
        yield Step(now, seen, before, state, flip)


def name_of(shown: Diagnosis) -> str:
    """Return the character that stands for a diagnosis."""
    return next(name for name, kind in KINDS.items() if kind.same_as(shown))


def last(tape: str) -> Settled:
    *_, step = play(tape)
    return step.after


@pytest.mark.parametrize(
    ("seen", "shown", "flips"),
    [
        # one look is a hiccup, two settle, in either direction
        ("ggrg", "gggg", "    "),
        ("gggrrr", "ggggrr", "    ! "),
        ("rgrg", "rrrr", "    "),
        ("rrgg", "rrrg", "   !"),
        ("aagg", "aaag", "   !"),
        ("aarr", "aaar", "   !"),
        ("rraa", "rrra", "   !"),
        # a disagreement that comes and goes starts anew
        ("grgrgrrg", "ggggggrr", "      ! "),
        # two looks that agree on worse or on better only: the milder of the two
        ("grR", "ggR", "  !"),
        ("gra", "gga", "  !"),
        ("gar", "gga", "  !"),
        ("garr", "ggar", "  !!"),
        ("rag", "rra", "  !"),
        ("rga", "rra", "  !"),
        ("ragg", "rrag", "  !!"),
        # one better, one worse: they agree on nothing
        ("agr", "aaa", "   "),
        ("argr", "aaaa", "    "),
        ("aAr", "aaa", "   "),
        ("arA", "aaa", "   "),
        ("aAg", "aaa", "   "),
        # the cause changes under the same light
        ("rrRr", "rrrr", "    "),
        ("rrRR", "rrrR", "   !"),
        ("rgR", "rrr", "   "),
        ("rgRR", "rrrR", "   !"),
        # two sensors that agree need no second look
        ("gg2", "gg2", "  !"),
        ("rr2", "rr2", "  !"),
        ("ga2", "gg2", "  !"),
        ("g2g", "g22", " ! "),
        # one cause in two lights is two things to show
        ("gdD", "gdD", " !!"),
        ("gdDD", "gdDD", " !! "),
        ("gDd", "gDd", " !!"),
        ("gdDgg", "gdDDg", " !! !"),
        # nothing is looked at (grey): shows at once, and so does the first green after it
        ("ggp", "ggp", "  !"),
        ("rrp", "rrp", "  !"),
        ("pq", "pq", " !"),
        ("pg", "pg", " !"),
        ("pr", "pp", "  "),
        ("prr", "ppr", "  !"),
        ("pa", "pp", "  "),
        ("prg", "ppg", "  !"),
        ("p2", "p2", " !"),
        # time alone is no second look
        ("gr---", "ggggg", "     "),
        ("rg---", "rrrrr", "     "),
        ("pr---", "ppppp", "     "),
        ("rag---", "rraaaa", "  !   "),
        # what must hold for 10 s shows after that, with or without a third look, never after one
        ("gss", "ggg", "   "),
        ("gsss", "gggs", "   !"),
        ("gss-", "gggs", "   !"),
        ("gs----", "gggggg", "      "),
        ("rsss", "rrrs", "   !"),
        ("gssg", "gggg", "    "),
        # its patience is not green's or red's
        ("gsrr", "gggr", "   !"),
        ("rsgg", "rrrg", "   !"),
        ("rsg-", "rrrs", "   !"),
    ],
)
def test_tapes(seen: str, shown: str, flips: str) -> None:
    steps = list(play(seen))
    assert seen[0] + "".join(name_of(step.after.shown) for step in steps) == shown
    assert " " + "".join(" " if step.flip is None else "!" for step in steps) == flips


def test_a_single_good_look_after_a_slow_one_does_not_turn_red_to_green() -> None:
    assert last("rsg").shown.code == "r"
    state = last("rsg")
    state, flip = settle(state, replace(KINDS["g"], seen_at=10.0), now=11.0)  # a tick, no look
    assert (state.shown.code, flip) == ("r", None)


def test_since_counts_from_the_first_look_that_saw_the_cause() -> None:
    state = last("ggrrr")
    assert (state.since, state.light_since, state.streak) == (10.0, 10.0, 3)


def test_a_change_of_cause_under_a_red_light_keeps_since_when_it_is_red() -> None:
    state = last("grrrRR")
    assert (state.shown.code, state.since, state.light_since) == ("R", 20.0, 5.0)


def test_a_cause_that_turns_graver_counts_from_when_it_did() -> None:
    state = last("ggdddD")
    assert (state.shown.light, state.since, state.light_since) == (Light.RED, 25.0, 25.0)


def test_two_reds_of_different_cause_are_red_since_the_first() -> None:
    state = last("ggrR")
    assert (state.shown.code, state.since, state.light_since) == ("R", 15.0, 10.0)


def test_the_milder_of_two_looks_has_its_own_since_and_the_run_is_what_the_light_counts() -> None:
    state = last("gra")  # worse since the red one, amber since the amber one
    assert (state.since, state.light_since) == (10.0, 5.0)
    state = last("gar")  # the amber one came first, and red still leans
    assert (state.since, state.light_since) == (5.0, 5.0)
    assert state.suspicion is not None
    assert state.suspicion.diagnosis.code == "r"


def test_a_single_bad_look_between_good_ones_leaves_no_trace() -> None:
    state = last("ggrg")
    assert (state.since, state.light_since, state.pending) == (0.0, 0.0, None)


@pytest.mark.parametrize(
    ("tape", "suspicion"),
    [
        ("gg", None),
        ("gr", ("r", 1)),
        ("gr-", ("r", 1)),
        ("grg", None),
        ("grr", None),
        ("rrg", ("g", 1)),
        ("rR", ("R", 1)),
        ("rag", ("g", 1)),
        ("gs", ("s", 1)),
        ("glll", ("l", 2)),  # seen twice, and still waiting out its patience
    ],
)
def test_what_leans_is_shown_as_one_of_two(tape: str, suspicion: tuple[str, int] | None) -> None:
    leans = last(tape).suspicion
    if suspicion is None:
        assert leans is None
    else:
        assert leans is not None
        assert leans == Suspicion(leans.diagnosis, suspicion[1], 2)
        assert leans.diagnosis.code == suspicion[0]


@pytest.mark.parametrize("tape", ["ggg", "rrr", "grr", "gra", "pg", "g2"])
def test_the_facts_shown_are_those_of_the_newest_look(tape: str) -> None:
    assert last(tape).shown.facts == {Fact.LOOKS: len(tape) - 1}


def test_the_facts_of_a_suspicion_are_those_of_the_newest_look() -> None:
    suspicion = last("gss").suspicion
    assert suspicion is not None
    assert suspicion.diagnosis.facts == {Fact.LOOKS: 2}


tapes = st.text(alphabet="".join(KINDS) + "-", min_size=1, max_size=20)
starts = st.sampled_from(sorted(KINDS))


@pytest.mark.parametrize("start", ["a", "r"])
def test_green_never_shows_on_a_single_look_from_amber_or_red(start: str) -> None:
    for tape in map("".join, product("gasrp-", repeat=5)):
        looks = start
        for kind, step in zip(tape, play(start + tape), strict=True):
            looks += kind.strip("-")
            if step.flip and step.after.shown.light is Light.GREEN:
                assert looks.endswith("gg") or step.before.shown.light is Light.GREY, start + tape


@settings(deadline=None)
@given(starts, tapes, st.sampled_from("gaArR2dDpq"))
def test_two_looks_of_anything_settle(start: str, tape: str, kind: str) -> None:
    state = last(start + tape + kind * 2)
    assert (name_of(state.shown), state.pending) == (kind, None)


@settings(deadline=None)
@given(starts, tapes)
def test_what_must_hold_settles_once_it_has_held(start: str, tape: str) -> None:
    assert last(start + tape + "sss").shown.code == "s"


@settings(deadline=None)
@given(starts, tapes)
def test_flips_and_times_tell_what_happened(start: str, tape: str) -> None:
    looks = start
    for kind, step in zip(tape, play(start + tape), strict=True):
        looks += kind.strip("-")
        before, after = step.before, step.after
        assert after.light_since <= after.since <= step.now
        assert name_of(after.shown) in (name_of(before.shown), *looks[-2:])
        if step.flip is None:
            assert after.shown.same_as(before.shown)
            assert (after.since, after.light_since) == (before.since, before.light_since)
        else:
            assert step.flip == Flip(step.now, before.shown, after.shown)
            assert not before.shown.same_as(after.shown)
        if after.shown.light is before.shown.light:
            assert after.light_since == before.light_since
