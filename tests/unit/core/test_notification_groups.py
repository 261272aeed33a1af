"""Several targets that fail together: one notification, however many they are."""

from __future__ import annotations

from traymon.core.model import Diagnosis, Evidence, Status
from traymon.core.notification import Kind, Notification
from traymon.core.notification_groups import (
    GATHER_TIME,
    JOIN_TIME,
    Group,
    Groups,
    gather,
    leave,
    take_due,
)
from traymon.core.target import Target
from traymon.core.vocabulary import Light

NOON = 1_800_000_000.0
SILENT = Diagnosis("handshake-silent", Light.RED)
REFUSED = Diagnosis("port-refused", Light.RED)
HEALTHY = Diagnosis("healthy", Light.GREEN)


def of(name: str, diagnosis: Diagnosis = SILENT, *, one_of_many: bool = True) -> Notification:
    target = Target(name, one_of_many=one_of_many)
    evidence = Evidence(target, NOON)
    return Notification(Kind.FAULT, Status(target, diagnosis, NOON, NOON, evidence, NOON))


def recovery(name: str) -> Notification:
    return Notification(Kind.RECOVERY, of(name, HEALTHY).status, ended=SILENT)


def gathered(*notifications: Notification, groups: Groups = (), now: float = NOON) -> Groups:
    for one in notifications:
        groups = gather(groups, one, now)
    return groups


def names(group: Group) -> list[str]:
    return [one.status.target.name for one in group.notifications]


def test_ten_targets_that_fail_together_are_one_notification() -> None:
    groups = gathered(*(of(f"bot {number}") for number in range(10)))
    groups, due = take_due(groups, NOON + GATHER_TIME - 0.1)
    assert due == []
    groups, due = take_due(groups, NOON + GATHER_TIME)
    assert [names(group) for group in due] == [[f"bot {number}" for number in range(10)]]
    assert take_due(groups, NOON + GATHER_TIME)[1] == []


def test_the_only_target_does_not_wait_for_others() -> None:
    assert len(take_due(gathered(of("bot", one_of_many=False)), NOON)[1]) == 1


def test_other_causes_and_other_kinds_have_notifications_of_their_own() -> None:
    groups = gathered(of("a"), of("b", REFUSED), of("c"), recovery("d"), recovery("e"))
    _, due = take_due(groups, NOON + GATHER_TIME)
    assert [names(group) for group in due] == [["a", "c"], ["b"], ["d", "e"]]


def test_who_fails_a_little_later_joins_the_notification_that_was_sent() -> None:
    groups, _ = take_due(gathered(of("a"), of("b")), NOON + GATHER_TIME)
    groups = gathered(of("c"), groups=groups, now=NOON + 20)
    groups, due = take_due(groups, NOON + 20 + GATHER_TIME)
    assert [names(group) for group in due] == [["a", "b", "c"]]
    assert [one.status.target.name for one in due[0].unsent] == ["c"]
    groups = gathered(of("d"), groups=groups, now=NOON + JOIN_TIME)
    _, due = take_due(groups, NOON + JOIN_TIME + GATHER_TIME)
    assert [names(group) for group in due] == [["d"]]


def test_who_has_other_news_meanwhile_is_not_named_again() -> None:
    groups, _ = take_due(gathered(of("a"), of("b")), NOON + GATHER_TIME)
    groups = gathered(recovery("a"), of("c"), groups=groups, now=NOON + 5)
    _, due = take_due(groups, NOON + 10)
    assert [names(group) for group in due] == [["b", "c"], ["a"]]


def test_what_was_not_sent_of_a_target_that_leaves_is_handed_back() -> None:
    a, b = of("a"), of("b")
    groups, unsent = leave(gathered(a, b), "a")
    assert unsent == [a]
    assert [names(group) for group in groups] == [["b"]]
    groups, _ = take_due(groups, NOON + GATHER_TIME)
    assert leave(groups, "b") == ((), [])


def test_a_group_is_forgotten_once_nobody_can_join_it() -> None:
    groups, _ = take_due(gathered(of("a")), NOON + GATHER_TIME)
    assert take_due(groups, NOON + JOIN_TIME) == ((), [])
