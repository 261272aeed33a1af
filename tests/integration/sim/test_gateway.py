"""The simulated Gateway, byte by byte, by plain sockets."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import subprocess
import sys
import time
from contextlib import closing

import pytest

from support.polling import PATIENCE, wait_for
from support.repository import ROOT
from traymon.sim.gateway import (
    HEALTHY,
    Behaviour,
    Conversation,
    Ending,
    Gateway,
    Hello,
    Running,
    running,
)

HELLO = b"API\0\0\0\0\x09v100..176"
TLS_HELLO = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"


def call(port: int, data: bytes = b"") -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port), PATIENCE)
    if data:
        sock.sendall(data)
    return sock


def take(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := sock.recv(min(count - len(data), 1 << 16))):
        data += more
    return data


def take_frame(sock: socket.socket) -> list[str]:
    return take(sock, int.from_bytes(take(sock, 4), "big")).decode("latin-1").split("\0")[:-1]


def take_all(sock: socket.socket) -> bytes:
    return take(sock, 1 << 30)


def tell(sock: socket.socket, *fields: object) -> None:
    body = "".join(f"{field}\0" for field in fields).encode()
    sock.sendall(len(body).to_bytes(4, "big") + body)


def last(gateway: Running) -> Conversation:
    wait_for(lambda: bool(gateway.conversations))
    return gateway.conversations[-1]


def start_session(port: int, client_id: int) -> socket.socket:
    sock = call(port, HELLO)
    take_frame(sock)
    tell(sock, 71, 2, client_id, "")
    return sock


def ask_for_ever_and_read_nothing(sock: socket.socket) -> None:
    while True:
        sock.sendall(b"\0\0\0\x0549\x001\0" * 10_000)


def said_until_stopped(behaviour: Behaviour, data: bytes) -> bytes:
    """Every byte that a Gateway which never ends the connection says to `data`."""
    with running(behaviour) as gateway, closing(call(gateway.port, data)) as sock:
        wait_for(lambda: last(gateway).received == data)
        gateway.stop()
        return take_all(sock)


def test_a_healthy_gateway_answers_the_hello_with_one_frame_of_two_fields() -> None:
    with running() as gateway, closing(call(gateway.port, HELLO)) as sock:
        version, connected_at = take_frame(sock)
        assert version == "176"
        time.strptime(connected_at, "%Y%m%d %H:%M:%S UTC")
        assert last(gateway).exchanged_versions
        assert (last(gateway).hello, last(gateway).version_sent) == ("v100..176", 176)


@pytest.mark.parametrize(
    ("server", "offer", "agreed"),
    [(193, "v100..176", "176"), (150, "v100..176", "150"), (193, "v100..178 +PACEAPI", "178")],
)
def test_the_version_is_the_lower_of_the_two_highest(server: int, offer: str, agreed: str) -> None:
    hello = b"API\0" + len(offer).to_bytes(4, "big") + offer.encode()
    with (
        running(Behaviour(server_version=server)) as gateway,
        closing(call(gateway.port, hello)) as sock,
    ):
        assert take_frame(sock)[0] == agreed


@pytest.mark.parametrize("offer", [b"v194..226", b"v213..225", b"v200..200"])
def test_a_client_that_is_too_new_gets_no_answer_as_from_a_real_gateway(offer: bytes) -> None:
    hello = b"API\0" + len(offer).to_bytes(4, "big") + offer
    assert said_until_stopped(HEALTHY, hello) == b""


def test_the_newest_gateway_speaks_protobuf_to_clients_that_can_and_text_to_others() -> None:
    newest = b"API\0\0\0\0\x09v100..226"
    start, ask = b"\0\0\0\x06\0\0\x01\x0f\x08\x01", b"\0\0\0\x06\0\0\x01\x34\x08\x05"

    def numbers(sock: socket.socket, count: int) -> list[int]:
        with sock.makefile("rb") as stream:
            found = []
            for _ in range(count):
                body = stream.read(int.from_bytes(stream.read(4), "big"))
                found.append(int.from_bytes(body[:4], "big"))
            return found

    with running(Behaviour(server_version=226)) as gateway:
        with closing(call(gateway.port, newest)) as sock:
            assert take_frame(sock)[0] == "226"
            sock.sendall(start + ask)
            assert numbers(sock, 6) == [215, 209, 204, 204, 204, 310]
            with closing(call(gateway.port, newest)) as other:
                assert take_frame(other)[0] == "226"
                other.sendall(start)
                assert numbers(other, 1) == [204], "the ID is in use"
        assert gateway.conversations[0].messages == (271, 308)
        with closing(start_session(gateway.port, 2)) as sock:
            assert take_frame(sock)[0] == "15"


@pytest.mark.parametrize("version", [194, 200, 212])
def test_between_text_and_protobuf_the_hello_alone_is_answered(version: int) -> None:
    hello = b"API\0\0\0\0\x09v100..226"
    start = b"\0\0\0\x0d71\x002\x001\x00\x00" + b"\0" * 6
    said = said_until_stopped(Behaviour(server_version=version), hello + start)
    assert said[4:].startswith(b"%d\0" % version)
    assert len(said) == 4 + int.from_bytes(said[:4], "big")


@pytest.mark.parametrize(
    ("version", "count"),
    # 157 has the message's version and the size multiplier; 163 one size more; 164 three sizes
    # for all of them; 182 a second date; 186 the number of reasons against an order.
    [(110, 33), (157, 39), (163, 40), (164, 40), (181, 40), (182, 41), (186, 42), (193, 42)],
)
def test_contract_details_have_as_many_fields_as_the_agreed_version(
    version: int, count: int
) -> None:
    behaviour = Behaviour(server_version=version, hours="20261123:0930-20261123:1600")
    offer = b"API\0\0\0\0\x09v100..226"
    with running(behaviour) as gateway, closing(call(gateway.port, offer)) as sock:
        take_frame(sock)
        tell(sock, 71, 2, 1, "")
        tell(sock, 9, 8, 5, 0, "SPY", "STK", "", 0, "", "", "SMART", "", "USD", "", "", 0, "", "")
        while (fields := take_frame(sock))[0] != "10":
            pass
        assert len(fields) == count
        assert take_frame(sock) == ["52", "1", "5"]


@pytest.mark.parametrize(("version", "fields"), [(165, 5), (166, 6)])
def test_an_unknown_contract_is_an_error_in_the_layout_of_every_error(
    version: int, fields: int
) -> None:
    with (
        running(Behaviour(server_version=version)) as gateway,
        closing(start_session(gateway.port, 1)) as sock,
    ):
        tell(sock, 9, 8, 5, 0, "NONE", "STK")
        while (answer := take_frame(sock))[3:4] != ["200"]:
            pass
        assert answer[2] == "5"
        assert len(answer) == fields


def test_a_hello_in_single_bytes_is_understood() -> None:
    with running() as gateway, closing(call(gateway.port)) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for index in range(len(HELLO)):
            sock.sendall(HELLO[index : index + 1])
            while len(last(gateway).received) <= index:
                time.sleep(0.001)
        assert take_frame(sock)[0] == "176"


def test_a_started_client_gets_accounts_order_id_and_farm_notices() -> None:
    behaviour = Behaviour(accounts=("DU1", "DU2"), next_order_id=42)
    with running(behaviour) as gateway, closing(start_session(gateway.port, 977)) as sock:
        assert take_frame(sock) == ["15", "1", "DU1,DU2"]
        assert take_frame(sock) == ["9", "1", "42"]
        notices = [take_frame(sock) for _ in range(3)]
        assert [notice[:4] for notice in notices] == [
            ["4", "2", "-1", "2104"],
            ["4", "2", "-1", "2106"],
            ["4", "2", "-1", "2158"],
        ]
        tell(sock, 49, 1)
        kind, _, now = take_frame(sock)
        assert kind == "49"
        assert abs(int(now) - time.time()) < 60
        assert last(gateway).messages == (71, 49)
        assert last(gateway).client_id == 977


def test_an_error_ends_with_a_json_field_from_version_166_on() -> None:
    for version, fields in ((165, 5), (166, 6)):
        with (
            running(Behaviour(server_version=version)) as gateway,
            closing(start_session(gateway.port, 1)) as sock,
        ):
            take_frame(sock)
            take_frame(sock)
            assert len(take_frame(sock)) == fields


def test_nothing_is_answered_before_the_session_starts() -> None:
    with running() as gateway, closing(call(gateway.port, HELLO)) as sock:
        take_frame(sock)
        tell(sock, 49, 1)
        tell(sock, 71, 2, 5, "")
        assert take_frame(sock)[0] == "15"


def test_a_second_user_of_a_client_id_gets_326_and_the_end_of_stream() -> None:
    with running() as gateway, closing(start_session(gateway.port, 7)) as first:
        assert take_frame(first)[0] == "15"
        with closing(start_session(gateway.port, 7)) as second:
            assert take_frame(second)[:4] == ["4", "2", "-1", "326"]
            assert second.recv(1) == b""
        wait_for(lambda: last(gateway).closed_at is not None)
        assert last(gateway).ending is Ending.CLOSED_BY_US
        assert last(gateway).client_id is None
        tell(first, 49, 1)  # the first user is served as before
        while take_frame(first)[0] != "49":
            pass


def test_a_second_start_in_a_session_is_ignored() -> None:
    with running() as gateway, closing(start_session(gateway.port, 1)) as sock:
        tell(sock, 71, 2, 2, "")
        tell(sock, 8, 1, 1)
        kinds = [take_frame(sock)[0] for _ in range(6)]
        assert kinds == ["15", "9", "4", "4", "4", "9"]
        assert last(gateway).client_id == 1


def test_a_client_id_is_free_when_its_holder_has_gone() -> None:
    with running() as gateway:
        with closing(start_session(gateway.port, 7)) as first:
            assert take_frame(first)[0] == "15"
        wait_for(lambda: gateway.conversations[0].closed_at is not None)
        with closing(start_session(gateway.port, 7)) as second:
            assert take_frame(second)[0] == "15"


def test_a_client_id_stays_taken_for_the_release_delay() -> None:
    with running(Behaviour(release_delay=0.5)) as gateway:

        def is_let_in() -> bool:
            with closing(start_session(gateway.port, 7)) as sock:
                return take_frame(sock)[0] == "15"

        with closing(start_session(gateway.port, 7)) as holder:
            assert take_frame(holder)[0] == "15"
            leaves = time.monotonic()
        wait_for(is_let_in)
        assert time.monotonic() - leaves >= 0.45


def test_an_answer_waits_for_the_delay() -> None:
    with running(Behaviour(delay=0.3)) as gateway:
        began = time.monotonic()
        with closing(call(gateway.port, HELLO)) as sock:
            assert take_frame(sock)[0] == "176"
        assert time.monotonic() - began >= 0.29


def test_byte_by_byte_is_the_right_answer_with_a_pause_after_each_byte() -> None:
    began = time.monotonic()
    with (
        running(Behaviour(hello=Hello.BYTE_BY_BYTE)) as gateway,
        closing(call(gateway.port, HELLO)) as sock,
    ):
        assert take_frame(sock)[0] == "176"
        assert time.monotonic() - began >= 0.025  # 30 bytes, a millisecond apart
        assert last(gateway).version_sent == 176


def test_news_come_as_a_frame_before_the_version() -> None:
    with (
        running(Behaviour(hello=Hello.NEWS_FIRST)) as gateway,
        closing(call(gateway.port, HELLO)) as sock,
    ):
        assert take_frame(sock)[0] == "14"
        assert take_frame(sock)[0] == "176"


def test_a_foreign_connection_time_is_not_utf_8() -> None:
    with (
        running(Behaviour(hello=Hello.FOREIGN_TIME)) as gateway,
        closing(call(gateway.port, HELLO)) as sock,
    ):
        body = take(sock, int.from_bytes(take(sock, 4), "big"))
        version, connected_at, _ = body.split(b"\0")
        assert version == b"176"
        assert "中国" in connected_at.decode("gbk")
        with pytest.raises(UnicodeDecodeError):
            connected_at.decode("utf-8")


def test_a_version_that_is_no_number_comes_in_a_good_frame() -> None:
    with (
        running(Behaviour(hello=Hello.VERSION_ABC)) as gateway,
        closing(call(gateway.port, HELLO)) as sock,
    ):
        assert take_frame(sock)[0] == "abc"


def test_half_a_frame_is_half_of_the_version_reply() -> None:
    said = said_until_stopped(Behaviour(hello=Hello.HALF_FRAME), HELLO)
    assert said[4:8] == b"176\0"
    assert 4 < len(said) < 4 + int.from_bytes(said[:4], "big")


def test_a_drip_comes_slowly_and_stays_within_the_length_it_claims() -> None:
    with (
        running(Behaviour(hello=Hello.DRIP)) as gateway,
        closing(call(gateway.port, HELLO)) as sock,
    ):
        began = time.monotonic()
        data = take(sock, 6)
        assert time.monotonic() - began >= 0.9
        assert int.from_bytes(data[:4], "big") == 0xFFFF
        assert last(gateway).version_sent is None


def test_a_silent_gateway_says_nothing_and_stays_open_after_its_peer_left() -> None:
    with running(Behaviour(hello=Hello.SILENT)) as gateway, closing(call(gateway.port)) as sock:
        sock.sendall(HELLO)
        sock.shutdown(socket.SHUT_WR)
        wait_for(lambda: last(gateway).ending is Ending.PEER_CLOSED)
        assert last(gateway).hello == "v100..176"
        assert last(gateway).closed_at is None
        gateway.stop()
        assert take_all(sock) == b""
        assert last(gateway).closed_at is not None
        assert last(gateway).ending is Ending.PEER_CLOSED


def test_a_healthy_gateway_closes_when_its_peer_does() -> None:
    with running() as gateway, closing(call(gateway.port, HELLO)) as sock:
        take_frame(sock)
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(1) == b""
        wait_for(lambda: last(gateway).closed_at is not None)
        assert last(gateway).ending is Ending.PEER_CLOSED


def test_a_tls_gateway_answers_a_real_client_hello_with_a_server_hello_that_passes() -> None:
    context = ssl.create_default_context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    with (
        running(Behaviour(hello=Hello.TLS)) as gateway,
        closing(call(gateway.port, outgoing.read())) as sock,
    ):
        head = take(sock, 5)
        assert head[:3] == b"\x16\x03\x03"
        incoming.write(head + take(sock, int.from_bytes(head[3:], "big")))
    with pytest.raises(ssl.SSLWantReadError):  # it waits for the certificate
        client.do_handshake()


def test_a_tls_gateway_says_nothing_to_the_plain_hello() -> None:
    assert said_until_stopped(Behaviour(hello=Hello.TLS), HELLO) == b""


def test_what_is_no_hello_gets_no_answer_from_a_healthy_gateway() -> None:
    assert said_until_stopped(HEALTHY, b"GET / HTTP/1.1\r\n\r\n") == b""
    assert said_until_stopped(HEALTHY, TLS_HELLO) == b""
    assert said_until_stopped(HEALTHY, b"API\0\0\0\0\x03abc") == b""


def test_a_closing_gateway_ends_the_stream_without_a_byte_and_without_a_reset() -> None:
    with running(Behaviour(hello=Hello.CLOSE)) as gateway:
        for _ in range(50):
            with closing(call(gateway.port)) as sock:
                sock.sendall(HELLO)
                assert sock.recv(1) == b""
        wait_for(lambda: all(c.closed_at is not None for c in gateway.conversations))
        assert {c.ending for c in gateway.conversations} == {Ending.CLOSED_BY_US}


def test_a_resetting_gateway_resets_without_a_byte() -> None:
    with running(Behaviour(hello=Hello.RESET)) as gateway:
        for _ in range(50):
            with closing(call(gateway.port, HELLO)) as sock, pytest.raises(ConnectionResetError):
                sock.recv(1)


def test_a_web_server_answers_400_and_closes() -> None:
    with (
        running(Behaviour(hello=Hello.HTTP)) as gateway,
        closing(call(gateway.port, HELLO)) as sock,
    ):
        assert take_all(sock).startswith(b"HTTP/1.1 400 ")


def test_an_ssh_server_speaks_first() -> None:
    with running(Behaviour(hello=Hello.SSH)) as gateway, closing(call(gateway.port)) as sock:
        assert take(sock, 8) == b"SSH-2.0-"


@pytest.mark.parametrize("hello", [Hello.GARBAGE, Hello.HUGE_LENGTH])
def test_garbage_begins_with_a_length_beyond_every_frame(hello: Hello) -> None:
    with running(Behaviour(hello=hello)) as gateway, closing(call(gateway.port, HELLO)) as sock:
        assert int.from_bytes(take(sock, 4), "big") > 0xFFFFFF


def test_a_new_behaviour_rules_connections_that_stand() -> None:
    with running() as gateway, closing(start_session(gateway.port, 1)) as sock:
        while take_frame(sock)[:4] != ["4", "2", "-1", "2158"]:
            pass
        gateway.behaviour = Behaviour(hello=Hello.SILENT)
        tell(sock, 49, 1)
        wait_for(lambda: last(gateway).messages == (71, 49))
        gateway.behaviour = HEALTHY
        tell(sock, 17, 1)
        assert take_frame(sock)[0] == "15"  # and no answer to 49 before it


def test_the_record_tells_how_a_peer_left() -> None:
    with running() as gateway:
        with closing(call(gateway.port)):
            wait_for(lambda: len(gateway.conversations) == 1)
            assert last(gateway).ending is Ending.OPEN
        wait_for(lambda: last(gateway).ending is Ending.PEER_CLOSED)
        assert not last(gateway).exchanged_versions
        with closing(call(gateway.port, HELLO)) as sock:
            take(sock, 1)  # the rest stays unread, so that closing resets
        wait_for(lambda: len(gateway.conversations) == 2 and last(gateway).closed_at is not None)
        assert last(gateway).ending is Ending.RESET


def test_a_hostile_client_costs_bounded_memory() -> None:
    flood = b"x" * (1 << 20)
    with running() as gateway:
        with closing(call(gateway.port, b"API\0\xff\xff\xff\xff")) as sock:
            sock.sendall(flood)
            wait_for(lambda: len(last(gateway).received) == 64 * 1024)
        with closing(call(gateway.port, HELLO)) as sock:
            take_frame(sock)
            tell(sock, 71, 2, 1, "")
            with pytest.raises((ConnectionResetError, BrokenPipeError)):
                ask_for_ever_and_read_nothing(sock)
        wait_for(lambda: last(gateway).closed_at is not None)
        assert last(gateway).ending is Ending.CLOSED_BY_US
        assert len(last(gateway).received) == 64 * 1024


def test_it_starts_again_on_the_same_port_with_all_client_ids_free() -> None:
    with running(Behaviour(release_delay=1000)) as gateway:
        port = gateway.port
        with closing(start_session(port, 7)) as first:
            assert take_frame(first)[0] == "15"
            gateway.stop()
            with pytest.raises(ConnectionRefusedError):
                call(port)
            gateway.start()
            assert gateway.port == port
            with closing(start_session(port, 7)) as second:
                assert take_frame(second)[0] == "15"


def test_stop_leaves_no_task_and_no_connection_behind() -> None:
    async def stop_amid_clients() -> None:
        gateway = Gateway(Behaviour(hello=Hello.DRIP))
        await gateway.start()
        writers = []
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
            writer.write(HELLO)
            writers.append(writer)
        await gateway.stop()
        assert all(c.closed_at is not None for c in gateway.conversations)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        for writer in writers:
            writer.close()
        await asyncio.gather(*(w.wait_closed() for w in writers), return_exceptions=True)

    asyncio.run(stop_amid_clients(), debug=True)
    gc.collect()  # a socket left behind would warn now, and warnings are errors


@pytest.mark.parametrize("rounds", range(6))
def test_stop_closes_a_connection_that_is_just_being_accepted(rounds: int) -> None:
    async def stop_after(rounds: int) -> None:
        gateway = Gateway()
        await gateway.start()
        with closing(call(gateway.port, HELLO)):
            for _ in range(rounds):
                await asyncio.sleep(0)
            await gateway.stop()
        assert all(c.closed_at is not None for c in gateway.conversations)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(stop_after(rounds))
    gc.collect()


def test_two_hundred_version_exchanges_are_two_hundred_records() -> None:
    with running() as gateway:
        for _ in range(200):
            with closing(call(gateway.port, HELLO)) as sock:
                take_frame(sock)
                sock.shutdown(socket.SHUT_WR)
                assert sock.recv(1) == b""
        wait_for(lambda: all(c.closed_at is not None for c in gateway.conversations))
        assert len(gateway.conversations) == 200
        assert all(c.exchanged_versions for c in gateway.conversations)
        assert {c.received for c in gateway.conversations} == {HELLO}
        assert {c.ending for c in gateway.conversations} == {Ending.PEER_CLOSED}


def test_the_simulator_needs_the_standard_library_alone_and_nothing_of_ours() -> None:
    code = "import sys, traymon.sim.scenarios; print(*(m for m in sys.modules if 'traymon' in m))"
    loaded = subprocess.run(
        [sys.executable, "-S", "-c", code],  # -S: without installed packages
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert "traymon.sim.scenarios" in loaded
    assert {m for m in loaded if m != "traymon" and not m.startswith("traymon.sim")} == set()
