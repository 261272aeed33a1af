"""Which later run counts as kept out by an earlier one, and until when."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from traymon.core.target import IdUse, Program, Target
from traymon.core.vocabulary import Use
from traymon.sensors.client_id_clash import (
    CLASH_TTL,
    Clash,
    ClashDetector,
    Moment,
    clash_before_start,
)
from traymon.sensors.client_id_ledger import Link, Links

BEGAN = 1_000.0
HOLDER = Program("python", 1, script="/p/run.py", since=500.0, own=True)
COPY = Program("python", 2, script="/p/run.py", since=BEGAN, own=True)
ANOTHER = Program("python", 3, script="/p/other.py", since=BEGAN, own=True)
CONNECTED: Links = frozenset({Link(HOLDER, 40_001)})
USAGE = (IdUse(10, Use.YOURS, (HOLDER,)), IdUse(11, Use.FREE))


def after(seconds: float) -> Moment:
    """The moment so many seconds after the later run began."""
    return Moment(monotonic=seconds, epoch=BEGAN + seconds)


@pytest.fixture
def detector() -> Callable[..., ClashDetector]:
    def detector(*later: Program) -> ClashDetector:
        return ClashDetector(lambda of, links: later)

    return detector


@pytest.mark.parametrize(
    ("newer", "rejected_after", "seconds", "clashes"),
    [
        (COPY, None, 9.0, False),  # it may just be starting
        (COPY, None, 11.0, True),
        (ANOTHER, None, 100.0, False),  # it need not want to connect at all
        (ANOTHER, 5.0, 6.0, True),
        (ANOTHER, -1.0, 6.0, False),  # that was somebody else
        (ANOTHER, 61.0, 62.0, False),
    ],
)
def test_a_later_run_is_kept_out_if_it_is_a_copy_or_was_rejected(
    newer: Program,
    rejected_after: float | None,
    seconds: float,
    clashes: bool,
    detector: Callable[..., ClashDetector],
) -> None:
    found = detector(newer)
    rejected_at = None if rejected_after is None else BEGAN + rejected_after
    found.update(after(seconds), USAGE, CONNECTED, rejected_at)
    assert found.clash == (Clash(10, HOLDER, newer) if clashes else None)


def test_a_clash_ends_when_its_holder_loses_the_id_or_the_newer_run_connects(
    detector: Callable[..., ClashDetector],
) -> None:
    later = [COPY]
    free = (IdUse(10, Use.FREE),)
    for usage, links in ((free, CONNECTED), (USAGE, CONNECTED | {Link(COPY, 40_002)})):
        found = ClashDetector(lambda of, links: tuple(later))
        later[:] = [COPY]
        found.update(after(20), USAGE, CONNECTED, None)
        assert found.clash is not None
        later.clear()
        found.update(after(21), USAGE, CONNECTED, None)
        assert found.clash is not None, "it stays for a while, also once the newer run has ended"
        found.update(after(22), usage, links, None)
        assert found.clash is None


def test_a_clash_is_shown_for_ten_minutes() -> None:
    later = [COPY]
    found = ClashDetector(lambda of, links: tuple(later))
    found.update(after(20), USAGE, CONNECTED, None)
    later.clear()
    found.update(after(20 + CLASH_TTL), USAGE, CONNECTED, None)
    assert found.clash is not None
    found.update(after(20.1 + CLASH_TTL), USAGE, CONNECTED, None)
    assert found.clash is None


def test_starting_a_program_again_would_clash_with_its_earlier_run() -> None:
    clash = clash_before_start(Target("bot", starting="/p/run.py"), USAGE)
    assert clash is not None
    assert (clash.client_id, clash.holder) == (10, HOLDER)
    assert clash.newer == Program(name="run.py", script="/p/run.py", own=True)


def test_a_program_that_may_use_another_id_does_not_clash() -> None:
    assert clash_before_start(Target("bot", starting="/p/other.py"), USAGE) is None
    all_held = (USAGE[0],)
    assert clash_before_start(Target("bot", starting="/p/other.py"), all_held) is not None
    assert clash_before_start(Target("bot"), all_held) is None
