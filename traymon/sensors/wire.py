"""Encode and decode TWS frames: the version hello, startApi and the answers to both.

Bytes only: no sockets, no clock, and no opinion about what an answer means for the user.

A frame is a 4-byte big-endian length followed by that many bytes of NUL-terminated fields. The
client opens with the raw bytes `API\\0` and one frame `v<min>..<max>`; the server answers with one
frame of two fields, its version and its time (ibapi `client.py`, ib_insync `client.py`).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import StrEnum

MIN_CLIENT_VERSION = 100  # the first with this handshake; a higher one hung a Gateway
SESSION_VERSION = 176  # as ib_insync 0.9.86; up to 193 frames and errors stay text
MAX_FRAME = 65_536  # bytes, before the version reply; IB's later limit is 0xFFFFFF
MAX_ANSWER = 262_144  # bytes in total before the version reply
MAX_TEXT = 200  # bytes kept of a field that TWS wrote

# Message IDs, as text up to server version 200 (ibapi `message.py`); error 326 is IB's own number.
ERROR, NEXT_VALID_ID, MANAGED_ACCOUNTS = b"4", b"9", b"15"
CLIENT_ID_IN_USE = b"326"

TLS_HANDSHAKE, TLS_ALERT = 0x16, 0x15  # record types, RFC 8446 section 5.1


class NotIB(Exception):
    """The bytes cannot be an answer of TWS or IB Gateway; the message quotes them."""


@dataclass(frozen=True, slots=True)
class VersionReply:
    """The server's answer to the hello."""

    version: int  # the protocol version; -1 if an old server redirects
    time: str  # its clock and time zone, in no fixed format or encoding


def hello(newest: int = SESSION_VERSION) -> bytes:
    """Return the bytes that open every connection: `API\\0`, length, `v100..176`.

    Only a connection that ends with the version reply may offer a version above SESSION_VERSION:
    the reply is text in every version, what follows it is not.
    """
    versions = f"v{MIN_CLIENT_VERSION}..{newest}".encode("ascii")
    return b"API\0" + struct.pack(">I", len(versions)) + versions


class AnswerReader:
    """Finds the version reply in a stream that arrives in chunks of any size.

    Other frames may precede it ("sometimes I get news before the server version": ibapi
    `client.py`). Buffers at most one frame; raises NotIB as soon as the bytes rule IB out.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.received = 0  # bytes so far

    def feed(self, data: bytes) -> VersionReply | None:
        """Add the next bytes; return the reply once it is complete, None before."""
        self._buffer += data
        self.received += len(data)
        if self.received > MAX_ANSWER:
            raise NotIB(f"{self.received} bytes without a version reply")
        while (frame := _take_frame(self._buffer)) is not None:
            if (reply := _version_reply(frame)) is not None:
                return reply
        return None


class Verdict(StrEnum):
    """The Gateway's answer to the client ID in a startApi."""

    TAKEN = "taken"  # error 326
    FREE = "free"  # the session began: it sent its accounts or its next order ID
    REFUSED = "refused"  # closed or not answered, without error 326


class VerdictReader:
    """Finds the answer to startApi in a stream that arrives in chunks of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.said = ""  # the last error before the answer: `507: Bad message`

    def feed(self, data: bytes) -> Verdict | None:
        """Add the next bytes; return the verdict once it is known, None before.

        Raises NotIB as soon as the bytes rule IB out.
        """
        self._buffer += data
        while (frame := _take_frame(self._buffer)) is not None:
            fields = frame.split(b"\0")
            if fields[0] in (NEXT_VALID_ID, MANAGED_ACCOUNTS):
                return Verdict.FREE
            if fields[0] == ERROR and fields[3:4] == [CLIENT_ID_IN_USE]:  # ID, version, request
                return Verdict.TAKEN
            if fields[0] == ERROR and len(fields) > 4:
                code, text = (decode(field[:MAX_TEXT]) for field in fields[3:5])
                self.said = f"{code}: {text}"
        return None


def start_api(client_id: int) -> bytes:
    """Return the frame that begins a session: `71`, version 2, the client ID, no capabilities."""
    body = f"71\0002\0{client_id}\0\0".encode("ascii")
    return struct.pack(">I", len(body)) + body


def _take_frame(buffer: bytearray) -> bytes | None:
    """Remove and return the first frame of the buffer; None while it is incomplete."""
    if buffer and buffer[0] != 0:  # a length below 16 MB starts with a zero byte
        raise NotIB(f"answered {printable(bytes(buffer[:48]))}")
    if len(buffer) < 4:
        return None
    (length,) = struct.unpack_from(">I", buffer)
    if not 0 < length <= MAX_FRAME:
        raise NotIB(f"announced a frame of {length} bytes")
    if len(buffer) < 4 + length:
        return None
    frame = bytes(buffer[4 : 4 + length])
    del buffer[: 4 + length]
    return frame


def _version_reply(frame: bytes) -> VersionReply | None:
    """Return a frame of two fields as a version reply; None for any other message."""
    if not frame.endswith(b"\0"):
        raise NotIB(f"sent a frame {printable(frame[:48])}")
    fields = frame[:-1].split(b"\0")
    if len(fields) != 2:
        return None
    try:
        version = int(fields[0])
    except ValueError:
        raise NotIB(f"gave {printable(fields[0][:24])} as its version") from None
    return VersionReply(version, decode(fields[1][:120]))


def decode(text: bytes) -> str:
    """Decode text from the wire as UTF-8, else GBK, else Latin-1.

    A localised TWS names its time zone in the system's encoding (nautilus, `connection.py`).
    """
    for encoding in ("utf-8", "gbk"):
        try:
            return text.decode(encoding)
        except UnicodeDecodeError:
            continue
    return text.decode("latin-1")


def speaks_tls(answer: bytes) -> bool:
    """Return whether an answer begins with a TLS record (handshake or alert)."""
    return len(answer) >= 2 and answer[0] in (TLS_HANDSHAKE, TLS_ALERT) and answer[1] == 3


def printable(data: bytes) -> str:
    """Return bytes as quoted ASCII text, for use as detail: `'HTTP/1.1 400'`."""
    return ascii(data.decode("latin-1"))
