"""A trading program's part of the wire: `holder.py PORT CLIENT_ID [--every SECONDS]`.

Holds a session with the client ID until it is killed, or its standard input ends: so it never
outlives who started it. Copied about under other names, so it imports nothing but the library.
Prints one line: `holds 10`, or `refused 10` for each try that was turned away.
"""

import argparse
import os
import socket
import struct
import sys
import threading
import time

TURNED_AWAY_FOR = 5.0  # seconds that a program without --every lives on; client libraries wait so


def main() -> int:
    """Hold the ID; return 1 if it was refused."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("client_id", type=int)
    parser.add_argument("--every", type=float, default=0.0)
    wanted = parser.parse_args()
    threading.Thread(target=end_with_stdin, daemon=True).start()
    while True:
        with socket.create_connection(("127.0.0.1", wanted.port)) as connection:
            if begins(connection, wanted.client_id):
                print(f"holds {wanted.client_id}", flush=True)
                while connection.recv(65_536):
                    pass
                return 0
        print(f"refused {wanted.client_id}", flush=True)
        time.sleep(wanted.every or TURNED_AWAY_FOR)
        if not wanted.every:
            return 1


def begins(connection: socket.socket, client_id: int) -> bool:
    """Say hello and the ID; return whether a session began."""
    connection.sendall(b"API\0" + frame(b"v100..176"))
    read_frame(connection)
    connection.sendall(frame(f"71\x002\x00{client_id}\x00\x00".encode()))
    while fields := read_frame(connection).split(b"\0"):
        if fields[0] in (b"9", b"15"):
            return True
        if fields[0] == b"" or fields[3:4] == [b"326"]:
            return False
    return False


def frame(body: bytes) -> bytes:
    """Return a body with its length before it."""
    return struct.pack(">I", len(body)) + body


def read_frame(connection: socket.socket) -> bytes:
    """Return the next frame's body; empty at the end of the stream."""
    head = connection.recv(4, socket.MSG_WAITALL)
    if len(head) < 4:
        return b""
    return connection.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL)


def end_with_stdin() -> None:
    """End the program when its standard input ends."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
