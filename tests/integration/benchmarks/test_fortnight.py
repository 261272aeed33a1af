"""The first five days of benchmarks/fortnight.py: every outage told at once, nothing else told."""

from __future__ import annotations

import pytest

import fortnight

SOON = 20.0  # seconds


@pytest.mark.no_cover  # measuring triples its time, and other tests reach the same lines
@pytest.mark.timeout(900)  # half a minute of CPU, on a machine shared with others
def test_real_outages_are_told_at_once_and_what_is_expected_is_not() -> None:
    world = fortnight.fortnight(days=5)
    told = [(at, str(notification.kind)) for at, notification in world.notifications]
    (outage,) = (one for one in world.events if one.name.startswith("outage: the Gateway hangs"))
    flaps = [one for one in world.events if one.name == "the flapping hour"]

    during = [(at, kind) for at, kind in told if outage.begins <= at < outage.ends + 60]
    assert [kind for _, kind in during] == ["fault", "recovery"]
    assert during[0][0] - outage.begins <= SOON
    flapping = [kind for at, kind in told if flaps[0].begins <= at < flaps[-1].ends + 600]
    assert flapping == ["fault", "recovery", "fault", "recovery", "unstable", "steady"]
    assert len(told) == len(during) + len(flapping), "something expected was told"
    assert len(world.rule) >= 4, "the plain rule would have cried"
