"""What tries of an ID say of its holder, and when they say nothing any more."""

from __future__ import annotations

import pytest

from traymon.core.target import IdUse, Program
from traymon.core.vocabulary import Use
from traymon.sensors.client_id_ledger import Ledger, Link, Links


def link(name: str, port: int, *, own: bool = False, left: bool = False) -> Link:
    program = Program() if left else Program(name, 1000 + port, own=own, since=float(port))
    return Link(program, port, left)


MARK_AS_MINE, MINE_TOO = link("run_live.py", 1, own=True), link("run_live.py", 2, own=True)
OTHER, THIRD = link("other.py", 3), link("third.py", 4)
LEFT = link("", 5, left=True)


def links(*of: Link) -> Links:
    return frozenset(of)


def uses(ledger: Ledger, *of: Link, whole: bool = True) -> dict[int, IdUse]:
    return {use.client_id: use for use in ledger.usage(links(*of), whole, "not tried")}


def names(use: IdUse) -> list[str]:
    return [program.name for program in use.programs]


def test_everything_is_due_at_first_and_nothing_after_a_try() -> None:
    ledger = Ledger([10, 11])
    assert ledger.ids_to_probe(links(OTHER)) == [10, 11]
    ledger.record_probe(10, False, links(OTHER))
    assert ledger.ids_to_probe(links(OTHER)) == [11]
    ledger.record_probe(11, True, links(OTHER))
    assert ledger.ids_to_probe(links(OTHER)) == []


def test_a_free_id_is_due_when_somebody_came_and_not_when_somebody_left() -> None:
    ledger = Ledger([10])
    ledger.record_probe(10, False, links(OTHER, THIRD))
    assert ledger.ids_to_probe(links(OTHER)) == []
    assert ledger.ids_to_probe(links(OTHER, MARK_AS_MINE)) == [10]


def test_a_taken_id_is_due_when_one_who_may_hold_it_left_and_not_when_somebody_came() -> None:
    ledger = Ledger([10])
    ledger.record_probe(10, True, links(OTHER, THIRD))
    assert ledger.ids_to_probe(links(OTHER, THIRD, MARK_AS_MINE)) == []
    assert ledger.ids_to_probe(links(OTHER, MARK_AS_MINE)) == [10]


def test_a_try_without_a_verdict_is_not_made_again_before_a_change() -> None:
    ledger = Ledger([10])
    ledger.record_probe(10, None, links(OTHER), "no answer")
    assert ledger.ids_to_probe(links(OTHER)) == []
    assert uses(ledger, OTHER)[10] == IdUse(10, Use.UNKNOWN, detail="no answer")
    assert ledger.ids_to_probe(links(OTHER, THIRD)) == [10]


def test_the_users_wish_makes_all_due_and_keeps_what_is_known_until_then() -> None:
    ledger = Ledger([0, 10, 11])
    ledger.record_probe(10, True, links(OTHER))
    ledger.record_probe(11, False, links(OTHER))
    ledger.request_probe()
    assert ledger.ids_to_probe(links(OTHER)) == [10, 11]
    assert uses(ledger, OTHER)[10].use is Use.CLASH
    ledger.record_probe(10, True, links(OTHER))
    assert ledger.ids_to_probe(links(OTHER)) == [11]


def test_the_id_0_is_never_due() -> None:
    ledger = Ledger([0])
    assert ledger.ids_to_probe(links(OTHER)) == []
    assert uses(ledger, OTHER)[0].use is Use.UNKNOWN


@pytest.mark.parametrize("whole", [True, False])
def test_with_nobody_connected_an_id_is_free_only_if_it_was_tried(whole: bool) -> None:
    ledger = Ledger([10])
    unknown = IdUse(10, Use.UNKNOWN, detail="not tried")
    assert uses(ledger, whole=whole)[10] == unknown
    ledger.record_probe(10, True, links(OTHER))
    assert uses(ledger, whole=whole)[10] == unknown, "TWS may still count the one that has left"
    ledger.record_probe(10, False, links())
    assert uses(ledger, whole=whole)[10] == IdUse(10, Use.FREE)
    ledger.record_probe(10, True, links())
    assert uses(ledger)[10] == IdUse(10, Use.STUCK)


def test_a_refusal_without_a_reason_stands_until_the_next_try() -> None:
    ledger = Ledger([10])
    ledger.record_refusal(10, links(OTHER), "closed")
    assert uses(ledger, OTHER)[10] == IdUse(10, Use.REFUSED, detail="closed")
    assert ledger.ids_to_probe(links(OTHER)) == []
    assert uses(ledger)[10] == IdUse(10, Use.REFUSED, detail="closed")
    assert ledger.ids_to_probe(links()) == [10]
    ledger.record_probe(10, False, links())
    assert uses(ledger)[10] == IdUse(10, Use.FREE)


def test_what_was_free_before_somebody_came_is_his() -> None:
    ledger = Ledger([10])
    ledger.record_probe(10, False, links(OTHER, MARK_AS_MINE))
    ledger.record_probe(10, True, links(OTHER, MARK_AS_MINE, THIRD))
    assert uses(ledger, OTHER, MARK_AS_MINE, THIRD)[10] == IdUse(10, Use.CLASH, (THIRD.program,))


def test_what_stays_taken_when_one_left_is_held_by_one_of_the_others() -> None:
    ledger = Ledger([10])
    ledger.record_probe(10, True, links(OTHER, THIRD))
    ledger.record_probe(10, True, links(OTHER, MARK_AS_MINE))
    # or by one who came since: the one who left may have left it to him
    assert uses(ledger, OTHER, MARK_AS_MINE)[10] == IdUse(10, Use.YOURS, (MARK_AS_MINE.program,))
    ledger = Ledger([10])
    ledger.record_probe(10, True, links(OTHER, MARK_AS_MINE, MINE_TOO))
    ledger.record_probe(10, True, links(OTHER, MARK_AS_MINE))
    ledger.record_probe(10, True, links(OTHER, THIRD))
    assert set(names(uses(ledger, OTHER, THIRD)[10])) == {"other.py", THIRD.program.label}


def test_a_program_that_was_there_while_the_id_was_free_does_not_hold_it() -> None:
    ledger = Ledger([10])
    ledger.record_probe(10, False, links(OTHER))
    ledger.record_probe(
        10, True, links(OTHER)
    )  # its user came and went unseen, and TWS has not noticed
    assert uses(ledger, OTHER)[10] == IdUse(10, Use.STUCK)
    assert ledger.ids_to_probe(links(OTHER)) == []
    assert ledger.ids_to_probe(links(OTHER, MARK_AS_MINE)) == [10]
    assert ledger.ids_to_probe(links()) == [10]


def test_an_id_that_stays_taken_when_its_holder_left_is_nobodys() -> None:
    ledger = Ledger([10])
    ledger.record_probe(10, False, links(OTHER))
    ledger.record_probe(10, True, links(OTHER, MARK_AS_MINE))
    ledger.record_probe(10, True, links(OTHER))
    assert uses(ledger, OTHER)[10] == IdUse(10, Use.STUCK)
    ledger.request_probe([10])
    assert ledger.ids_to_probe(links(OTHER)) == [10]
    ledger.record_probe(10, False, links(OTHER))
    assert uses(ledger, OTHER)[10] == IdUse(10, Use.FREE)


def test_one_connection_holds_one_id() -> None:
    ledger = Ledger([10, 11])
    ledger.record_probe(10, True, links(MARK_AS_MINE))
    ledger.record_probe(11, True, links(MARK_AS_MINE, OTHER))
    found = uses(ledger, MARK_AS_MINE, OTHER)
    assert (found[10].use, found[11].use) == (Use.YOURS, Use.CLASH)
    assert names(found[11]) == ["other.py"]


def test_an_own_program_among_those_who_may_hold_it_is_taken_to_hold_it() -> None:
    ledger = Ledger([10])
    ledger.record_probe(10, True, links(MARK_AS_MINE, OTHER))
    assert uses(ledger, MARK_AS_MINE, OTHER)[10] == IdUse(10, Use.YOURS, (MARK_AS_MINE.program,))


def test_more_ids_than_own_connections_cannot_all_be_the_users_own() -> None:
    ledger = Ledger([10, 11])
    for client_id in (10, 11):
        ledger.record_probe(client_id, True, links(MARK_AS_MINE, OTHER))
    found = uses(ledger, MARK_AS_MINE, OTHER)
    assert {found[10].use, found[11].use} == {Use.CLASH}
    assert names(found[10]) == ["run_live.py", "other.py"]
    ledger = Ledger([10, 11])
    for client_id in (10, 11):
        ledger.record_probe(client_id, True, links(MARK_AS_MINE, MINE_TOO, OTHER))
    found = uses(ledger, MARK_AS_MINE, MINE_TOO, OTHER)
    assert {found[10].use, found[11].use} == {Use.YOURS}


def test_the_users_own_program_that_came_again_holds_its_id_as_before() -> None:
    ledger = Ledger([10])
    ledger.record_probe(10, True, links(OTHER, MARK_AS_MINE))
    ledger.record_probe(10, True, links(OTHER, MINE_TOO))  # it was restarted between two looks
    assert uses(ledger, OTHER, MINE_TOO)[10] == IdUse(10, Use.YOURS, (MINE_TOO.program,))


def test_only_a_connection_that_was_left_is_stuck() -> None:
    ledger = Ledger([10])
    ledger.record_probe(10, True, links(LEFT))
    assert uses(ledger, LEFT)[10] == IdUse(10, Use.STUCK)
    ledger = Ledger([10])
    ledger.record_probe(10, True, links(LEFT, OTHER))
    assert uses(ledger, LEFT, OTHER)[10].use is Use.CLASH
    assert set(names(uses(ledger, LEFT, OTHER)[10])) == {"", "other.py"}


@pytest.mark.parametrize("here", [(), (OTHER,)])
def test_where_not_all_can_be_seen_somebody_unseen_may_hold_it(here: tuple[Link, ...]) -> None:
    ledger = Ledger([10])
    ledger.record_probe(10, True, links(*here))
    found = uses(ledger, *here, whole=False)[10]
    assert found.use is Use.CLASH
    assert found.programs[-1] == Program()
