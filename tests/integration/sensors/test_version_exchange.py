"""One version exchange with whatever listens: what every answer is taken for."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from traymon.core.vocabulary import Symptom
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.version_exchange import Answer, answers_tls, exchange_versions
from traymon.sim.gateway import Behaviour, Hello, running
from traymon.sim.stage_props import nobody_listens

LONG, SHORT = 5.0, 0.3  # seconds: for what answers, for what never does
SMALL_FRAME = b"\0\0\0\6a\0b\0c\0"


def ask(port: int, timeout: float = LONG, host: str = "127.0.0.1") -> Answer:
    return asyncio.run(exchange_versions(host, port, timeout, ConnectionRegistry()))


def reset(connection: socket.socket) -> None:
    linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    connection.close()


def read_to_the_end(connection: socket.socket) -> None:
    while connection.recv(65_536):
        pass


@pytest.mark.parametrize(
    ("spoken", "symptom", "says"),
    [
        (Hello.ANSWER, Symptom.OK, "API version 193"),
        (Hello.BYTE_BY_BYTE, Symptom.OK, "API version 193"),
        (Hello.NEWS_FIRST, Symptom.OK, "API version 193"),
        (Hello.FOREIGN_TIME, Symptom.OK, "中国标准时间"),
        (Hello.CLOSE, Symptom.CLOSED, "closed without a reply"),
        (Hello.RESET, Symptom.RESET, "reset"),
        (Hello.HTTP, Symptom.NOT_IB, "HTTP/1.1 400"),
        (Hello.SSH, Symptom.NOT_IB, "SSH-2.0"),
        (Hello.GARBAGE, Symptom.NOT_IB, r"\xff\xfe"),
        (Hello.HUGE_LENGTH, Symptom.NOT_IB, r"\xff\xff\xff\xff"),
        (Hello.VERSION_ABC, Symptom.NOT_IB, "'abc' as its version"),
    ],
)
def test_an_answer_is_told_as_soon_as_it_is_clear(
    spoken: Hello, symptom: Symptom, says: str
) -> None:
    with running(Behaviour(hello=spoken)) as gateway:
        answer = ask(gateway.port)
    assert (answer.symptom, answer.took < LONG) == (symptom, True)
    assert says in answer.detail
    assert (answer.version == 193) == (symptom is Symptom.OK)


@pytest.mark.parametrize(
    ("spoken", "symptom", "says"),
    [
        (Hello.SILENT, Symptom.SILENT, "no reply"),
        (Hello.HALF_FRAME, Symptom.UNFINISHED, "then no end in time"),
        (Hello.DRIP, Symptom.UNFINISHED, "then no end in time"),
    ],
)
def test_what_never_completes_ends_at_the_deadline(
    spoken: Hello, symptom: Symptom, says: str
) -> None:
    with running(Behaviour(hello=spoken)) as gateway:
        answer = ask(gateway.port, SHORT)
    assert answer.symptom is symptom
    assert says in answer.detail
    assert SHORT <= answer.took < SHORT + 1.0


@pytest.mark.parametrize(
    ("reply", "symptom", "says"),
    [
        (b"\0\0\0\0", Symptom.NOT_IB, "a frame of 0 bytes"),
        (b"\0\1\0\1", Symptom.NOT_IB, "a frame of 65537 bytes"),
        (b"\0\0\0\4abcd", Symptom.NOT_IB, "a frame 'abcd'"),
        (bytes(range(1, 256)), Symptom.NOT_IB, r"\x01\x02"),
        (b"\x15\3\3\0\2\2\x0a", Symptom.TLS, "a TLS record (1503030002)"),  # what Java answers
        (b"\0\0", Symptom.UNFINISHED, "2 bytes, then closed"),
        (b"\0\0\0\x2c176\0", Symptom.UNFINISHED, "8 bytes, then closed"),
        (SMALL_FRAME, Symptom.UNFINISHED, "10 bytes, then closed"),
        (b"\0\0\0\x11-1\x0010.0.0.1:4001\0", Symptom.UNFINISHED, "redirects to 10.0.0.1:4001"),
    ],
)
def test_a_reply_and_then_the_end(
    serve: Callable[..., int], reply: bytes, symptom: Symptom, says: str
) -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(reply)

    answer = ask(serve(speak))
    assert (answer.symptom, answer.version) == (symptom, None)
    assert says in answer.detail


@pytest.mark.parametrize(
    ("version", "says"),
    [
        (176, "API version 176, its time 2026-11-27 10:15:30 UTC"),
        (201, "API version 201, its time"),  # what follows the reply would be no text any more
        (219, "API version 219 (TWS 10.43), its time"),
        (220, "API version 220, its time"),
        (226, "API version 226 (TWS 10.50 or newer), its time"),
        (227, "API version 227, more than the 226 that was offered, its time"),
    ],
)
def test_a_version_is_told_with_the_tws_that_has_it(
    serve: Callable[..., int], version: int, says: str
) -> None:
    fields = f"{version}\x0020261127 10:15:30 UTC\0".encode()

    def speak(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(struct.pack(">I", len(fields)) + fields)

    answer = ask(serve(speak))
    assert (answer.symptom, answer.version) == (Symptom.OK, version)
    assert says in answer.detail


def test_a_reset_in_the_middle_of_an_answer_is_an_unfinished_one(
    serve: Callable[..., int],
) -> None:
    def speak(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"\0\0\0\x2c176\0")
        reset(connection)

    answer = ask(serve(speak))
    assert answer.symptom is Symptom.UNFINISHED
    assert "8 bytes, then: " in answer.detail


def test_a_client_that_the_server_never_reads_is_silence(serve: Callable[..., int]) -> None:
    left = threading.Event()
    answer = ask(serve(lambda _: left.wait(LONG)), SHORT)
    left.set()
    assert answer.symptom is Symptom.SILENT


# TLS


def test_a_tls_server_that_is_silent_to_plain_bytes_answers_a_tls_hello(
    serve: Callable[..., int], tmp_path: Path
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl for a certificate")
    files = {kind: str(tmp_path / kind) for kind in ("key", "certificate")}
    subprocess.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=test -days 1"
        f" -keyout {files['key']} -out {files['certificate']}".split(),
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files["certificate"], files["key"])

    def speak(connection: socket.socket) -> None:
        if connection.recv(1, socket.MSG_PEEK) == b"\x16":
            context.wrap_socket(connection, server_side=True).close()
        else:
            read_to_the_end(connection)

    port = serve(speak)
    assert ask(port, SHORT).symptom is Symptom.SILENT
    assert asyncio.run(answers_tls("127.0.0.1", port, LONG, ConnectionRegistry()))


@pytest.mark.parametrize("spoken", [Hello.SILENT, Hello.CLOSE, Hello.RESET, Hello.HTTP])
def test_what_does_not_speak_tls_does_not_answer_a_tls_hello(spoken: Hello) -> None:
    with running(Behaviour(hello=spoken)) as gateway:
        assert not asyncio.run(answers_tls("127.0.0.1", gateway.port, SHORT, ConnectionRegistry()))


def test_a_port_that_refuses_does_not_answer_a_tls_hello() -> None:
    with nobody_listens(0) as port:
        assert not asyncio.run(answers_tls("127.0.0.1", port, SHORT, ConnectionRegistry()))
