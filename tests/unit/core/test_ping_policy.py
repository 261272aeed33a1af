"""When the dead-man's switch may say that traymon is well."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.push_scene import GREEN, NOON, RED, status
from traymon.core.model import Evidence, SettingsState, Status
from traymon.core.ping_policy import Signal, what_to_send

LEFT_OUT = SettingsState(left_out=frozenset({"paper"}))


def seen(
    code: str = GREEN, target: str = "bot", *, ago: float = 0.0, looked: float = 0.0
) -> Status:
    """Return a status that is so many seconds old, of a target that was looked at as long ago."""
    one = status(code, NOON, target)
    evidence = Evidence(one.target, NOON - ago)
    return replace(one, evidence=evidence, checked_at=NOON - max(ago, looked))


@pytest.mark.parametrize(
    ("statuses", "sent"),
    [
        ([], Signal.NOTHING),
        ([seen()], Signal.WELL),
        ([seen(), seen("handshake-slow", "paper")], Signal.WELL),
        ([seen(), seen(RED, "paper")], Signal.RED),
        ([seen(), replace(seen(RED, "paper"), muted=True)], Signal.WELL),
        ([replace(seen(), paused=True)], Signal.NOTHING),
        ([seen(), replace(seen("paused", "paper", ago=9e9), paused=True)], Signal.WELL),
        ([seen(ago=60)], Signal.WELL),
        ([seen(ago=61)], Signal.NOTHING),
        ([seen(), seen(target="paper", ago=61)], Signal.NOTHING),
        ([seen(ago=-61)], Signal.NOTHING),
        ([seen(looked=140)], Signal.WELL),
        ([seen(looked=141)], Signal.NOTHING),
        ([replace(seen(), checked_at=None)], Signal.NOTHING),
        ([seen(), replace(seen(), settings=LEFT_OUT)], Signal.NOTHING),
        ([replace(seen(RED), settings=LEFT_OUT)], Signal.NOTHING),
    ],
    ids=[
        *("nobody-has-looked-yet", "green", "amber", "red", "a-muted-red", "all-paused"),
        *("one-paused", "two-intervals-old", "older", "one-of-two-older", "clock-set-back"),
        *("slowest-look", "no-look-since", "no-look-at-all"),
        *("another-is-left-out", "red-and-another-is-left-out"),
    ],
)
def test_a_ping_needs_fresh_looks_everywhere(statuses: list[Status], sent: Signal) -> None:
    assert what_to_send(statuses, NOON) is sent
