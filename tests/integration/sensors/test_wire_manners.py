"""Manners at the API port: what traymon sends there, what it leaves behind, what it counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import inf

import pytest

from support.polling import wait_for
from traymon.core.facts import Fact
from traymon.core.model import Evidence, Reading
from traymon.core.target import NEWEST_API_VERSION
from traymon.core.vocabulary import SensorName, Symptom
from traymon.diagnosis.catalogue import diagnose
from traymon.sensors import sensors_for_target, wire
from traymon.sensors.base import PollingSensor
from traymon.sim.gateway import Behaviour, Ending, Hello, running
from traymon.sim.stage_props import half_close, nobody_listens

HELLO = b"API\0" + b"\0\0\0\x09" + b"v100..226"
SILENT = Behaviour(hello=Hello.SILENT)
MakeEvidence = Callable[..., Evidence]


async def look(sensors: Sequence[PollingSensor], evidence: Evidence) -> Evidence:
    """Let every sensor look once, in order, as the monitor does."""
    for sensor in sensors:
        evidence = evidence.with_reading(await sensor.poll(evidence))
    return evidence


def named(name: str) -> PollingSensor:
    (sensor,) = (s for s in sensors_for_target().polling if s.name == name)
    return sensor


def test_the_hello_is_these_bytes() -> None:
    assert wire.hello(NEWEST_API_VERSION) == HELLO
    assert wire.hello() == HELLO.replace(b"226", b"176")  # what begins a session


def test_200_looks_are_200_complete_exchanges_one_after_the_other_and_politely_closed(
    evidence: MakeEvidence,
) -> None:
    with running() as gateway:
        sensors = [named("handshake")]
        about = evidence(gateway.port)

        async def play() -> None:
            for _ in range(200):
                after = await look(sensors, about)
                assert after.symptom(SensorName.HANDSHAKE) is Symptom.OK

        asyncio.run(play())
        wait_for(lambda: all(c.closed_at for c in gateway.conversations))
        seen = gateway.conversations
    assert len(seen) == 200
    assert {c.received for c in seen} == {HELLO}
    assert all(c.exchanged_versions for c in seen)
    assert {c.ending for c in seen} == {Ending.PEER_CLOSED}
    assert all((one.ended_at or inf) <= two.opened_at for one, two in pairwise(seen))


@pytest.mark.parametrize("spoken", [h for h in Hello if not h.serves])
def test_whatever_is_answered_nothing_but_the_hello_is_sent(
    evidence: MakeEvidence, spoken: Hello
) -> None:
    with running(Behaviour(hello=spoken)) as gateway:
        asyncio.run(look(sensors_for_target().polling, evidence(gateway.port, timeout=0.2)))
        wait_for(lambda: gateway.conversations, "the visit")
        # who closes or speaks first may not have read it before the end
        assert {c.received for c in gateway.conversations} <= {HELLO, b""}
        assert len(gateway.conversations) == 1


def test_20_looks_at_a_silent_gateway_are_no_evidence_that_it_is_wedged(
    evidence: MakeEvidence,
) -> None:
    with running(SILENT) as gateway:
        sensors = sensors_for_target().polling

        async def play() -> None:
            for _ in range(20):
                after = await look(sensors, evidence(gateway.port, timeout=0.05))
                assert diagnose(after).code == "handshake-silent"
                assert after.fact(SensorName.LISTENER, Fact.HALF_CLOSED) == 0

        asyncio.run(play())
        ended = [Ending.PEER_CLOSED] * 20
        wait_for(lambda: [c.ending for c in gateway.conversations] == ended, "they are there")
        assert not any(c.closed_at for c in gateway.conversations)


@pytest.mark.parametrize(("others", "code"), [(4, "handshake-silent"), (5, "listener-wedged")])
def test_what_others_left_half_closed_is_evidence_that_it_is_wedged(
    evidence: MakeEvidence, others: int, code: str
) -> None:
    with running(SILENT) as gateway:
        sensors = sensors_for_target().polling
        ours = 3
        for _ in range(ours):  # leaves connections of our own there
            asyncio.run(look(sensors, evidence(gateway.port, timeout=0.05)))
        left = ours + others
        asyncio.run(half_close(gateway.port, others))
        wait_for(lambda: [c.ending for c in gateway.conversations] == [Ending.PEER_CLOSED] * left)
        after = asyncio.run(look(sensors, evidence(gateway.port, timeout=0.05)))
    assert after.fact(SensorName.LISTENER, Fact.HALF_CLOSED) == others
    assert diagnose(after).code == code


def test_another_gateway_that_is_asked_gets_the_whole_hello_as_well(evidence: MakeEvidence) -> None:
    with nobody_listens(0) as port, running() as other:
        seen = Reading(
            SensorName.LISTENER, Symptom.NOBODY_LISTENS, facts={Fact.CANDIDATE_PORTS: (other.port,)}
        )
        handshake = named("handshake")
        asyncio.run(handshake.poll(evidence(port, seen)))
        wait_for(lambda: all(c.closed_at for c in other.conversations))
        (conversation,) = other.conversations
    assert conversation.received == HELLO
    assert conversation.exchanged_versions
    assert conversation.ending is Ending.PEER_CLOSED
