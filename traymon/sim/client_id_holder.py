"""The client's half of the wire, as a trading program: `client_id_holder.py PORT CLIENT_ID`.

Holds a session with the client ID until it is killed or its standard input ends, so it never
outlives the program that started it. With `--every SECONDS` it retries when it is refused. Prints
`holds 10`, or `refused 10` per refusal. Scenarios copy this file under other names and run it, so
it must not import anything but the standard library.
"""

import argparse
import os
import socket
import struct
import sys
import threading
import time

REFUSED_EXIT_DELAY = 5.0  # seconds before it exits when refused; client libraries wait as long
SESSION_STARTED = (b"9", b"15")  # next valid ID, managed accounts


def main() -> int:
    """Hold the ID; return 1 if it was refused."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("client_id", type=int)
    parser.add_argument("--every", type=float, default=0.0)
    options = parser.parse_args()
    threading.Thread(target=exit_with_stdin, daemon=True).start()
    while True:
        with socket.create_connection(("127.0.0.1", options.port)) as connection:
            if start_session(connection, options.client_id):
                print(f"holds {options.client_id}", flush=True)
                while connection.recv(65_536):
                    pass
                return 0
        print(f"refused {options.client_id}", flush=True)
        time.sleep(options.every or REFUSED_EXIT_DELAY)
        if not options.every:
            return 1


def start_session(connection: socket.socket, client_id: int) -> bool:
    """Send the hello and startApi; return whether a session started."""
    connection.sendall(HELLO)
    read_frame(connection)
    connection.sendall(session_request(client_id))
    while fields := read_frame(connection).split(b"\0"):
        if fields[0] in SESSION_STARTED:
            return True
        if fields[0] == b"":
            return False  # the Gateway closes after error 326; client libraries leave that to it
    return False


def frame(body: bytes) -> bytes:
    """Return a body prefixed with its length."""
    return struct.pack(">I", len(body)) + body


def session_request(client_id: int) -> bytes:
    """Return the request that starts a session with the client ID."""
    return frame(f"71\x002\x00{client_id}\x00\x00".encode())


HELLO = b"API\0" + frame(b"v100..176")


def read_frame(connection: socket.socket) -> bytes:
    """Return the next frame's body; empty at the end of the stream."""
    head = connection.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        return b""
    return connection.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL)


def exit_with_stdin() -> None:
    """Exit when standard input ends."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
