"""However fast TWS talks, it is judged at a measured pace, and its last word counts."""

from __future__ import annotations

import pytest

from support.session_harness import Story, play
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sensors import session_connection
from traymon.sim.connection import Connection
from traymon.sim.script import Script

S = Symptom


class Flaps(Script):
    """Loses IB's servers and finds them again a hundred times a second, for ten seconds."""

    def start(self, connection: Connection, client_id: int) -> None:
        connection.start_session(client_id)
        self._flap(connection, 1_000)

    def _flap(self, connection: Connection, left: int) -> None:
        connection.say(1102 if left % 2 else 1100, "link")
        if left:
            connection.later(0.01, lambda: self._flap(connection, left - 1))


def test_a_link_that_flaps_without_a_pause_is_judged_a_few_times_a_second() -> None:
    async def story(told: Story) -> None:
        await told.until(15)
        judged = [at for at, reading in told.readings if reading.sensor == "link" and at > 0]
        assert 10 <= len(judged) <= 35
        assert told.status.evidence.symptom(SensorName.LINK) is S.LINK_DOWN, "the last word"

    play(story, script=Flaps())


def test_a_lost_link_is_seen_at_once_after_a_quiet_time() -> None:
    async def story(told: Story) -> None:
        await told.until(30)
        told.gateway.say(1100, "lost")
        assert await told.until_it_shows("ib-link-down", "amber", within=1) < 0.05
        told.gateway.say(1102, "back")
        assert await told.until_it_shows("healthy", "green", within=1) < 0.05

    play(story)


def test_reading_pauses_for_what_it_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_connection, "MAX_SHARE", 1e-5)
    monkeypatch.setattr(session_connection, "READING_BURST", 0.0)

    async def story(told: Story) -> None:
        await told.until(120)
        began = next((at for at, r in told.readings if r.sensor == "session"), 120.0)
        least = session_connection.SLICE_OVERHEAD / session_connection.MAX_SHARE
        assert began >= least, "the accounts were read some seconds after the version"

    play(story)
