"""What a push channel sees of a status, and when it tries again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.push_scene import AMBER, GREEN, NOON, RED, status
from traymon.core.alerts import PushChannel, Secret
from traymon.core.model import Change, Flip, Status, Update
from traymon.core.push_policy import as_seen_by, pause, wants, wants_programs
from traymon.core.time_windows import parse
from traymon.core.vocabulary import Light

CHANNEL = PushChannel("phone", "ntfy", Secret("https://ntfy.sh/topic"))
RED_ALONE = replace(CHANNEL, lights=frozenset({Light.RED}))
ALL_DAY = parse("00:00-23:59 Etc/UTC")
SOON = parse("09:00-10:00 Etc/UTC")  # NOON is 08:00 there


def seen(channel: PushChannel, of: Status) -> Status:
    return as_seen_by(channel, Update(of, None, Change.NOTHING), NOON).status


def test_without_wishes_it_sees_what_the_desktop_sees() -> None:
    for code in (RED, AMBER, GREEN):
        quiet = replace(status(code, NOON), quiet_until=NOON + 5, closed=True, opens_at=NOON + 9)
        assert seen(CHANNEL, quiet) == quiet


def test_its_own_quiet_hours_and_hours_take_the_place_of_the_targets() -> None:
    quiet = replace(status(RED, NOON), quiet_until=NOON + 5)
    assert seen(replace(CHANNEL, quiet=SOON), quiet).quiet_until is None
    assert seen(replace(CHANNEL, quiet=ALL_DAY), quiet).quiet_until == NOON + 15 * 3600 + 59 * 60
    closed = seen(replace(CHANNEL, hours=SOON), quiet)
    assert (closed.closed, closed.opens_at) == (True, NOON + 3600)
    assert not seen(replace(CHANNEL, hours=ALL_DAY), replace(quiet, closed=True)).closed


def test_a_snooze_stays_and_a_muted_target_counts_as_paused() -> None:
    snoozed = replace(status(RED, NOON), snoozed_until=NOON + 5)
    assert seen(replace(CHANNEL, quiet=SOON), snoozed).snoozed_until == NOON + 5
    assert seen(CHANNEL, replace(snoozed, muted=True)).paused


def test_amber_is_no_fault_for_a_channel_of_red_but_a_watch_that_ended_is() -> None:
    assert not seen(RED_ALONE, status(AMBER, NOON)).diagnosis.announce
    assert seen(RED_ALONE, status(RED, NOON)).diagnosis.announce
    assert seen(CHANNEL, status(AMBER, NOON)).diagnosis.announce
    stale = status(GREEN, NOON)
    stale = replace(stale, diagnosis=replace(stale.diagnosis, code="stale", light=Light.GREY))
    assert seen(RED_ALONE, stale).diagnosis.announce
    amber, red = status(AMBER, NOON).diagnosis, status(RED, NOON).diagnosis
    update = Update(status(RED, NOON), Flip(NOON, amber, red), Change.NOTHING)
    flip = as_seen_by(RED_ALONE, update, NOON).flip
    assert flip is not None
    assert (flip.before.announce, flip.after.announce) == (False, True)


def test_targets_and_programs_are_chosen() -> None:
    assert wants(CHANNEL, "any")
    of_live = replace(CHANNEL, targets=frozenset({"Live"}))
    assert wants(of_live, "live")
    assert not wants(of_live, "paper")
    assert of_live.unknown_targets(["live", "paper"]) == []
    assert of_live.unknown_targets(["lives", "paper"]) == ["Live"]
    assert wants_programs(CHANNEL)
    assert not wants_programs(RED_ALONE)


@pytest.mark.parametrize(
    ("failures", "asked", "seconds"),
    [
        *((0, None, 5.0), (1, None, 30.0), (2, None, 60.0), (6, None, 600.0), (99, None, 600.0)),
        *((0, 120.0, 120.0), (3, 1.0, 120.0), (0, 1e9, 3600.0)),
    ],
)
def test_pauses_grow_and_what_a_peer_asks_for_is_bounded(
    failures: int, asked: float | None, seconds: float
) -> None:
    assert pause(failures, asked) == seconds
