"""The handshake sensor: what it makes of an answer, of silence, and of a port where IB is not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from traymon.core.facts import Fact
from traymon.core.model import Evidence, Reading
from traymon.core.vocabulary import SensorName, Symptom
from traymon.diagnosis.catalogue import diagnose
from traymon.sensors import handshake
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.handshake import Handshake
from traymon.sensors.listener import Listener
from traymon.sim.gateway import HEALTHY, Behaviour, Hello, Running, running
from traymon.sim.scenarios import SCENARIOS
from traymon.sim.stage import USUAL_PORTS, perform
from traymon.sim.stage_props import nobody_listens

MakeEvidence = Callable[..., Evidence]
SILENT = Behaviour(hello=Hello.SILENT)


def look(evidence: Evidence, sensor: Handshake | None = None) -> Reading:
    return asyncio.run((sensor or Handshake(ConnectionRegistry())).poll(evidence))


def seen_elsewhere(*ports: int) -> Reading:
    """What the listener reports where nobody listens on the target's port."""
    return Reading(SensorName.LISTENER, Symptom.NOBODY_LISTENS, facts={Fact.CANDIDATE_PORTS: ports})


@pytest.mark.parametrize(
    ("behaviour", "symptom", "version"),
    [
        (HEALTHY, Symptom.OK, 193),
        (Behaviour(server_version=157), Symptom.OK, 157),
        (Behaviour(server_version=156), Symptom.TOO_OLD, 156),
        (Behaviour(delay=0.4), Symptom.SLOW, 193),
        (Behaviour(delay=0.4, server_version=100), Symptom.TOO_OLD, 100),
        (Behaviour(hello=Hello.TLS), Symptom.TLS, None),
        (Behaviour(hello=Hello.HTTP), Symptom.NOT_IB, None),
    ],
)
def test_an_answer_is_graded(
    evidence: MakeEvidence, behaviour: Behaviour, symptom: Symptom, version: int | None
) -> None:
    with running(behaviour) as gateway:
        reading = look(evidence(gateway.port, seen_elsewhere(), timeout=1.0, slow=0.3))
    assert reading.sensor == "handshake"
    assert reading.symptom is symptom
    assert reading.facts.get(Fact.SERVER_VERSION) == version
    assert reading.facts.get(Fact.TOOK) == (reading.took if version else None)
    assert (reading.took > 0.3) == (behaviour.delay > 0 or symptom is Symptom.TLS)
    assert reading.detail


@pytest.mark.parametrize(
    ("server", "wanted", "symptom", "line"),
    [
        (223, 213, Symptom.OK, "10.45"),
        (193, 213, Symptom.TOO_OLD, None),
        (226, 226, Symptom.OK, "10.50 or newer"),
        (225, 226, Symptom.TOO_OLD, "10.46"),
    ],
)
def test_a_library_that_needs_more_than_176_can_be_checked_for(
    evidence: MakeEvidence, server: int, wanted: int, symptom: Symptom, line: str | None
) -> None:
    with running(Behaviour(server_version=server)) as gateway:
        reading = look(evidence(gateway.port, seen_elsewhere(), min_version=wanted))
    assert (reading.symptom, reading.facts[Fact.SERVER_VERSION]) == (symptom, server)
    assert reading.facts.get(Fact.TWS_LINE) == line


# another port of this machine


def test_a_refusing_port_names_the_usual_port_that_answers_and_whose_it_is(
    evidence: MakeEvidence,
) -> None:
    async def play() -> None:
        async with perform(SCENARIOS["wrong-port"]) as stage:
            assert stage.other_port is not None
            sensor = Handshake(ConnectionRegistry())
            reading = await sensor.poll(evidence(stage.port, seen_elsewhere(stage.other_port)))
            kinds = ("TWS paper", "TWS live", "Gateway paper", "Gateway live")
            assert reading.symptom is Symptom.REFUSED
            assert reading.facts[Fact.OPEN_PORT] == stage.other_port
            assert reading.facts[Fact.OPEN_PORT_KIND] == kinds[USUAL_PORTS.index(stage.other_port)]

    asyncio.run(play())


def test_where_the_socket_table_is_hidden_every_usual_port_is_tried(
    evidence: MakeEvidence,
) -> None:
    async def play() -> None:
        async with perform(SCENARIOS["wrong-port"]) as stage:
            reading = await Handshake(ConnectionRegistry()).poll(evidence(stage.port))
            assert reading.facts[Fact.OPEN_PORT] in USUAL_PORTS

    asyncio.run(play())


@pytest.mark.parametrize("spoken", [Hello.SILENT, Hello.HTTP, Hello.CLOSE])
def test_another_port_that_does_not_answer_as_ib_is_not_named(
    evidence: MakeEvidence, spoken: Hello
) -> None:
    with nobody_listens(0) as port, running(Behaviour(hello=spoken)) as other:
        reading = look(evidence(port, seen_elsewhere(other.port), timeout=0.3))
        assert reading.symptom is Symptom.REFUSED
        assert Fact.OPEN_PORT not in reading.facts
        assert len(other.conversations) == 1


def test_a_foreign_listener_makes_it_look_elsewhere_and_not_at_itself_again(
    evidence: MakeEvidence,
) -> None:
    with running(Behaviour(hello=Hello.HTTP)) as web, running() as other:
        reading = look(evidence(web.port, seen_elsewhere(web.port, other.port)))
        assert (len(web.conversations), len(other.conversations)) == (1, 1)
    assert reading.symptom is Symptom.NOT_IB
    assert reading.facts[Fact.OPEN_PORT] == other.port
    assert reading.facts[Fact.OPEN_PORT_KIND] == "TWS / IB Gateway"


def test_another_port_is_asked_once_a_minute_or_when_other_ports_listen(
    evidence: MakeEvidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    with nobody_listens(0) as port, running() as one, running() as two:
        sensor = Handshake(ConnectionRegistry())
        for _ in range(3):
            reading = look(evidence(port, seen_elsewhere(one.port)), sensor)
            assert reading.facts[Fact.OPEN_PORT] == one.port
        assert len(one.conversations) == 1
        reading = look(evidence(port, seen_elsewhere(two.port)), sensor)
        assert reading.facts[Fact.OPEN_PORT] == two.port
        monkeypatch.setattr(handshake, "PORT_SEARCH_INTERVAL", 0.0)
        look(evidence(port, seen_elsewhere(two.port)), sensor)
        assert (len(one.conversations), len(two.conversations)) == (1, 2)


@pytest.mark.parametrize("answered", [Hello.ANSWER, Hello.SILENT, Hello.CLOSE])
def test_where_the_port_may_be_ibs_no_other_port_is_asked(
    evidence: MakeEvidence, answered: Hello
) -> None:
    with running(Behaviour(hello=answered)) as gateway, running() as other:
        look(evidence(gateway.port, seen_elsewhere(other.port), timeout=0.3))
        assert not other.conversations


def test_a_forwarded_port_leads_elsewhere_so_this_machine_is_not_asked(
    evidence: MakeEvidence,
) -> None:
    async def play() -> None:
        async with perform(SCENARIOS["wrong-port"]) as stage:
            before = evidence(stage.port, forwarded=True)
            after = before.with_reading(await Listener(ConnectionRegistry()).poll(before))
            reading = await Handshake(ConnectionRegistry()).poll(after)
            assert reading.symptom is Symptom.REFUSED
            assert Fact.OPEN_PORT not in reading.facts

    asyncio.run(play())


# a port that opens


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock of the sensor's own, which the test moves on."""

    class Clock:
        now = 1000.0

        def monotonic(self) -> float:
            return self.now

    clock = Clock()
    monkeypatch.setattr(handshake, "time", clock)

    def pass_by(seconds: float) -> None:
        clock.now += seconds

    return pass_by


def opened(gateway: Running, evidence: MakeEvidence, sensor: Handshake) -> Evidence:
    about = evidence(gateway.port, seen_elsewhere(), timeout=0.1)
    return about.with_reading(look(about, sensor))


def test_a_port_that_opened_within_a_minute_and_does_not_serve_yet_has_just_started(
    evidence: MakeEvidence, clock: Callable[[float], None]
) -> None:
    with running(SILENT) as gateway:
        sensor = Handshake(ConnectionRegistry())
        first = opened(gateway, evidence, sensor)
        assert Fact.PORT_OPENED not in first.readings[SensorName.HANDSHAKE].facts  # may be old
        gateway.stop()
        assert opened(gateway, evidence, sensor).symptom(SensorName.HANDSHAKE) is Symptom.REFUSED
        gateway.start()
        clock(20.0)
        second = opened(gateway, evidence, sensor)
        assert second.fact(SensorName.HANDSHAKE, Fact.PORT_OPENED) == 20.0
        assert diagnose(second).code == "just-started"
        clock(41.0)
        third = opened(gateway, evidence, sensor)
        assert third.fact(SensorName.HANDSHAKE, Fact.PORT_OPENED) == 61.0
        assert diagnose(third).code == "handshake-silent"


def test_a_port_that_was_refused_long_before_it_was_seen_open_has_not_just_started(
    evidence: MakeEvidence, clock: Callable[[float], None]
) -> None:
    with running(SILENT) as gateway:
        sensor = Handshake(ConnectionRegistry())
        gateway.stop()
        opened(gateway, evidence, sensor)
        gateway.start()
        clock(3600.0)
        assert diagnose(opened(gateway, evidence, sensor)).code == "handshake-silent"


def test_a_port_counts_from_its_last_refusal(
    evidence: MakeEvidence, clock: Callable[[float], None]
) -> None:
    with running(SILENT) as gateway:
        sensor = Handshake(ConnectionRegistry())
        for _ in range(2):
            gateway.stop()
            for _ in range(3):
                clock(10.0)
                refused = opened(gateway, evidence, sensor)
                assert refused.fact(SensorName.HANDSHAKE, Fact.PORT_OPENED) is None
            gateway.start()
            clock(2.0)
            assert (
                opened(gateway, evidence, sensor).fact(SensorName.HANDSHAKE, Fact.PORT_OPENED)
                == 2.0
            )


def test_what_was_seen_of_one_port_is_not_held_against_another(
    evidence: MakeEvidence, clock: Callable[[float], None]
) -> None:
    with nobody_listens(0) as before, running(SILENT) as gateway:
        sensor = Handshake(ConnectionRegistry())
        assert look(evidence(before, seen_elsewhere()), sensor).symptom is Symptom.REFUSED
        clock(5.0)
        moved_on = opened(gateway, evidence, sensor)
        assert moved_on.fact(SensorName.HANDSHAKE, Fact.PORT_OPENED) is None
