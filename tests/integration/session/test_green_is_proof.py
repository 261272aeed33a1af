"""A session that is wanted and not served is never green, and nobody is hurt by trying again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from support.scripted_gateway import (
    AnswersOnly,
    DropsSessions,
    MutesOldConnections,
    SaysAtStart,
    Sends,
    ServesEveryNth,
)
from support.session_harness import CURRENT_TIME, OWN_ID, START_API, Story, play
from traymon.core.facts import Fact
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.monitoring.one_shot import is_ready
from traymon.sim.connection import Connection
from traymon.sim.gateway import HEALTHY, Ending
from traymon.sim.script import ORDINARY, Script

DAY = "20261123:0930-20261123:1600"


def never_green_without_proof(told: Story) -> None:
    """Check every status that was published."""
    for status in told.statuses:
        if status.diagnosis.light is Light.GREEN and status.suspicion is None:
            assert status.evidence.symptom(SensorName.SESSION) is Symptom.OK, status
        if is_ready(status, "session"):
            assert status.diagnosis.light is not Light.RED


def lights(told: Story) -> list[str]:
    return [light for _, _, light in told.flips]


def test_between_the_handshake_and_the_first_answer_it_is_grey() -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("checking-session", "grey", within=1)
        await told.until_it_shows("healthy", "green", within=1)
        told.monitor.pause()
        told.monitor.resume()
        await told.until_it_shows("checking-session", "grey", within=1)
        await told.until_it_shows("healthy", "green", within=1)
        never_green_without_proof(told)

    play(story)


@pytest.mark.parametrize("script", [SaysAtStart(), SaysAtStart(then_closes=False)])
def test_a_session_that_never_starts_is_never_green(script: Script) -> None:
    async def story(told: Story) -> None:
        await told.until(120)
        assert told.shown[1] == "red"
        assert "green" not in lights(told)

    play(story, script=script)


def test_a_gateway_that_answers_only_some_hellos_is_green_only_with_a_session() -> None:
    async def story(told: Story) -> None:
        await told.until(600)
        never_green_without_proof(told)

    play(story, script=ServesEveryNth(3))


@pytest.mark.parametrize("after", [0.0, 0.5, 3.0, 8.0])
def test_sessions_that_end_at_once_are_red_and_tried_ever_more_rarely(after: float) -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("session-unstable", "red", within=120)
        assert len(told.sessions) == 3
        assert told.status.diagnosis.facts[Fact.SHORT_SESSIONS] == 3
        first_red = len(told.statuses)
        await told.until(900)
        seen = {status.diagnosis.code for status in told.statuses[first_red:]}
        assert seen == {"session-unstable"}
        never_green_without_proof(told)
        began = [c.opened_at for c in told.sessions]
        assert len(began) <= 5 + 900 / 60
        told.gateway.script = ORDINARY
        back = await told.until_it_shows("healthy", "green", within=240)
        assert back >= 60, "not before a session has held for a minute"
        await told.until(told.now + 120)
        assert told.shown == ("healthy", "green")

    play(story, script=DropsSessions(after))


def test_a_session_that_is_dropped_with_its_link_down_is_not_green_for_a_moment() -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("healthy", "green", within=5)
        told.gateway.say(1100, "lost")
        await told.until_it_shows("ib-link-down", "amber", within=1)
        seen = len(told.flips)
        told.gateway.script = SaysAtStart((1100, "lost"))
        told.gateway.drop_connections()
        await told.until(60)
        assert "green" not in {light for _, _, light in told.flips[seen:]}

    play(story)


def test_the_wire_record_shows_the_pace() -> None:
    tried: list[float] = []

    class Notes(DropsSessions):
        def start(self, connection: Connection, client_id: int) -> None:
            tried.append(told_now())
            super().start(connection, client_id)

    def told_now() -> float:
        import asyncio

        return asyncio.get_running_loop().time()

    async def story(told: Story) -> None:
        await told.until(1_800)

    play(story, script=Notes(0.5))
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert pauses[0] >= 10
    assert pauses[1] >= 20
    assert pauses[2] >= 40
    assert all(60 <= pause <= 120 for pause in pauses[3:])


def test_one_short_session_is_forgotten_once_the_next_has_held() -> None:
    async def story(told: Story) -> None:
        await told.until(1.5)
        told.gateway.script = ORDINARY
        assert told.shown == ("session-lost", "amber")
        await told.until_it_shows("healthy", "green", within=60)
        await told.until(120)
        assert [code for _, code, _ in told.flips].count("session-unstable") == 0
        never_green_without_proof(told)

    play(story, script=DropsSessions(0.5))


def test_old_connections_that_are_dead_are_told_from_a_dead_tws() -> None:
    script = MutesOldConnections()

    async def story(told: Story) -> None:
        await told.until(25)
        script.mute()
        await told.until_it_shows("old-connections-dead", "amber", within=40)
        assert "session-hung" not in {code for _, code, _ in told.flips}
        assert told.status.diagnosis.announce
        assert told.sessions[1].client_id == OWN_ID + 1
        assert told.sessions[0].ended_at is not None, "the dead one is let go"
        facts = told.status.diagnosis.facts
        assert facts[Fact.DEAD_BEFORE] == pytest.approx(1_000 + told.now, abs=5)
        await told.until(told.now + 500)
        assert told.shown == ("old-connections-dead", "amber")
        await told.until_it_shows("healthy", "green", within=160)
        assert len(told.sessions) == 2
        script.mute()  # and once more
        await told.until_it_shows("old-connections-dead", "amber", within=40)

    play(story, script=script)


def test_a_tws_that_answers_no_session_is_hung_by_proof() -> None:
    async def story(told: Story) -> None:
        await told.until(12)
        told.gateway.script = AnswersOnly()
        await told.until_it_shows("session-mute", "amber", within=15)
        await told.until_it_shows("session-hung", "red", within=30)
        assert len(told.sessions) == 2
        never_green_without_proof(told)

    play(story)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"garbage", "answered 'garbage'"),
        (b"\xff" * 100, "answered '\\xff\\xff"),
        (b"\0\0\0\0", "announced a frame of 0 bytes"),
        (b"\0\0\0\x0649\x001\0x\0", "gave 'x' as its time"),
        (b"\0\0\x0f\xa649\x001\0" + b"9" * 4_000 + b"\0", "gave '999999999999999999999999' as"),
    ],
    ids=["text", "ones", "nothing", "no-time", "endless-time"],
)
def test_what_is_no_message_of_tws_ends_the_session_in_its_own_words(
    data: bytes, words: str
) -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("session-garbled", "red", within=8)
        assert words in told.status.diagnosis.facts[Fact.DETAIL]
        assert told.sessions[0].ending is Ending.PEER_CLOSED
        await told.until(120)
        assert told.shown[1] == "red"
        never_green_without_proof(told)
        assert len(told.sessions) <= 6
        told.gateway.script = ORDINARY
        await told.until_it_shows("healthy", "green", within=240)

    play(story, script=Sends(data))


@pytest.mark.parametrize("answered_before", [False, True])
def test_a_message_that_does_not_end_is_no_sign_of_life(answered_before: bool) -> None:
    class SwallowsAnswers(Script):
        def start(self, connection: Connection, client_id: int) -> None:
            connection.start_session(client_id)
            connection.later(12.0 if answered_before else 0.0, lambda: self._begin(connection))

        def _begin(self, connection: Connection) -> None:
            connection.send(b"\0\xff\xff\xff")
            self._go_on(connection)

        def _go_on(self, connection: Connection) -> None:
            connection.send(b"x")
            connection.later(3.0, lambda: self._go_on(connection))

    async def story(told: Story) -> None:
        began = 12.0 if answered_before else 0.0
        if answered_before:
            await told.until_it_shows("healthy", "green", within=5)
            await told.until(began)
        await told.until_it_shows("session-garbled", "red", within=22)
        assert told.now - began == pytest.approx(20, abs=1)
        assert "did not end within 20 s" in told.status.diagnosis.facts[Fact.DETAIL]
        never_green_without_proof(told)

    play(story, script=SwallowsAnswers())


def test_messages_without_an_answered_heartbeat_are_not_served() -> None:
    class Chatters(AnswersOnly):
        def start(self, connection: Connection, client_id: int) -> None:
            connection.start_session(client_id)
            self._chat(connection)

        def _chat(self, connection: Connection) -> None:
            connection.say(2119, "Market data farm is connecting:usfarm")
            connection.later(1.0, lambda: self._chat(connection))

    async def story(told: Story) -> None:
        await told.until_it_shows("session-hung", "red", within=60)
        never_green_without_proof(told)

    play(story, script=Chatters())


def test_an_answer_that_takes_three_seconds_each_time_stays_green() -> None:
    class Slow(Script):
        def request(self, connection: Connection, number: int, fields: Sequence[str]) -> None:
            connection.later(3.0, lambda: connection.reply(number, fields))

    async def story(told: Story) -> None:
        await told.until_it_shows("healthy", "green", within=5)
        await told.until(300)
        assert lights(told)[-1] == "green"
        assert len(told.flips) == 2

    play(story, script=Slow())


def test_a_question_that_stays_unanswered_twice_is_amber_until_one_is_answered() -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("healthy", "green", within=5)
        await told.until(55)
        assert told.shown == ("healthy", "green")
        await told.until_it_shows("questions-unanswered", "amber", within=20)
        assert told.status.diagnosis.announce
        told.gateway.script = ORDINARY
        await told.until_it_shows("healthy", "green", within=640)
        assert told.status.evidence.fact(SensorName.HOURS, Fact.HOURS) == (DAY,)
        assert told.sessions[0].messages.count(9) == 3
        assert set(told.sessions[0].messages) == {START_API, CURRENT_TIME, 9}

    play(
        story,
        replace(HEALTHY, hours=DAY),
        script=AnswersOnly(49),
        hours_contract="SPY STK SMART USD",
    )
