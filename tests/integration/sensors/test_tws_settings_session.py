"""The session that asks TWS for its settings: what it sends, and what hostile servers can do to it.

Whatever is answered, it ends soon, costs little, and says at most that the settings are not known.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from support.polling import wait_for
from traymon.core.target import Limits, Target
from traymon.core.tws_settings import TwsSettings
from traymon.sensors import tws_settings_session
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.session import MAX_OWN_IDS, own_ids
from traymon.sensors.tws_settings_session import ask_for_settings
from traymon.sim.behaviour import Config
from traymon.sim.connection import Connection
from traymon.sim.gateway import Behaviour, Ending, running
from traymon.sim.messages import version_reply
from traymon.sim.protobuf_messages import config_response, error, field, message, session_start
from traymon.sim.script import Script
from traymon.sim.scripts import RefusesIds

NEWEST = Behaviour(server_version=226)
TARGET = Target("project", own_client_id=9_100, limits=Limits(timeout=1.0))
SPARE = 2.0  # seconds that a busy machine may take longer
FIRST_ID = 9_124  # of those that only this session uses
Speak = Callable[[socket.socket], object]


@pytest.fixture(autouse=True)
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tws_settings_session, "ANSWER_TIMEOUT", 0.5)


def ask(port: int, **target: Any) -> TwsSettings | str:
    about = replace(TARGET, port=port, **target)
    return asyncio.run(ask_for_settings(about, ConnectionRegistry()))


def lets_in(*answers: bytes, version: int = 226) -> Speak:
    """Return a server that begins a session and answers the request with these bytes."""

    def speak(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(version_reply(version))
        connection.recv(100)
        connection.sendall(session_start(NEWEST))
        connection.recv(100)
        for answer in answers:
            connection.sendall(answer)
        connection.recv(100)

    return speak


def test_one_session_sends_the_hello_start_api_and_the_request_and_closes_politely() -> None:
    with running(NEWEST) as gateway:
        settings = ask(gateway.port)
        wait_for(lambda: gateway.conversations[0].closed_at)
        (record,) = gateway.conversations
    assert isinstance(settings, TwsSettings)
    assert settings.socket_port == gateway.port
    start, request = b"\0\0\0\x07\0\0\x01\x0f\x08\xa4\x47", b"\0\0\0\x06\0\0\x01\x34\x08\x01"
    assert record.received == b"API\0\0\0\0\x09v100..226" + start + request
    assert (record.messages, record.client_id) == ((271, 308), FIRST_ID)
    assert record.ending is Ending.PEER_CLOSED


def test_its_ids_are_neither_those_of_the_session_nor_of_the_library_nor_configured() -> None:
    configured = replace(TARGET, client_ids=(FIRST_ID, 10))
    every = own_ids(9_100, configured)
    usual = [next(every) for _ in range(MAX_OWN_IDS)]
    mine = [*tws_settings_session._client_ids(configured)]
    assert mine == usual[24:28]
    assert not {0, 1, *configured.client_ids} & {*mine}


def test_an_id_in_use_is_followed_by_the_next_and_after_four_it_is_not_known() -> None:
    with running(NEWEST, script=RefusesIds(FIRST_ID, FIRST_ID + 1)) as gateway:
        assert isinstance(ask(gateway.port), TwsSettings)
        assert gateway.conversations[-1].client_id == FIRST_ID + 2
        gateway.script = RefusesIds(refuses=lambda client_id: True)
        assert ask(gateway.port) == "each client ID that was tried is in use"
        assert len(gateway.conversations) == 3 + 4


def test_tws_before_10_43_is_not_asked_and_gets_no_session() -> None:
    with running(Behaviour(server_version=218)) as gateway:
        assert ask(gateway.port) == "API version 218 does not give them"
        assert gateway.conversations[0].messages == ()


class AnswersTwice(Script):
    """Sends more than anybody reads."""

    def start(self, connection: Connection, client_id: int) -> None:
        connection.start_session(client_id)
        connection.send(session_start(NEWEST))

    def request(self, connection: Connection, number: int, fields: Sequence[str]) -> None:
        for _ in range(2):
            connection.reply(number, fields)


def test_what_nobody_needs_is_read_to_its_end_before_the_connection_is_closed() -> None:
    with running(NEWEST, script=AnswersTwice()) as gateway:
        assert isinstance(ask(gateway.port), TwsSettings)
        wait_for(lambda: gateway.conversations[0].closed_at)
        (record,) = gateway.conversations
    assert record.ending is Ending.PEER_CLOSED
    assert record.messages == (271, 308), "one request, however often the session begins"


def test_what_tws_says_in_place_of_the_settings_is_kept() -> None:
    with running(replace(NEWEST, config=None)) as gateway:
        why = ask(gateway.port)
    assert isinstance(why, str)
    assert why.startswith("TWS does not give them; TWS said: 10357: Configuration access via API")


def test_no_address_leaves_the_wire() -> None:
    secret = "203.0.113.77"
    config = Config(localhost_only=False, trusted_ips=(secret, "127.0.0.1"))
    with running(replace(NEWEST, config=config)) as gateway:
        settings = ask(gateway.port)
    assert secret not in repr(settings)
    assert isinstance(settings, TwsSettings)
    assert (settings.trusted_ips, settings.trusts_this_computer) == (2, True)


def test_behind_a_forwarder_neither_address_nor_zone_is_known() -> None:
    config = Config(localhost_only=False, trusted_ips=("10.0.0.3",))
    with running(replace(NEWEST, config=config)) as gateway:
        settings = ask(gateway.port, forwarded=True)
    assert isinstance(settings, TwsSettings)
    assert (settings.trusts_this_computer, settings.zone) == (None, "")


def test_only_one_is_open_at_a_time_with_a_handshake() -> None:
    async def both(port: int) -> None:
        connections, target = ConnectionRegistry(), replace(TARGET, port=port)
        async with connections.exchange_lock:
            asking = asyncio.create_task(ask_for_settings(target, connections))
            for _ in range(20):
                await asyncio.sleep(0)
            assert gateway.conversations == ()
        await asking
        assert not connections.exchange_lock.locked()

    with running(NEWEST) as gateway:
        asyncio.run(both(gateway.port))
        assert len(gateway.conversations) == 1


def huge_answer() -> bytes:
    text = field(3, field(3, "x" * 1_000))
    return message(110, *[text] * 2_000, field(4, field(2, field(1, 1))))


def test_a_long_answer_is_read_to_its_end(serve: Callable[..., int]) -> None:
    settings = ask(serve(lets_in(huge_answer())))
    assert isinstance(settings, TwsSettings)
    assert settings.read_only is True


def flood(data: bytes) -> Speak:
    def speak(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(version_reply(226))
        connection.recv(100)
        while True:
            connection.sendall(data)

    return speak


def closes_after_the_version(connection: socket.socket) -> None:
    connection.recv(100)
    connection.sendall(version_reply(226))
    connection.recv(100)


# Each with a word of what is said.
HOSTILE: dict[str, tuple[Speak, str]] = {
    "closes at once": (lambda connection: None, "closed without a reply"),
    "not IB": (lambda c: c.sendall(b"HTTP/1.1 400 Bad Request\r\n"), "HTTP"),
    "a version that was not offered": (lets_in(version=227), "227 does not give them"),
    "redirects": (lambda c: c.sendall(b"\0\0\0\x08-1\0else\0"), "redirects"),
    "closes after the version": (closes_after_the_version, "closed by the Gateway"),
    "silent": (lets_in(), "no answer within"),
    "a text message": (lets_in(b"\0\0\0\x04" + b"9\x001\x00"), "no answer within"),
    "a giant frame": (lets_in(b"\0\x7f\xff\xff" + b"x" * 100), "announced a frame of"),
    "an endless answer": (flood(message(88, b"x" * 60_000)), "more than 4194304 bytes"),
    "no frame": (lets_in(b"\xff" * 100), "no message of TWS"),
    "a frame without a number": (lets_in(b"\0\0\0\x02ab"), "a message of 2 bytes"),
    "an empty answer": (lets_in(message(110)), "without the settings of the API"),
    "a broken answer": (lets_in(message(110, b"\x0b")), "wire type 3"),
    "a broken error": (lets_in(message(4, b"\x22\xff")), "no message of TWS"),
    "its own words": (lets_in(error(162, "Sorry")), "TWS said: 162: Sorry"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_is_answered_the_settings_are_not_known(
    serve: Callable[..., int], name: str
) -> None:
    speak, says = HOSTILE[name]
    began = time.monotonic()
    why = ask(serve(speak))
    assert time.monotonic() - began < 1.5 + SPARE
    assert isinstance(why, str)
    assert says in why
    assert why.isprintable()


def test_an_answer_of_random_bytes_is_not_known_or_has_settings_that_can_be(
    serve: Callable[..., int],
) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    bodies = [chance.randbytes(chance.randrange(1, 200)) for _ in range(40)]
    left = iter(bodies)
    port = serve(lambda connection: lets_in(message(110, next(left)))(connection))
    for _ in bodies:
        answer = ask(port)
        assert isinstance(answer, str | TwsSettings)


def drip(connection: socket.socket) -> None:
    lets_in(b"\0\0\1\0")(connection)
    while True:
        connection.sendall(b"x")
        time.sleep(0.05)


@pytest.mark.parametrize(
    "speak",
    [
        drip,
        flood(b"\0\0\0\x04\0\0\0\xd1" * 10_000),
        flood(error(2104, "ok") * 1_000),
        flood(b"\0\x20\0\0" + b"x" * 65_536),
        flood(config_response(Config(), 1, b"\x08\x01")[:-1]),
    ],
    ids=["drip", "small frames", "errors", "long frames", "answers without an end"],
)
def test_a_drip_or_a_flood_costs_neither_memory_nor_time(
    serve: Callable[..., int], speak: Speak
) -> None:
    port = serve(speak)
    tracemalloc.start()
    try:
        began = time.monotonic()
        answer = ask(port)
        took, peak = time.monotonic() - began, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(answer, str | TwsSettings)
    assert took < 1.5 + SPARE
    assert peak < 4 * tws_settings_session.MAX_RECEIVED


def test_a_session_that_is_cancelled_leaves_no_socket() -> None:
    async def play(port: int) -> None:
        asking = asyncio.create_task(
            ask_for_settings(replace(TARGET, port=port), ConnectionRegistry())
        )
        while not any(record.messages for record in gateway.conversations):
            await asyncio.sleep(0.005)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    with running(replace(NEWEST, delay=0.2)) as gateway:
        asyncio.run(play(gateway.port), debug=True)
        wait_for(lambda: gateway.conversations[0].ending is Ending.PEER_CLOSED)
