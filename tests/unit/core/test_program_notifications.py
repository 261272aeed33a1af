from __future__ import annotations

from dataclasses import replace

from support.page_scenes import scene as status
from traymon.core.model import Status
from traymon.core.notification import Outcome
from traymon.core.program_notifications import (
    ProgramKind,
    ProgramMemory,
    ProgramNotification,
    decide,
    record_delivery,
)
from traymon.core.programs import ProgramState, Standing

GONE = ProgramState("a", "bot.py", Standing.MISSING, since=100.0, running=False, client_id=10)
HERE = replace(GONE, standing=Standing.CONNECTED, running=True, runs=1)
AWAITED = replace(GONE, standing=Standing.AWAITED)
OTHER = replace(GONE, key="b", name="other.py")


class Talk:
    """What was said, with every notification delivered at once."""

    def __init__(self) -> None:
        self.memory = ProgramMemory()
        self.said: list[tuple[float, str, tuple[str, ...]]] = []

    def hear(
        self,
        now: float,
        *programs: ProgramState,
        outcome: Outcome = Outcome.DELIVERED,
        **about: object,
    ) -> ProgramNotification | None:
        shown = replace(status("healthy"), programs=programs, **about)  # type: ignore[arg-type]
        return self.take(now, shown, outcome)

    def take(
        self, now: float, shown: Status, outcome: Outcome = Outcome.DELIVERED
    ) -> ProgramNotification | None:
        self.memory, notification = decide(self.memory, shown, now)
        if notification is not None:
            names = tuple(one.name for one in notification.programs)
            self.said.append((now, str(notification.kind), names))
            self.memory = record_delivery(self.memory, notification, outcome, now)
        return notification


def test_a_missing_program_and_its_return_are_told_once_each() -> None:
    talk = Talk()
    for now in range(0, 100, 5):
        talk.hear(now, GONE)
    for now in range(100, 200, 5):
        talk.hear(now, HERE)
    assert talk.said == [(0, "program-missing", ("bot.py",)), (100, "program-back", ("bot.py",))]


def test_several_that_are_missing_at_once_are_told_together() -> None:
    talk = Talk()
    talk.hear(0, GONE, OTHER)
    assert talk.said == [(0, "program-missing", ("bot.py", "other.py"))]


def test_a_fault_in_between_is_no_return() -> None:
    talk = Talk()
    talk.hear(0, GONE)
    talk.hear(10, replace(GONE, standing=Standing.API_DOWN))
    talk.hear(20, AWAITED)
    talk.hear(400, GONE)
    assert [kind for _, kind, _ in talk.said] == ["program-missing"]


def test_the_reminders_back_off() -> None:
    talk = Talk()
    for minute in range(3 * 24 * 60):
        talk.hear(minute * 60.0, GONE)
    hours = [now / 3600 for now, kind, _ in talk.said if kind == ProgramKind.REMINDER]
    assert hours == [1, 5, 29, 53]


def test_what_is_muted_is_told_later_if_it_is_still_true() -> None:
    talk = Talk()
    talk.hear(0, GONE, snoozed_until=100.0)
    assert talk.said == []
    talk.hear(100, GONE)
    assert [kind for _, kind, _ in talk.said] == ["program-missing"]
    other = Talk()
    other.hear(0, GONE, quiet_until=100.0)
    other.hear(100, HERE)
    assert other.said == []


def test_a_program_that_nobody_waits_for_any_more_is_forgotten() -> None:
    for standing in (Standing.OFF, Standing.NOT_EXPECTED, Standing.CLOSED):
        talk = Talk()
        talk.hear(0, GONE)
        talk.hear(10, replace(GONE, standing=standing))
        talk.hear(20, HERE)
        assert [kind for _, kind, _ in talk.said] == ["program-missing"]


def test_one_that_failed_is_sent_again_after_a_pause() -> None:
    talk = Talk()
    talk.hear(0, GONE, outcome=Outcome.FAILED)
    talk.hear(5, GONE)
    assert len(talk.said) == 1
    talk.hear(10, GONE)
    assert [kind for _, kind, _ in talk.said] == ["program-missing"] * 2


def test_nothing_is_told_while_the_light_is_red_or_the_target_is_paused() -> None:
    talk = Talk()
    talk.take(0, replace(status("handshake-silent"), programs=(GONE,)))
    talk.hear(5, GONE, paused=True)
    assert talk.said == []


def test_a_program_that_is_connected_twice_is_told_once() -> None:
    talk = Talk()
    twice = replace(HERE, runs=2, doubled=True)
    talk.hear(0, twice)
    talk.hear(5, twice)
    talk.hear(10, HERE)
    talk.hear(15, twice)
    assert [now for now, _, _ in talk.said] == [0, 15]
