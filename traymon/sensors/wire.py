"""Encode what traymon sends to TWS, and decode the answers that begin every connection.

Bytes only: no sockets, no clock, and no opinion about what an answer means for the user. What
arrives later is decoded in `session_messages`; `frame_reader` cuts it into frames.

The client opens with the raw bytes `API\\0` and one frame `v<min>..<max>`; the server answers with
one frame of two fields, its version and its time (ibapi `client.py`, ib_insync `client.py`).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from enum import StrEnum

from traymon.sensors.frame_reader import FrameReader, NotIB, printable
from traymon.sensors.tws_words import plain

MIN_CLIENT_VERSION = 100  # the first with this handshake; a higher one hung a Gateway
SESSION_VERSION = 176  # as ib_insync 0.9.86; up to 193 frames and errors stay text
MAX_ANSWER = 262_144  # bytes in total before the version reply
MAX_TEXT = 6_000  # bytes of one message that are decoded

# Message IDs, as text up to server version 200 (ibapi `message.py`); error 326 is IB's own number.
ERROR, NEXT_VALID_ID, MANAGED_ACCOUNTS = b"4", b"9", b"15"
CLIENT_ID_IN_USE = 326
ERROR_WITH_TIME = 194  # the server version from which an error has no version but a time
ISSUER_ID = 176  # the server version from which a contract is asked for with its issuer

TLS_HANDSHAKE, TLS_ALERT = 0x16, 0x15  # record types, RFC 8446 section 5.1

_VERSION = re.compile(rb"-1|[1-9][0-9]{0,3}")
_NUMBER = re.compile(rb"-?[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class VersionReply:
    """The server's answer to the hello."""

    version: int  # the protocol version; -1 if an old server redirects
    time: str  # its clock and time zone, in no fixed format or encoding


@dataclass(frozen=True, slots=True)
class TwsError:
    """An error or a system message: TWS sends both in one form."""

    request_id: int  # -1 if it is about no request
    code: int
    text: str  # one bounded line


class Verdict(StrEnum):
    """The Gateway's answer to the client ID in a startApi."""

    TAKEN = "taken"  # error 326
    FREE = "free"  # the session began: it sent its accounts or its next order ID
    REFUSED = "refused"  # closed or not answered, without error 326


def hello(newest: int = SESSION_VERSION) -> bytes:
    """Return the bytes that open every connection: `API\\0`, length, `v100..176`.

    Only a connection that ends with the version reply may offer a version above SESSION_VERSION:
    the reply is text in every version, what follows it is not.
    """
    return b"API\0" + _frame(f"v{MIN_CLIENT_VERSION}..{newest}")


def start_api(client_id: int) -> bytes:
    """Return the frame that begins a session: `71`, version 2, the client ID, no capabilities."""
    return _message(71, 2, client_id, "")


def ask_for_the_time() -> bytes:
    """Return the cheapest request of the API: `49`, version 1."""
    return _message(49, 1)


def ask_for_contract(request_id: int, contract: str, server_version: int) -> bytes:
    """Return the request for a contract's details, for `SPY` or `ES FUT CME USD`."""
    symbol, kind, exchange, currency = [*contract.split(), "STK", "SMART", "USD"][:4]
    wanted = (0, symbol, kind, "", 0.0, "", "", exchange, "", currency, "", "")
    not_expired, security_id, issuer = 0, ("", ""), ("",) * (server_version >= ISSUER_ID)
    return _message(9, 8, request_id, *wanted, not_expired, *security_id, *issuer)


def read_version(frame: bytes) -> VersionReply | None:
    """Return a frame of two fields as a version reply; None for any other message.

    Others may precede it ("sometimes I get news before the server version": ibapi `client.py`).
    Raises NotIB if the frame is no message, or gives a version that TWS never had.
    """
    if not frame.endswith(b"\0"):
        raise NotIB(f"sent a frame {printable(frame[:48])}")
    fields = frame[:-1].split(b"\0", 2)
    if len(fields) != 2:
        return None
    if not _VERSION.fullmatch(fields[0]):
        raise NotIB(f"gave {printable(fields[0][:24])} as its version")
    return VersionReply(int(fields[0]), plain(decode(fields[1][:120])))


def find_version(frames: FrameReader, data: bytes) -> VersionReply | None:
    """Feed the next bytes; return the version reply once it is complete, None before.

    Raises NotIB as soon as the bytes rule IB out, or if they go on without a version reply.
    """
    frames.feed(data)
    while (frame := frames.take_frame()) is not None:
        if (reply := read_version(frame)) is not None:
            return reply
    if frames.received > MAX_ANSWER:
        raise NotIB(f"{frames.received} bytes without a version reply")
    return None


def read_error(frame: bytes, server_version: int) -> TwsError | None:
    """Return an error or system message (4), whatever the encoding of its text.

    None for any other message, and for one without a code.
    """
    # the message's ID and version, the request, the code, the text, and more
    kind, *fields = frame.split(b"\0", 6)
    if kind != ERROR:
        return None
    request, code, text = [*fields[server_version < ERROR_WITH_TIME :], b"", b"", b""][:3]
    if not (_NUMBER.fullmatch(request) and _NUMBER.fullmatch(code)):
        return None
    return TwsError(int(request), int(code), plain(decode(text[:MAX_TEXT])))


def read_verdict(frame: bytes, error: TwsError | None) -> Verdict | None:
    """Return what an answer to startApi says of the client ID; None if nothing."""
    if frame.split(b"\0", 1)[0] in (NEXT_VALID_ID, MANAGED_ACCOUNTS):
        return Verdict.FREE
    return Verdict.TAKEN if error is not None and error.code == CLIENT_ID_IN_USE else None


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


def _message(*fields: object) -> bytes:
    return _frame("".join(f"{field}\0" for field in fields))


def _frame(text: str) -> bytes:
    body = text.encode()
    return struct.pack(">I", len(body)) + body
