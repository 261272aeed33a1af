"""How soon the light follows the Gateway, in virtual time: the bounds that README promises."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from support.session_harness import Story, play
from traymon.core.facts import Fact
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.diagnosis.checks import check_steps
from traymon.sim.connection import Connection
from traymon.sim.gateway import HEALTHY, Hello
from traymon.sim.script import Script

MOMENTS = [7.0, 8.3, 9.9, 12.5, 31.0, 45.2]  # anywhere between two heartbeats or two looks
SILENT = replace(HEALTHY, hello=Hello.SILENT)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_gateway_that_is_killed_is_red_within_half_a_second(moment: float) -> None:
    async def story(told: Story) -> None:
        await told.until(moment)
        await told.gateway.stop()
        await told.until_it_shows("port-refused", "red", within=0.5)

    play(story)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_drop_is_amber_within_half_a_second_and_red_after_six_if_nobody_gets_in(
    moment: float,
) -> None:
    async def story(told: Story) -> None:
        await told.until(moment)
        told.gateway.behaviour = SILENT
        told.gateway.drop_connections()
        await told.until_it_shows("session-lost", "amber", within=0.5)
        await told.until_it_shows("handshake-silent", "red", within=moment + 6 - told.now)

    play(story)


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_gateway_that_freezes_is_red_within_eleven_seconds(moment: float) -> None:
    async def story(told: Story) -> None:
        await told.until(moment)
        told.gateway.behaviour = SILENT
        await told.until_it_shows("session-hung", "red", within=11)

    play(story)


def test_an_answer_that_takes_three_seconds_each_time_stays_green_and_is_shown_as_slow() -> None:
    class Slow(Script):
        def request(self, connection: Connection, number: int, fields: Sequence[str]) -> None:
            connection.later(3.0, lambda: connection.reply(number, fields))

    async def story(told: Story) -> None:
        await told.until_it_shows("healthy", "green", within=5)
        await told.until(120)
        assert [light for _, _, light in told.flips] == ["grey", "green"]
        reading = told.status.evidence.readings[SensorName.SESSION]
        assert reading.symptom is Symptom.OK
        assert reading.facts[Fact.ROUND_TRIP] == pytest.approx(3, abs=0.1)
        (step,) = (s for s in check_steps(told.status.evidence) if s.name == "session")
        assert (step.light, step.took) == (Light.GREEN, reading.took)
        assert step.finding == "a test client connected and got answers, slowly"
        assert reading.detail == "server version 176, heartbeat answered slowly"

    play(story, script=Slow())
