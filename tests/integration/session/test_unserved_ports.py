"""A port that is open and serves nobody: how soon it is red, and what it is asked meanwhile."""

from __future__ import annotations

import pytest

from support.scripted_gateway import ServesEveryNth
from support.session_harness import Story, play
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sim import messages
from traymon.sim.connection import Connection
from traymon.sim.gateway import HEALTHY, Behaviour, Hello
from traymon.sim.script import ORDINARY, Script

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
