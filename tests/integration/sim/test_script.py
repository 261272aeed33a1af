"""A script decides for one client and one moment; the rest goes the ordinary way."""

from __future__ import annotations

import socket
from contextlib import closing

from support.polling import PATIENCE, wait_for
from support.scripted_gateway import (
    AnswersOnly,
    CommandServer,
    DropsSessions,
    MutesOldConnections,
    RefusesIds,
    SaysAtStart,
    Sends,
    ServesEveryNth,
)
from traymon.sim.gateway import Running, running
from traymon.sim.script import ORDINARY

HELLO = b"API\0\0\0\0\x09v100..176"


def call(gateway: Running, *, hello: bytes = HELLO) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", gateway.port), PATIENCE)
    sock.sendall(hello)
    return sock


def start(gateway: Running, client_id: int) -> socket.socket:
    sock = call(gateway)
    assert frame(sock)[0] == "176"
    ask(sock, 71, 2, client_id, "")
    return sock


def ask(sock: socket.socket, *fields: object) -> None:
    body = "".join(f"{field}\0" for field in fields).encode()
    sock.sendall(len(body).to_bytes(4, "big") + body)


def take(sock: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count and (more := sock.recv(count - len(data))):
        data += more
    return data


def frame(sock: socket.socket) -> list[str]:
    """Return the fields of the next frame; [""] at the end of the stream."""
    body = take(sock, int.from_bytes(take(sock, 4), "big"))
    return body.decode().removesuffix("\0").split("\0")


def is_served(gateway: Running, client_id: int) -> bool:
    with closing(start(gateway, client_id)) as sock:
        return frame(sock)[0] == "15"


def test_words_can_be_said_before_a_session_starts() -> None:
    with running(script=SaysAtStart((10141, "first"), (1100, "then"))) as gateway:
        with closing(start(gateway, 1)) as sock:
            assert frame(sock)[:5] == ["4", "2", "-1", "10141", "first"]
            assert frame(sock)[:5] == ["4", "2", "-1", "1100", "then"]
            assert frame(sock) == [""]
        gateway.script = ORDINARY
        assert is_served(gateway, 1)


def test_a_session_can_be_dropped_soon_after_it_began() -> None:
    with running(script=DropsSessions(0.05)) as gateway, closing(start(gateway, 1)) as sock:
        kinds = [frame(sock)[0] for _ in range(6)]
    assert kinds == ["15", "9", "4", "4", "4", ""]


def test_one_client_id_can_be_refused_with_or_without_326() -> None:
    with running(script=RefusesIds(1)) as gateway, closing(start(gateway, 1)) as sock:
        assert frame(sock)[3] == "326"
        assert frame(sock) == [""]
        assert is_served(gateway, 2)
    with running(script=RefusesIds(1, with_326=False)) as gateway:
        with closing(start(gateway, 1)) as sock:
            assert frame(sock) == [""]
        assert is_served(gateway, 2)
    with running(script=RefusesIds(refuses=lambda client_id: client_id >= 5)) as gateway:
        assert is_served(gateway, 4)
        assert not is_served(gateway, 5)


def test_old_connections_can_go_mute_while_new_ones_are_served() -> None:
    script = MutesOldConnections()
    with running(script=script) as gateway, closing(start(gateway, 1)) as old:
        assert frame(old)[0] == "15"
        script.mute()
        ask(old, 49, 1)
        wait_for(lambda: gateway.conversations[0].received.endswith(b"49\x001\0"))
        assert is_served(gateway, 2)
        assert gateway.conversations[0].messages == (71,)
        assert gateway.conversations[0].closed_at is None


def test_single_requests_can_stay_unanswered() -> None:
    with running(script=AnswersOnly(49)) as gateway, closing(start(gateway, 1)) as sock:
        ask(sock, 8, 1, 1)
        ask(sock, 49, 1)
        assert [frame(sock)[0] for _ in range(6)] == ["15", "9", "4", "4", "4", "49"]


def test_every_second_hello_can_be_the_only_one_answered() -> None:
    with running(script=ServesEveryNth(2)) as gateway, closing(call(gateway)) as first:
        wait_for(lambda: [c for c in gateway.conversations if c.hello])
        with closing(call(gateway)) as second:
            assert frame(second)[0] == "176"
        gateway.stop()
        assert frame(first) == [""]


def test_bytes_that_are_no_frame_can_be_sent_again_and_again() -> None:
    script = Sends(b"\0\xff\xff\xffxx", every=0.01)
    with running(script=script) as gateway, closing(start(gateway, 1)) as sock:
        for _ in range(5):
            frame(sock)
        assert take(sock, 12) == 2 * b"\0\xff\xff\xffxx"


def test_a_command_server_speaks_lines_and_knows_no_hello() -> None:
    with (
        running(script=CommandServer("INFO IBC Command Server")) as gateway,
        closing(call(gateway, hello=HELLO + b"\r\n")) as sock,
        sock.makefile() as lines,
    ):
        assert lines.readline() == "INFO IBC Command Server\n"
        assert lines.readline() == "ERROR Command invalid\n"
        assert not gateway.conversations[0].hello
