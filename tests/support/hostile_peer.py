"""Peers of push channels that mean no good, or are broken: what a message must survive."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import repeat

CHUNK = 64 * 1024  # bytes
LARGE = 10 * 1024 * 1024  # bytes of an answer
Ending = threading.Event
Behaviour = Callable[[socket.socket, Ending], None]


def _say(*parts: bytes, pause: float = 0.0, first: float = 0.0) -> Behaviour:
    """Return a peer that says all this and ends; with a pause after each part."""

    def behave(connection: socket.socket, ending: Ending) -> None:
        connection.settimeout(1.0)
        with suppress(TimeoutError):
            connection.recv(CHUNK)
        for part in parts:
            connection.sendall(part)
            if ending.wait(pause):
                return

    return behave


def _say_forever(start: bytes, more: bytes) -> Behaviour:
    def behave(connection: socket.socket, ending: Ending) -> None:
        connection.sendall(start)
        for part in repeat(more * (CHUNK // len(more))):
            if ending.is_set():
                return
            connection.sendall(part)

    return behave


def _drip(text: bytes) -> Behaviour:
    """Return a peer that says a byte a second: it is never silent for long."""

    def behave(connection: socket.socket, ending: Ending) -> None:
        for byte in text:
            connection.sendall(bytes([byte]))
            if ending.wait(1.0):
                return

    return behave


def _hang(connection: socket.socket, ending: Ending) -> None:
    ending.wait()


def _leave(connection: socket.socket, ending: Ending) -> None:
    """Close at once."""


def _repeat(connection: socket.socket, ending: Ending) -> None:
    """Refuse a request with its own address, which may be a secret."""
    address = connection.recv(CHUNK).split()[1]
    connection.sendall(b"HTTP/1.1 404 No %s\r\nContent-Length: 0\r\n\r\n" % address)


def _redirect(where: str) -> Behaviour:
    return _say(f"HTTP/1.1 302 Found\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode())


OK, ERROR = b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 500 No\r\n"
WEB: Mapping[str, Behaviour] = {
    "drips": _drip(OK + b"Content-Length: 2\r\n\r\nok"),
    "hangs": _hang,
    "leaves": _leave,
    "talks garbage": _say(bytes(range(256)) * 4 + b"\r\n"),
    "answers with 10 MB": _say(
        ERROR + b"Content-Length: %d\r\n\r\n" % LARGE, *repeat(b"x" * CHUNK, LARGE // CHUNK)
    ),
    "breaks off its answer": _say(ERROR + b"Content-Length: 100\r\n\r\nhalf"),
    "answers without end": _say_forever(ERROR + b"\r\n", b"x"),
    "sends headers without end": _say_forever(OK, b"X-More: y\r\n"),
    "sends a header without end": _say_forever(OK + b"X-Long: ", b"y"),
    "always says to continue": _say_forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "leads elsewhere": _redirect("http://127.0.0.1:9/elsewhere"),
    "repeats the address": _repeat,
}
MAIL: Mapping[str, Behaviour] = {
    "drips": _drip(b"220 welcome to the mail server\r\n"),
    "hangs": _hang,
    "leaves": _leave,
    "talks garbage": _say(bytes(range(256)) * 4 + b"\r\n"),
    "greets without end": _say_forever(b"", b"220-more\r\n"),
    "sends a line without end": _say_forever(b"220 ", b"y"),
}


@contextmanager
def hostile_peer(behave: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve on a free port, which is yielded, until the context ends."""
    ending = Ending()
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if tls is None:
                behave(connection, ending)
            else:
                with tls.wrap_socket(connection, server_side=True) as secure:
                    behave(secure, ending)

    def accept() -> None:
        with suppress(OSError):
            while not ending.is_set():
                connection, _ = listener.accept()
                connection.settimeout(None)
                threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ending.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # ends `accept`
            for thread in (accepting, *threads):
                thread.join(10.0)
