"""A server that lets a session in as TWS does, and then floods it: a process of its own.

    python hostile_server.py MODE

Prints its port, and a line whenever it has told a session the time. Floods every session once a
line has arrived on standard input.
"""

from __future__ import annotations

import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count


def frame(*fields: object) -> bytes:
    body = "".join(f"{field}\0" for field in fields).encode()
    return struct.pack(">I", len(body)) + body


def says(code: int, text: str) -> bytes:
    return frame(4, 2, -1, code, text, "")


def _giant() -> Iterator[bytes]:
    yield b"\xff\xff\xff\xf0"
    while True:
        yield b"x" * 65_536


def _long() -> Iterator[bytes]:
    while True:
        yield b"\x00\xff\xff\xff" + bytes(0xFFFFFF)


def _farms_fast() -> Iterator[bytes]:
    for first in count(0, 100):
        yield b"".join(
            says(2103, f"Market data farm connection is broken:farm{number}")
            for number in range(first, first + 100)
        )


def _link() -> Iterator[bytes]:
    lists = "; ".join(f"farm{number}" for number in range(150))
    back = f"restored. The following farms are connected: {lists}. Not connected: {lists}."
    while True:
        yield (says(1100, "lost") + says(1102, "restored")) * 500 + says(1102, back) * 20


def _accounts() -> Iterator[bytes]:
    accounts = ",".join(f"U{number:07}" for number in range(1_600_000))
    while True:
        yield frame(15, 1, accounts)


def _small() -> Iterator[bytes]:
    while True:
        yield frame(9) * 10_000


def _errors() -> Iterator[bytes]:
    while True:
        yield says(162, "Historical Market Data Service error message: \\u884c\\u60c5") * 1_000


def _answers() -> Iterator[bytes]:
    while True:
        yield frame(49, 1, int(time.time())) * 1_000 + frame(10, 1, *"x" * 40) * 100


FLOODS: dict[str, Callable[[], Iterator[bytes]]] = {
    "giant": _giant,
    "long": _long,
    "farms_fast": _farms_fast,
    "link": _link,
    "accounts": _accounts,
    "small": _small,
    "errors": _errors,
    "answers": _answers,
}


def serve(connection: socket.socket, flood: Iterator[bytes], begin: threading.Event) -> None:
    """Answer hello, startApi and the time; flood from `begin` on."""
    with connection, suppress(OSError):
        connection.recv(100)
        connection.sendall(frame(176, "20261123 10:15:30 UTC"))
        if not connection.recv(100):
            return
        connection.sendall(frame(15, 1, "DU1234567") + frame(9, 1, 1))
        lock = threading.Lock()

        def pour() -> None:
            begin.wait()
            with suppress(OSError):
                for data in flood:
                    with lock:
                        connection.sendall(data)

        threading.Thread(target=pour, daemon=True).start()
        while connection.recv(100):
            with lock:
                connection.sendall(frame(49, 1, int(time.time())))
            print("told the time", flush=True)


def main() -> None:
    """Serve until standard input ends."""
    begin = threading.Event()
    flood = FLOODS[sys.argv[1]]

    def accept(server: socket.socket) -> None:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=serve, args=(connection, flood(), begin), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        sys.stdin.readline()
        begin.set()
        sys.stdin.read()


if __name__ == "__main__":
    main()
