"""Stories: diagnoses as they settle, and the notices that the user gets for each."""

from __future__ import annotations

from itertools import pairwise

import pytest

from traymon.alerts import Announced, Kind, Notice, decide
from traymon.diagnosis.catalogue import CATALOGUE, ENTRIES
from traymon.model import Diagnosis, Evidence, Flip, Light, Status, Target

STEP = 60.0


def diagnosis(told: str) -> Diagnosis:
    """Return the diagnosis of a code, or of `code/light` where it has several."""
    code, _, light = told.partition("/")
    wanted = Light[light.upper()] if light else ENTRIES[code].light
    if code == "stale":
        return Diagnosis(code, wanted)
    entry = next(e for e in CATALOGUE if (e.code, e.light) == (code, wanted))
    return Diagnosis(code, wanted, announce=entry.announce)


def tell(*codes: str) -> list[Notice | None]:
    """Flip through the codes, one a minute, each seen the moment it shows."""
    announced: Announced | None = None
    notices: list[Notice | None] = []
    light_since = 0.0
    for number, (before, after) in enumerate(pairwise(codes), start=1):
        now, one, two = number * STEP, diagnosis(before), diagnosis(after)
        light_since = light_since if one.light is two.light else now
        status = Status(
            Target("project"), two, now, light_since, Evidence(Target("project"), now), now
        )
        announced, notice = decide(announced, status, Flip(now, one, two))
        if notice is not None:
            assert notice.status is status
        notices.append(notice)
        assert decide(announced, status, None) == (announced, None)  # no flip, no notice
    return notices


F, R, _ = Kind.FAULT, Kind.RECOVERY, None


@pytest.mark.parametrize(
    ("codes", "kinds"),
    [
        (("starting", "healthy"), [_]),
        (("starting", "app-not-running"), [F]),
        (("healthy", "handshake-silent", "healthy"), [F, R]),
        (("healthy", "handshake-slow", "healthy"), [F, R]),
        (("healthy", "sensor-crashed", "healthy"), [F, R]),
        (("healthy", "stale", "healthy"), [F, R]),
        # the cause changes: what to do changed
        (("healthy", "handshake-silent", "listener-wedged", "healthy"), [F, F, R]),
        # a state that only asks to wait is not told, and ends nothing
        (("healthy", "just-started", "healthy"), [_, _]),
        (("healthy", "app-not-running", "just-started", "healthy"), [F, _, R]),
        (("healthy", "just-started", "handshake-silent", "healthy"), [_, F, R]),
        # the machine slept
        (("healthy", "resumed", "healthy"), [_, _]),
        (("handshake-silent", "resumed", "healthy"), [_, _]),
        (("healthy", "handshake-silent", "resumed", "healthy"), [F, _, R]),
        (("healthy", "handshake-silent", "resumed", "handshake-silent"), [F, _, F]),
        # the user's own pause ends the story
        (("healthy", "paused", "starting", "healthy"), [_, _, _]),
        (("healthy", "port-refused", "paused", "starting", "healthy"), [F, _, _, _]),
        (("healthy", "port-refused", "paused", "starting", "port-refused"), [F, _, _, F]),
        # TWS lost IB's servers: for less than a minute nobody is told, of neither end
        (("healthy", "ib-link-down/amber", "healthy"), [_, _]),
        (("healthy", "ib-link-down/amber", "ib-link-down/red", "healthy"), [_, F, R]),
        (("healthy", "ib-link-down/amber", "internet-down", "healthy"), [_, F, R]),
        (("healthy", "session-hung", "ib-link-down/amber", "healthy"), [F, _, R]),
        (("healthy", "wrong-environment", "session-hung", "healthy"), [F, F, R]),
        # told once, ended once
        (("healthy", "port-refused", "healthy", "just-started", "healthy"), [F, R, _, _]),
    ],
)
def test_notices(codes: tuple[str, ...], kinds: list[Kind | None]) -> None:
    assert [notice and notice.kind for notice in tell(*codes)] == kinds


def test_a_recovery_names_the_last_cause_and_counts_from_the_first() -> None:
    *_, recovery = tell("healthy", "app-not-running", "just-started", "handshake-silent", "healthy")
    assert recovery is not None
    assert recovery.ended == Announced(diagnosis("handshake-silent"), since=1 * STEP)


def test_a_fault_counts_from_when_its_light_came_on() -> None:
    status = Status(
        Target("project"),
        diagnosis("port-refused"),
        since=100.0,
        light_since=40.0,
        evidence=Evidence(Target("project"), 100.0),
        checked_at=100.0,
    )
    flip = Flip(100.0, diagnosis("healthy"), status.diagnosis)
    announced, _notice = decide(None, status, flip)
    assert announced == Announced(status.diagnosis, since=40.0)


def test_every_red_and_no_green_is_announced() -> None:
    told = {entry.light for entry in CATALOGUE if entry.announce}
    silent = {entry.light for entry in CATALOGUE if not entry.announce}
    assert Light.RED not in silent
    assert Light.GREEN not in told
