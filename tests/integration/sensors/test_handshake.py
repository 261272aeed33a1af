"""The handshake sensor: what it makes of an answer, of silence, and of a port where IB is not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from support.polling import wait_for
from support.scripted_gateway import CommandServer
from traymon.core.facts import NO_FACTS, Fact, Facts
from traymon.core.model import Evidence, Reading
from traymon.core.vocabulary import SensorName, Symptom
from traymon.diagnosis import fix_pages
from traymon.diagnosis.catalogue import diagnose
from traymon.sensors import handshake, version_exchange
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.handshake import Handshake
from traymon.sensors.listener import Listener
from traymon.sim.gateway import HEALTHY, Behaviour, Hello, Running, running
from traymon.sim.scenarios import SCENARIOS
from traymon.sim.script import Script
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
        (Behaviour(hello=Hello.HTTP), Symptom.NOT_IB, None),
    ],
)
def test_an_answer_is_graded(
    evidence: MakeEvidence, behaviour: Behaviour, symptom: Symptom, version: int | None
) -> None:
    with running(behaviour) as gateway:
        slow = 0.3 if behaviour.delay else 20.0  # a busy machine takes its time
        reading = look(evidence(gateway.port, seen_elsewhere(), timeout=30.0, slow=slow))
    assert reading.sensor == "handshake"
    assert reading.symptom is symptom
    assert reading.facts.get(Fact.SERVER_VERSION) == version
    assert reading.facts.get(Fact.TOOK) == (reading.took if version else None)
    assert (reading.took > slow) == (behaviour.delay > 0)
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
        wait_for(lambda: len(other.conversations) == 1, "the one visit")


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


def owned(*ports: int, app: str | None = "IB Gateway") -> Reading:
    """What the listener reports where a program, TWS for one, listens there and on other ports."""
    facts: Facts = {Fact.CANDIDATE_PORTS: ports}
    if app is not None:
        facts = {**facts, Fact.APP: app, Fact.APP_PID: 4711, Fact.APP_PORTS: ports}
    return Reading(SensorName.LISTENER, Symptom.OK, facts=facts)


NOT_THE_API = [
    (CommandServer(), Symptom.SILENT),
    (CommandServer("INFO IBC Command Server"), Symptom.NOT_IB),
]


@pytest.mark.parametrize(("script", "symptom"), NOT_THE_API)
def test_the_gateways_own_other_port_names_the_one_with_the_api(
    evidence: MakeEvidence, script: Script, symptom: Symptom
) -> None:
    with running(script=script) as command_server, running() as api:
        seen = owned(command_server.port + 1, api.port)
        before = evidence(command_server.port, seen, timeout=2.0, slow=0.1)
        reading = look(before)
        assert (reading.symptom, reading.facts.get(Fact.OPEN_PORT)) == (symptom, api.port)
        assert reading.took < 3.0  # the search goes on beside
    found = diagnose(before.with_reading(reading))
    assert (found.code, len(found.witnesses)) == ("not-the-api-port", 2)
    words = "".join(fix_pages.page(found.code).sections.values())
    for page in (fix_pages.fill(words, found.facts), fix_pages.fill(words, NO_FACTS)):
        assert "top it" not in page  # neither "stop it" nor "Stop it"
        assert "no other program has taken the port" in page
    assert f"IB_PORT={api.port}" in fix_pages.fill(words, found.facts)


def test_a_gateway_whose_ports_all_speak_something_else_is_not_another_program(
    evidence: MakeEvidence,
) -> None:
    with running(script=CommandServer("INFO IBC Command Server")) as command_server:
        before = evidence(command_server.port, owned())
        found = diagnose(before.with_reading(look(before)))
    assert found.code == "not-the-api-port"
    assert Fact.OPEN_PORT not in found.facts


def test_the_port_of_another_tws_is_not_offered_in_place_of_a_silent_one(
    evidence: MakeEvidence,
) -> None:
    with running(SILENT) as gateway, running() as another_tws:
        for owner in (owned(), owned(app=None), seen_elsewhere()):
            facts = {**owner.facts, Fact.CANDIDATE_PORTS: (another_tws.port,)}
            look(evidence(gateway.port, replace(owner, facts=facts), timeout=0.2, slow=0.1))
        assert not another_tws.conversations


def test_a_gateway_that_answers_in_time_has_its_other_ports_left_alone(
    evidence: MakeEvidence,
) -> None:
    with running() as gateway, running() as other:
        assert look(evidence(gateway.port, owned(other.port))).symptom is Symptom.OK
        assert not other.conversations


def test_the_search_among_the_gateways_ports_ends_with_the_handshake(
    evidence: MakeEvidence,
) -> None:
    """The first red must not wait for it, nor a check that is given up."""

    async def play() -> None:
        with running(SILENT) as gateway, running(SILENT) as other:
            about = evidence(gateway.port, owned(other.port), timeout=1.0, slow=0.1)
            began = asyncio.get_running_loop().time()
            await Handshake(ConnectionRegistry()).poll(about)
            assert asyncio.get_running_loop().time() - began < 1.9
            poll = asyncio.create_task(Handshake(ConnectionRegistry()).poll(about))
            await asyncio.sleep(0.3)
            poll.cancel()
            await asyncio.wait({poll})
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(play())


# a name of this machine


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1"])
def test_a_host_that_leads_to_127_0_0_1_needs_no_word_about_that(
    evidence: MakeEvidence, host: str
) -> None:
    with running(Behaviour(hello=Hello.CLOSE)) as gateway:
        reading = look(evidence(gateway.port, seen_elsewhere(), host=host))
    assert (reading.symptom, reading.facts.get(Fact.LED_TO)) == (Symptom.CLOSED, None)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_localhost_that_is_hung_up_on_at_its_other_address_is_to_be_127_0_0_1_first(
    evidence: MakeEvidence, serve: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        port = serve(lambda connection: connection.close(), host="::1")
    except OSError:
        pytest.skip("no IPv6 here")

    async def ipv6_first(host: str, port: int) -> list[tuple[int, tuple[str, int]]]:
        return [(socket.AF_INET6, ("::1", port)), (socket.AF_INET, ("127.0.0.1", port))]

    monkeypatch.setattr(version_exchange, "_resolve", ipv6_first)
    before = evidence(port, seen_elsewhere(), host="localhost")
    found = diagnose(before.with_reading(look(before)))
    assert (found.code, found.facts[Fact.LED_TO]) == ("connection-rejected", "::1")
    page = fix_pages.page(found.code)
    in_short = fix_pages.fill(page.in_short, found.facts)
    assert in_short.startswith("localhost resolves to ::1 here: set IB_HOST=127.0.0.1.")
    steps = fix_pages.fill(page.sections["Fix"], found.facts)
    assert steps.index("IB_HOST=127.0.0.1") < steps.index("1. **")


# a port that opens


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A clock of the sensor's own, which the test moves on."""

    now = 1000.0
    monkeypatch.setattr(handshake, "loop_time", lambda: now)

    def pass_by(seconds: float) -> None:
        nonlocal now
        now += seconds

    return pass_by


def opened(gateway: Running, evidence: MakeEvidence, sensor: Handshake) -> Evidence:
    about = evidence(gateway.port, seen_elsewhere(), timeout=0.1)
    return about.with_reading(replace(look(about, sensor), at=about.now))


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
