"""The server's side of the TWS wire: frames and answers as bytes.

No sockets and no state. The layouts are those of server versions below 194 (text message IDs).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence

from traymon.sim.behaviour import Behaviour

START_API = 71
CLIENT_ID_IN_USE = (
    326,
    "Unable to connect as the client id is already in use. Retry with a unique client id.",
)
FARM_MESSAGES = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefnj"),
)
_HELLO = re.compile(rb"v(\d{1,5})\.\.(\d{1,5})( [^\0]*)?")

HTTP_400 = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
SSH_BANNER = b"SSH-2.0-OpenSSH_9.6\r\n"
GARBAGE = bytes(range(255, 127, -1))
HUGE_LENGTH = b"\xff\xff\xff\xff" + b"x" * 1000
DRIP_LENGTH = (0xFFFF).to_bytes(4, "big")  # a plausible length
# A TLS 1.2 handshake record: a ServerHello that real clients accept, and then wait for more.
TLS_SERVER_HELLO = (
    b"\x16\x03\x03\x00\x31"  # handshake record, 49 bytes
    b"\x02\x00\x00\x2d\x03\x03"  # ServerHello, 45 bytes, TLS 1.2
    + bytes(range(32))  # the server's random
    + b"\x00\xc0\x2f\x00"  # no session, ECDHE-RSA-AES128-GCM-SHA256, no compression
    + b"\x00\x05\xff\x01\x00\x01\x00"  # secure renegotiation, which OpenSSL insists on
)


def frame(body: bytes) -> bytes:
    """Return a body prefixed with its length."""
    return len(body).to_bytes(4, "big") + body


def message(*fields: object) -> bytes:
    """Return one frame of NUL-terminated text fields."""
    return frame("".join(f"{field}\0" for field in fields).encode())


def client_max_version(hello: bytes) -> int | None:
    """Return the highest version that `v<min>..<max>[ options]` offers; None if malformed."""
    match = _HELLO.fullmatch(hello)
    return None if match is None else int(match[2])


def version_reply(version: int, *, foreign_time: bool = False) -> bytes:
    """Return the answer to the hello: the version and the connection time."""
    now = time.strftime("%Y%m%d %H:%M:%S", time.gmtime())
    connected_at = f"{now} 中国标准时间".encode("gbk") if foreign_time else f"{now} UTC".encode()
    return frame(b"%d\0%s\0" % (version, connected_at))


def version_abc() -> bytes:
    """Return an answer to the hello whose version is not a number."""
    return message("abc", "20261123 10:15:30 UTC")


def news_bulletin() -> bytes:
    """Return a news bulletin, which may arrive before the version reply."""
    return message(14, 1, 1, 1, "The exchange opens late", "NYSE")


def error(version: int, code: int, text: str, request_id: int = -1) -> bytes:
    """Return an error or system message; from server version 166 it ends with a JSON field."""
    advanced = [""] if version >= 166 else []
    return message(4, 2, request_id, code, text, *advanced)


def managed_accounts(behaviour: Behaviour) -> bytes:
    """Return the list of accounts."""
    return message(15, 1, ",".join(behaviour.accounts))


def next_valid_id(behaviour: Behaviour) -> bytes:
    """Return the next order ID."""
    return message(9, 1, behaviour.next_order_id)


def session_start(behaviour: Behaviour, version: int) -> bytes:
    """Return what a client receives when its session starts."""
    system_messages = (*FARM_MESSAGES, *behaviour.says)
    errors = b"".join(error(version, code, text) for code, text in system_messages)
    return managed_accounts(behaviour) + next_valid_id(behaviour) + errors


def current_time(behaviour: Behaviour) -> bytes:
    """Return the Gateway's clock in whole seconds; no bytes if it does not tell the time."""
    now = int(time.time() + behaviour.clock_ahead)
    return message(49, 1, now) if behaviour.tells_time else b""


def contract_details(behaviour: Behaviour, fields: Sequence[str]) -> bytes:
    """Return one contract with its hours, in the layout of server version 164 and later."""
    request, symbol = _field(fields, 2), _field(fields, 4)
    if not behaviour.hours:
        return message(4, 2, request, 200, "No security definition has been found", "")
    contract = (symbol, _field(fields, 5), "", 0, "", _field(fields, 10), _field(fields, 12))
    names = (symbol, symbol, symbol, 1, 0.01, "", "LMT,MKT", "SMART", 1, 0, symbol, "ARCA")
    about = ("", "", "", "", behaviour.hours_zone, behaviour.hours, behaviour.hours, "", 0, 0)
    rest = (1, "", "", "26", "", "COMMON", 1, 1, 1)
    details = message(10, request, *contract, *names, *about, *rest)
    return details + message(52, 1, request)


def _field(fields: Sequence[str], index: int) -> str:
    return fields[index] if index < len(fields) else ""


Reply = Callable[[Behaviour, Sequence[str]], bytes]

# What ib_insync, ib_async and ibapi request while they connect. The account has no positions,
# orders or executions, so each list is answered by its end message. Other requests get no answer.
REPLIES: Mapping[int, Reply] = {
    5: lambda _, __: message(53, 1),  # open orders
    6: lambda _, fields: message(54, 1, _field(fields, 3)) if _field(fields, 2) == "1" else b"",
    7: lambda _, fields: message(55, 1, _field(fields, 2)),  # executions
    8: lambda behaviour, _: next_valid_id(behaviour),
    9: contract_details,
    16: lambda _, __: message(53, 1),  # open orders of all clients
    17: lambda behaviour, _: managed_accounts(behaviour),
    49: lambda behaviour, _: current_time(behaviour),
    61: lambda _, __: message(62, 1),  # positions
    62: lambda _, fields: message(64, 1, _field(fields, 2)),  # account summary
    76: lambda _, fields: message(74, 1, _field(fields, 2)),  # account updates, several accounts
    99: lambda _, __: message(102),  # completed orders
}
