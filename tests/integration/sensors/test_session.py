"""The held session before a simulated Gateway: what it sends, what it sees, how it leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from support.scripted_gateway import RefusesIds
from support.session_harness import CURRENT_TIME, OWN_ID, START_API, Story, play
from traymon.core.facts import Fact
from traymon.core.target import Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sensors import held_session
from traymon.sensors.clock_skew import ClockSkew
from traymon.sensors.session import MAX_OWN_IDS, own_ids
from traymon.sim import messages
from traymon.sim.gateway import HEALTHY, Behaviour, Ending, Gateway, Hello, Start

S = Symptom
HOUR = 3600.0
CONTRACT_DETAILS = 9


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When heartbeats arrived at the Gateway, in the loop's seconds."""
    arrived: list[float] = []
    answer = messages.REPLIES[CURRENT_TIME]

    def note(*asked: Any) -> bytes:
        arrived.append(asyncio.get_running_loop().time())
        return answer(*asked)

    monkeypatch.setitem(messages.REPLIES, CURRENT_TIME, note)
    return arrived


def watched(seconds: float, behaviour: Behaviour = HEALTHY, **target: Any) -> Story:
    async def story(told: Story) -> None:
        await told.until(seconds)

    return play(story, behaviour, **target)


def first(told: Story) -> tuple[float, Symptom]:
    return told.seen("session")[0]


def test_in_an_hour_nothing_but_start_and_heartbeats_leaves(beats: list[float]) -> None:
    told = watched(HOUR)
    (session,) = told.sessions
    assert set(session.messages) == {START_API, CURRENT_TIME}
    assert session.messages.count(START_API) == 1
    others = [c for c in told.gateway.conversations if c not in told.sessions]
    assert all(c.messages == () for c in others), "a handshake says hello and nothing more"
    assert len(beats) == session.messages.count(CURRENT_TIME) == pytest.approx(HOUR / 5, abs=2)
    pauses = [later - earlier for earlier, later in pairwise(beats)]
    assert min(pauses) > 1.1
    assert max(pauses) == pytest.approx(5, abs=0.1)
    assert [symptom for _, symptom in told.seen("session")] == [S.OK]
    figure = told.status.figures[SensorName.SESSION]
    assert figure.count == pytest.approx(HOUR / 5, abs=2)


@pytest.mark.parametrize("days", ["20261123:0930-20261123:1600;20261126:CLOSED", ""])
def test_trading_hours_are_asked_for_once_a_day_and_only_where_they_are_wanted(
    days: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert held_session.HOURS_INTERVAL == 24 * HOUR
    # what the record keeps is shorter than a day
    monkeypatch.setattr(held_session, "HOURS_INTERVAL", HOUR)
    told = watched(1.9 * HOUR, replace(HEALTHY, hours=days), hours_contract="ES FUT CME USD")
    (session,) = told.sessions
    assert set(session.messages) <= {START_API, CURRENT_TIME, CONTRACT_DETAILS}
    assert b"\x00ES\x00FUT\x00" in session.received
    assert session.received.count(b"\x00ES\x00FUT\x00") == 2
    assert session.messages.count(CONTRACT_DETAILS) == 2
    assert {symptom for _, symptom in told.seen("session")} == {S.OK}
    hours = told.status.evidence.readings.get(SensorName.HOURS)
    assert hours is not None
    if not days:  # no such contract
        assert (hours.symptom, dict(hours.facts)) == (S.UNKNOWN, {})
        assert hours.detail.startswith("none of ES FUT CME USD: 200: ")
        return
    assert hours.facts[Fact.HOURS] == tuple(days.split(";"))
    assert hours.facts[Fact.HOURS_ZONE] == "America/New_York"


def test_a_session_that_is_served_tells_version_accounts_and_its_own_id() -> None:
    told = watched(1, replace(HEALTHY, accounts=("DU1234567", "DU7654321")))
    at, symptom = first(told)
    assert at == pytest.approx(0, abs=0.5)
    assert symptom is S.OK
    facts = told.status.evidence.readings[SensorName.SESSION].facts
    assert facts[Fact.ACCOUNTS] == ("DU1234567", "DU7654321")
    assert facts[Fact.OWN_CLIENT_ID] == OWN_ID
    assert facts[Fact.SESSION_VERSION] == 176
    assert facts[Fact.ROUND_TRIP] < 1


@pytest.mark.parametrize(
    ("behaviour", "within", "symptom"),
    [
        (Behaviour(start=Start.SILENT), 11, S.START_SILENT),
        (Behaviour(start=Start.CLOSE), 1, S.START_REJECTED),
        (Behaviour(accounts=()), 1, S.NO_ACCOUNTS),
        (Behaviour(tells_time=False), 6, S.HUNG),
    ],
    ids=["start-silent", "start-rejected", "no-accounts", "hung"],
)
def test_what_a_gateway_does_to_a_session_is_its_symptom(
    behaviour: Behaviour, within: float, symptom: Symptom
) -> None:
    at, seen = first(watched(within, behaviour))
    assert (at <= within, seen) == (True, symptom)


def test_a_dropped_session_is_lost_at_once() -> None:
    async def story(told: Story) -> None:
        await told.until(3)
        await told.gateway.stop()
        await told.until(3.1)
        at, symptom = told.seen("session")[-1]
        assert at == pytest.approx(3, abs=0.05)
        assert symptom is S.LOST

    play(story)


def test_other_messages_count_as_life_for_twenty_seconds_and_no_longer() -> None:
    async def story(told: Story) -> None:
        await told.until(1)
        told.gateway.behaviour = replace(HEALTHY, tells_time=False)
        for second in range(2, 60, 2):
            await told.until(second)
            told.gateway.say(2119, "Market data farm is connecting:usfarm")
            if second < 20:
                assert {symptom for _, symptom in told.seen("session")} == {S.OK}
        assert [symptom for _, symptom in told.seen("session")] == [S.OK, S.MUTE, S.HUNG]
        assert told.seen("session")[1][0] == pytest.approx(20, abs=6)

    play(story)


def test_an_id_that_is_taken_gives_way_to_the_next_and_nobody_is_told() -> None:
    async def others(gateway: Gateway) -> None:
        for taken in (OWN_ID, OWN_ID + 1, OWN_ID + 3):
            gateway.take_client_id(taken, object())  # type: ignore[arg-type]

    async def story(told: Story) -> None:
        await told.until(5)  # also a single check gets through: no further handshake is needed

    told = play(story, before=others, client_ids=(OWN_ID + 2,))
    assert [c.client_id for c in told.sessions] == [None, None, None, OWN_ID + 4]
    assert [symptom for _, symptom in told.seen("session")] == [S.OK]
    assert [code for _, code, _ in told.flips] == ["checking-session", "healthy"]


def test_where_every_id_is_refused_four_are_tried_and_then_tws_is_left_alone_for_a_while() -> None:
    async def story(told: Story) -> None:
        await told.until_it_shows("all-client-ids-refused", "red", within=60)
        assert told.now < 45
        reading = told.status.evidence.readings[SensorName.SESSION]
        assert Fact.OWN_IDS.of(reading.facts) == tuple(range(OWN_ID + 4, OWN_ID + 8))
        await told.until(600)
        assert told.shown == ("all-client-ids-refused", "red")

    told = play(story, script=RefusesIds(refuses=lambda client_id: True))
    # the record has wall-clock times, the story its own: the pace is read from the readings
    rounds = [at for at, r in told.readings if r.symptom is Symptom.CLIENT_ID_TAKEN]
    assert len(told.sessions) == 4 * len(rounds)
    pauses = [later - earlier for earlier, later in pairwise(rounds)]
    assert min(pauses) >= 10
    assert min(pauses[3:]) >= 60
    assert len(told.sessions) <= 4 * 15, "in ten minutes"
    asked = [int(c.received.split(b"\0")[-3]) for c in told.sessions]
    assert asked[:8] == [*range(OWN_ID, OWN_ID + 8)], "each round goes on where the last one ended"


def test_a_round_of_refused_ids_is_followed_by_one_that_gets_in() -> None:
    async def story(told: Story) -> None:
        while told.status.evidence.symptom(SensorName.SESSION) is not Symptom.OK:
            assert told.now < 60
            await told.until(told.now + 0.5)
        await told.until_it_shows("healthy", "green", within=30)

    told = play(story, script=RefusesIds(*range(OWN_ID, OWN_ID + 5)))
    assert [c.client_id for c in told.sessions] == [None] * 5 + [OWN_ID + 5]
    assert "all-client-ids-refused" not in [code for _, code, _ in told.flips]


@pytest.mark.parametrize("start", [-3, 0, 1, 2, 9100])
def test_the_ids_are_never_0_or_1_or_the_targets_own(start: int) -> None:
    target = Target("test", client_ids=(2, 3, 9100, 9101, start + 5))
    ids = own_ids(start, target)
    tried = [next(ids) for _ in range(3 * MAX_OWN_IDS)]
    assert not {0, 1, *target.client_ids} & set(tried)
    assert min(tried) > 1
    assert tried[: len(set(tried))] == tried[len(set(tried)) : 2 * len(set(tried))]
    assert len(set(tried)) > MAX_OWN_IDS / 2


def test_without_an_id_no_session_is_held() -> None:
    told = watched(60, own_client_id=None)
    assert told.sessions == []
    assert told.shown == ("healthy", "green")


def test_no_session_is_tried_before_a_handshake_is_served() -> None:
    async def story(told: Story) -> None:
        await told.until(120)
        assert told.sessions == []
        told.gateway.behaviour = HEALTHY
        await told.until(300)
        assert len(told.sessions) == 1

    play(story, Behaviour(hello=Hello.SILENT))


def test_a_new_session_waits_for_a_handshake_after_the_last_one_ended() -> None:
    async def story(told: Story) -> None:
        await told.until(3)
        await told.gateway.stop()
        await told.until(60)
        assert len(told.sessions) == 1
        await told.gateway.start(port=told.gateway.port)
        await told.until(80)
        assert len(told.sessions) == 2
        opened = [c.opened_at for c in told.gateway.conversations]
        ended = told.sessions[0].ended_at
        assert ended is not None
        fresh = [c for c in told.gateway.conversations if c.opened_at > ended]
        assert fresh[0].messages == (), "first a hello that nothing depends on"
        assert opened == sorted(opened)

    play(story)


def test_a_session_that_fails_is_tried_less_and_less_often() -> None:
    tried: list[float] = []

    async def story(told: Story) -> None:
        known = 0
        while told.now < 900:
            await told.until(told.now + 1)
            if len(told.sessions) > known:
                known = len(told.sessions)
                tried.append(told.now)

    play(story, Behaviour(start=Start.CLOSE))
    pauses = [later - earlier for earlier, later in pairwise(tried)]
    assert len(tried) < 25
    assert pauses[0] < 20
    assert all(60 <= pause <= 125 for pause in pauses[6:])


def test_a_session_that_ends_leaves_its_id_free_at_once() -> None:
    async def story(told: Story) -> None:
        await told.until(3)
        told.monitor.pause()
        while told.gateway._holders:
            await asyncio.sleep(0.001)
            assert told.now < 3.1
        assert told.sessions[0].ending is Ending.PEER_CLOSED
        assert told.shown == ("paused", "grey")
        await told.until(100)
        assert len(told.sessions) == 1, "paused"
        told.monitor.resume()
        await told.until(103)
        assert [c.client_id for c in told.sessions] == [OWN_ID, OWN_ID]
        assert told.seen("session")[-1][1] is S.OK

    told = play(story)
    assert told.sessions[-1].ending is Ending.PEER_CLOSED, "the end of the program is polite too"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    def set_to(now: float) -> None:
        monkeypatch.setattr("traymon.sensors.clock_skew.time.time", lambda: now)

    return set_to


def test_a_right_clock_is_never_called_wrong(clock: Callable[[float], None]) -> None:
    skew = ClockSkew()
    for tenth in range(100):
        now = 1_000 + tenth / 10
        clock(now + 0.05)
        skew.add(int(now), 0.1)
        assert skew.seconds == 0


@pytest.mark.parametrize("off", [10.0, 3.5, -3.5, -10.0])
def test_a_wrong_clock_is_told_by_what_is_sure(clock: Callable[[float], None], off: float) -> None:
    skew = ClockSkew()
    assert skew.seconds is None
    for tenth in range(100):
        clock(1_000 + tenth / 10 + off)
        skew.add(int(1_000 + tenth / 10), 0.1)
    seconds = skew.seconds
    assert seconds == pytest.approx(off, abs=0.25)
    assert seconds is not None
    assert abs(seconds) <= abs(off)


def test_a_clock_that_is_set_right_is_believed(clock: Callable[[float], None]) -> None:
    skew = ClockSkew()
    clock(1_010.0)
    skew.add(1_000, 0.1)
    assert skew.seconds == pytest.approx(8.9)
    clock(1_005.5)
    skew.add(1_005, 0.1)
    assert skew.seconds == 0
