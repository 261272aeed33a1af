"""Which client IDs targets at one address leave to each other."""

from __future__ import annotations

from itertools import islice

from traymon.core.side_by_side import leave_ids_to_each_other, own_ids_apart
from traymon.core.target import Target
from traymon.sensors.session import MAX_OWN_IDS, own_ids


def test_own_sessions_at_one_address_never_try_the_same_id() -> None:
    same = [Target("a"), Target("b", "localhost"), Target("c", "127.0.0.01"), Target("d", port=1)]
    firsts = own_ids_apart(9_100, same)
    assert firsts[0] == firsts[3] == 9_100  # another port: another Gateway, which has its own IDs
    tried = [set(islice(own_ids(first, Target("")), MAX_OWN_IDS)) for first in firsts[:3]]
    assert len(set.union(*tried)) == 3 * MAX_OWN_IDS


def test_the_configured_ids_of_the_others_are_left_to_them_and_so_are_earlier_own_ones() -> None:
    first = Target("a", client_ids=(9_101, 9_102), own_client_id=9_100)
    second = Target("b", client_ids=(9_103,), own_client_id=9_100)
    elsewhere = Target("c", port=4001, client_ids=(9_104,), own_client_id=9_100)
    told = leave_ids_to_each_other([first, second, elsewhere])
    assert [one.others_ids for one in told] == [{9_103}, {9_100, 9_101, 9_102}, frozenset()]
    assert [*islice(own_ids(9_100, told[1]), 2)] == [9_104, 9_105]
    assert [*islice(own_ids(9_100, told[0]), 2)] == [9_100, 9_104]


def test_a_host_elsewhere_is_told_by_its_name_whatever_its_case() -> None:
    told = leave_ids_to_each_other(
        [Target("a", "TWS.lan", client_ids=(5,)), Target("b", "tws.lan."), Target("c", "other.lan")]
    )
    assert [one.others_ids for one in told] == [frozenset(), {5}, frozenset()]
