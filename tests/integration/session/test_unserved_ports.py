"""A port that is open and serves nobody: how soon it is red, and what it is asked meanwhile."""

from __future__ import annotations

import socket
import sys

import pytest

from support.scripted_gateway import CommandServer, ServesEveryNth
from support.session_harness import Story, play
from support.virtual_time import BEGAN
from traymon.core.facts import Fact, FactKey, T
from traymon.core.model import Status
from traymon.core.target import Limits, Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.diagnosis import fix_pages
from traymon.diagnosis.checks import check_steps
from traymon.monitoring.one_shot import run_once
from traymon.sensors import version_exchange
from traymon.sim import messages
from traymon.sim.connection import Connection
from traymon.sim.gateway import HEALTHY, Behaviour, Hello, running
from traymon.sim.script import ORDINARY, Script
from traymon.sim.stage_props import nobody_listens, process_name
from traymon.ui import presenter

SILENT, CLOSING = Behaviour(hello=Hello.SILENT), Behaviour(hello=Hello.CLOSE)
TLS_RECORD = b"\x16\x03"


class TlsProxy(Script):
    """Hangs up on whoever does not begin with TLS, as a TLS server written in Go does."""

    def received(self, connection: Connection, data: bytes) -> None:
        if data.startswith(TLS_RECORD):
            connection.send(messages.TLS_SERVER_HELLO)
        else:
            connection.hang_up()


def hellos(story: Story) -> list[str]:
    """What began each connection: the version hello, or a TLS hello."""
    received = [c.received for c in story.gateway.conversations]
    return ["tls" if data.startswith(TLS_RECORD) else "hello" for data in received]


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [(SILENT, "handshake-silent"), (CLOSING, "connection-rejected")],
)
def test_a_dropped_session_and_an_unserved_port_are_red_within_6_seconds(
    behaviour: Behaviour, code: str
) -> None:
    async def story(s: Story) -> None:
        await s.until_it_shows("healthy", "green", within=10.0)
        await s.until(40.0)
        s.gateway.behaviour = behaviour
        s.gateway.drop_connections()
        assert await s.until_it_shows(code, "red", within=10.0) <= 5.5  # and the socket table
        # one TLS hello, and only after the reading that it is about was there
        await s.until(50.0)
        asked = [at for at, symptom in s.seen(SensorName.TLS) if symptom is Symptom.OK]
        unserved = [at for at, symptom in s.seen(SensorName.HANDSHAKE) if symptom is not Symptom.OK]
        assert len(asked) == 1
        assert asked[0] >= unserved[0]

    play(story)


def test_a_port_that_hangs_up_on_plain_bytes_and_answers_tls_wants_tls() -> None:
    async def story(s: Story) -> None:
        await s.until_it_shows("tls-expected", "red", within=15.0)
        await s.until(120.0)
        assert s.shown == ("tls-expected", "red")
        assert hellos(s).count("tls") == 1

    play(story, script=TlsProxy())


def test_a_port_that_is_silent_to_plain_bytes_and_answers_tls_wants_tls() -> None:
    async def story(s: Story) -> None:
        await s.until_it_shows("tls-expected", "red", within=15.0)
        s.gateway.behaviour = HEALTHY
        await s.until_it_shows("healthy", "green", within=70.0)

    play(story, Behaviour(hello=Hello.TLS))


def test_an_outage_has_one_tls_hello_though_every_4th_connection_is_answered() -> None:
    async def story(s: Story) -> None:
        await s.until(300.0)
        assert Symptom.OK in {symptom for _, symptom in s.seen(SensorName.HANDSHAKE)}
        assert hellos(s).count("tls") == 1

    play(story, script=ServesEveryNth(4), own_client_id=None)


def test_the_next_outage_has_a_tls_hello_of_its_own() -> None:
    async def story(s: Story) -> None:
        for outage in (1, 2):
            s.gateway.behaviour = SILENT
            s.gateway.drop_connections()
            await s.until_it_shows("handshake-silent", "red", within=60.0)
            await s.until(s.now + 60.0)
            assert hellos(s).count("tls") == outage
            s.gateway.behaviour = HEALTHY
            await s.until_it_shows("healthy", "green", within=70.0)
            await s.until(s.now + 60.0)
            assert s.seen(SensorName.TLS)[-1][1] is Symptom.UNKNOWN

    play(story)


def test_a_pause_ends_no_outage_and_what_is_known_of_tls_outlives_it() -> None:
    async def story(s: Story) -> None:
        await s.until_it_shows("tls-expected", "red", within=15.0)
        s.monitor.pause()
        await s.until(s.now + 10.0)
        s.monitor.resume()
        await s.until_it_shows("tls-expected", "red", within=15.0)
        assert hellos(s).count("tls") == 1

    play(story, script=TlsProxy())


def test_a_served_port_is_never_sent_a_tls_hello() -> None:
    async def story(s: Story) -> None:
        await s.until(200.0)
        assert "tls" not in hellos(s)

    play(story, script=ORDINARY)


def test_the_time_at_which_a_port_opened_does_not_go_stale_between_the_looks() -> None:
    async def story(s: Story) -> None:
        await s.gateway.stop()
        await s.until(60.0)
        assert s.shown == ("port-refused", "red")
        s.gateway.behaviour = CLOSING
        await s.gateway.start(port=s.gateway.port)
        opened = s.now
        await s.until_it_shows("just-started", "amber", within=15.0)
        words = {
            (fact_of(status, Fact.PORT_OPENED_AT), presenter.headline(status.diagnosis))
            for status in s.statuses
            if status.diagnosis.code == "just-started"
        }
        ((at, headline),) = words
        assert at == pytest.approx(BEGAN + opened, abs=6.0)  # since the last refusal
        assert headline == f"Port {s.gateway.port} just opened: wait a minute"
        # the minute is over when it is over, however far apart the looks are by then
        await s.until_it_shows("connection-rejected", "red", within=90.0)
        s.gateway.behaviour = HEALTHY
        await s.until_it_shows("healthy", "green", within=70.0)

    play(story)


def fact_of(status: Status, fact: FactKey[T]) -> T | None:
    return fact.of(status.diagnosis.facts)


def test_a_name_that_comes_and_goes_is_never_red_while_the_session_is_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(s: Story) -> None:
        await s.until_it_shows("healthy", "green", within=10.0)

        async def comes_and_goes(host: str, port: int) -> list[tuple[int, tuple[str, int]]]:
            if int(s.now / 14.0) % 2:
                raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
            return [(socket.AF_INET, ("127.0.0.1", port))]

        monkeypatch.setattr(version_exchange, "_resolve", comes_and_goes)
        await s.until(300.0)
        assert Symptom.UNRESOLVED in {symptom for _, symptom in s.seen(SensorName.HANDSHAKE)}
        assert {light for _, code, light in s.flips if code != "checking-session"} <= {
            "green",
            "amber",
        }
        assert len(s.sessions) == 1

        async def is_gone(host: str, port: int) -> list[tuple[int, tuple[str, int]]]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(version_exchange, "_resolve", is_gone)
        await s.until_it_shows("host-unresolved", "amber", within=60.0)
        s.gateway.drop_connections()
        await s.until_it_shows("host-unresolved", "red", within=15.0)

    play(story)


# one look, with the real socket table

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@linux_only
@pytest.mark.usefixtures("no_other_lookalikes")
@pytest.mark.parametrize("greeting", ["", "INFO IBC Command Server"])
def test_ibcs_command_port_is_told_with_the_port_of_the_api(greeting: str) -> None:
    with (
        process_name("ibgateway"),
        running(script=CommandServer(greeting)) as command_server,
        running() as api,
    ):
        limits = Limits(timeout=2.0, slow=0.2)
        status = run_once(Target("project", port=command_server.port, limits=limits))
    assert (status.diagnosis.code, status.diagnosis.light.word) == ("not-the-api-port", "red")
    assert status.diagnosis.facts[Fact.OPEN_PORT] == api.port
    assert not [step.name for step in check_steps(status.evidence) if step.passed][1:]


@linux_only
@pytest.mark.parametrize("host", ["127.0.1", "127.0.0.01", "0x7f.1", "localhost."])
def test_a_closed_port_of_this_machine_is_known_as_such_however_it_is_spelled(host: str) -> None:
    with nobody_listens(0) as port:
        status = run_once(Target("project", host=host, port=port))
    assert status.evidence.symptom(SensorName.LISTENER) is Symptom.NOBODY_LISTENS
    assert status.diagnosis.code != "port-refused"


@linux_only
def test_a_mistyped_loopback_address_leads_to_the_right_one() -> None:
    status = run_once(Target("project", host="0.0.0.127", limits=Limits(timeout=1.0)))
    if status.diagnosis.code == "port-filtered":
        pytest.skip("this machine has a route that swallows it")
    assert status.diagnosis.code == "host-unreachable"
    assert "IB_HOST=127.0.0.1" in fix_pages.page(status.diagnosis.code).in_short
