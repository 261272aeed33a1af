"""What the monitor makes of the programs that the listener sees."""

from __future__ import annotations

import pytest

from support.monitor_harness import Scene, play
from support.trading_days import key_of, program_of
from traymon.core.facts import Fact
from traymon.core.model import Diagnosis, Evidence, Reading
from traymon.core.programs import Expectation, Standing
from traymon.core.target import SeenProgram, Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.monitoring.program_tracker import ProgramTracker

GRACE = 300.0
BY_IDS = frozenset({SensorName.CLIENT_IDS})
HERE = {Fact.OWN_PROGRAMS: (SeenProgram(program_of("bot.py"), True),)}
RUNS = {Fact.OWN_PROGRAMS: (SeenProgram(program_of("bot.py"), False),)}
GONE = {Fact.OWN_PROGRAMS: ()}


def test_the_light_stays_green_while_a_program_is_missing() -> None:
    async def story(scene: Scene) -> None:
        scene.listener.facts = HERE
        await scene.until(1000)
        assert scene.status.programs is not None
        assert [one.standing for one in scene.status.programs] == [Standing.CONNECTED]
        scene.listener.facts = RUNS
        await scene.until(1000 + GRACE)
        assert not scene.status.programs[0].missing
        await scene.until(1000 + GRACE + 90)
        assert scene.status.programs[0].missing
        assert scene.shows(Light.GREEN)
        scene.monitor.expect_programs({key_of("bot.py"): Expectation.OFF})
        await scene.until(1000 + GRACE + 95)
        assert scene.status.programs[0].standing is Standing.OFF

    play(story, program_grace=GRACE)


def test_a_restart_of_the_gateway_is_not_counted_against_a_program_that_comes_back() -> None:
    async def story(scene: Scene) -> None:
        scene.listener.facts = HERE
        await scene.until(1000)
        scene.listener.facts, scene.listener.sees = GONE, Symptom.NOBODY_LISTENS
        scene.handshake.sees = Symptom.REFUSED
        await scene.until(2000)
        assert scene.shows(Light.RED)
        scene.listener.sees = scene.handshake.sees = Symptom.OK
        await scene.until(2200)
        scene.listener.facts = HERE
        await scene.until(4000)
        seen = [one for status in scene.statuses for one in status.programs or ()]
        assert not any(one.missing for one in seen)
        assert seen[-1].standing is Standing.CONNECTED

    play(story, program_grace=GRACE)


def test_a_program_that_stays_away_after_a_restart_is_missing_once_it_had_its_time() -> None:
    async def story(scene: Scene) -> None:
        scene.listener.facts = HERE
        await scene.until(1000)
        scene.listener.facts, scene.listener.sees = GONE, Symptom.NOBODY_LISTENS
        scene.handshake.sees = Symptom.REFUSED
        await scene.until(2000)
        scene.listener.sees = scene.handshake.sees = Symptom.OK
        await scene.until(2000 + GRACE - 1)
        assert not (scene.status.programs or ())[0].missing
        await scene.until(2000 + GRACE + 90)
        assert (scene.status.programs or ())[0].missing

    play(story, program_grace=GRACE)


@pytest.mark.parametrize(
    ("diagnosis", "counts"),
    [
        (Diagnosis("healthy", Light.GREEN), True),
        (Diagnosis("data-farm-down", Light.AMBER), True),
        (Diagnosis("session-lost", Light.AMBER, announce=False), False),  # it may become red
        (Diagnosis("reset-window", Light.AMBER, expected=True), False),
        (Diagnosis("session-hung", Light.RED), False),
        (Diagnosis("checking-session", Light.GREY), False),
        (Diagnosis("program-turned-away", Light.AMBER, witnesses=BY_IDS), False),  # says why
    ],
)
def test_a_program_is_missing_only_while_it_could_connect(
    diagnosis: Diagnosis, counts: bool
) -> None:
    tracker = ProgramTracker()
    target = Target("project", program_grace=GRACE)
    good = Diagnosis("healthy", Light.GREEN)
    for now in range(0, 3000, 5):
        facts = HERE if now < 1000 else RUNS
        evidence = Evidence(target, float(now))
        for reading in (
            Reading(SensorName.LISTENER, Symptom.OK, facts=facts, at=float(now)),
            Reading(SensorName.HANDSHAKE, Symptom.OK, at=float(now)),
        ):
            evidence = evidence.with_reading(reading)
        states = tracker.follow(evidence, good if now < 1000 else diagnosis, closed=False)
    assert states is not None
    assert states[0].missing is counts


def test_where_nobody_can_be_seen_there_are_no_programs() -> None:
    async def story(scene: Scene) -> None:
        scene.listener.sees = Symptom.NOT_HERE
        await scene.until(100)
        assert scene.status.programs is None

    play(story, program_grace=GRACE)


def test_nothing_is_followed_while_it_is_switched_off() -> None:
    async def story(scene: Scene) -> None:
        scene.listener.facts = HERE
        await scene.until(1000)
        assert scene.status.programs is None

    play(story)
