"""Snoozes and trading hours, as the user asks the running traymon for them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from support.polling import wait_for
from support.traymon_process import ResidentTraymon, end
from traymon.sim.gateway import HEALTHY, running


@pytest.fixture
def user(tmp_path: Path) -> Iterator[ResidentTraymon]:
    with running() as gateway:
        yield ResidentTraymon(tmp_path, gateway)


def test_a_snooze_is_shown_with_its_end_outlives_a_restart_and_can_be_ended(
    user: ResidentTraymon,
) -> None:
    first = user.start_resident()
    try:
        done = user.run("snooze", "1h")
        assert done.stderr == ""
        wait_for(lambda: "snoozed until" in user.run("status").stdout)
        (target,) = json.loads(user.run("status", "--json").stdout)
        ends = datetime.strptime(target["notices"][-5:], "%H:%M").time()
        assert ends.minute in {(datetime.now() + timedelta(minutes=m)).minute for m in (-2, -1, 0)}
    finally:
        end(first)
    second = user.start_resident()
    try:
        wait_for(lambda: "snoozed until" in user.run("status").stdout)
        user.gateway.stop()  # whatever the light, what was asked for was done
        wait_for(lambda: user.run("status").returncode == 1)
        assert user.run("snooze", "off").returncode == 0
        wait_for(lambda: "snoozed" not in user.run("status").stdout)
    finally:
        end(second)


def test_a_snooze_takes_any_length_as_people_write_it(user: ResidentTraymon) -> None:
    first = user.start_resident()
    try:
        for words, minutes in ((["1h30m"], 90), (["2", "hours"], 120), (["90"], 90)):
            done = user.run("snooze", *words)
            assert (done.returncode, done.stderr) == (0, "")
            wait_for(partial(snoozed_for, user, minutes), f"a snooze of {words}")
        assert user.run("snooze", "until", "15:30").returncode == 0
        wait_for(lambda: " 15:30" in user.run("status").stdout)
    finally:
        end(first)


def snoozed_for(user: ResidentTraymon, minutes: int) -> bool:
    """Tell whether the snooze ends so many minutes after it was asked for, not long ago."""
    (target,) = json.loads(user.run("status", "--json").stdout)
    left = (target["snoozed_until"] or 0.0) - time.time()
    return minutes * 60 - 120 < left <= minutes * 60


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ("30x", "Cannot snooze for '30x'. Use 30m, 2h, 1h30m, until 15:30, open"),
        ("open", "Set TRAYMON_HOURS first"),
        ("../pause", "Cannot snooze for '../pause'. Use 30m"),
    ],
)
def test_a_wish_that_cannot_be_granted_is_refused_with_the_reason(
    wish: str, says: str, user: ResidentTraymon
) -> None:
    first = user.start_resident()
    try:
        done = user.run("snooze", wish)
        assert done.returncode == 3
        assert says in done.stderr
        assert "snoozed" not in user.run("status").stdout
    finally:
        end(first)


def test_the_hours_that_ib_gives_are_asked_for_kept_and_known_when_it_is_down(
    user: ResidentTraymon,
) -> None:
    today, later = datetime.now(UTC), datetime.now(UTC) + timedelta(days=2)
    user.gateway.behaviour = replace(
        HEALTHY,
        hours=f"{today:%Y%m%d}:CLOSED;{later:%Y%m%d}:0930-{later:%Y%m%d}:1600",
        hours_zone="UTC",
    )
    auto = {"TRAYMON_HOURS": "auto", "TRAYMON_SESSION": "hold"}
    first = user.start_resident(**auto)
    try:
        wait_for(lambda: "market closed until" in user.run("status").stdout)
        assert user.run("snooze", "open").returncode == 0
        wait_for(lambda: "snoozed until" in user.run("status").stdout)
    finally:
        end(first)
    asked = [number for c in user.gateway.conversations for number in c.messages]
    assert asked.count(9) == 1
    assert set(asked) == {71, 49, 9}
    user.gateway.stop()
    second = user.start_resident(**auto)
    try:
        wait_for(lambda: "market closed until" in user.run("status").stdout)
    finally:
        end(second)
