"""The server's side of the TWS wire: frames and answers as bytes.

No sockets and no state. The layouts are those of server versions 100 to 193.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from traymon.sim import protobuf_messages
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
NO_SUCH_CONTRACT = (200, "No security definition has been found for the request")

# Since which version a message has which fields, by the names of IB's server_versions.py.
MD_SIZE_MULTIPLIER = 110
FRACTIONAL_SIZES = 163
SIZE_RULES = 164
ADVANCED_REJECT = 166
FUND_DATA = 179
LAST_TRADE_DATE = 182
INELIGIBILITY = 186
MAX_TEXT = 193  # from 194 on errors tell their time; `protobuf_messages` has those from 213 on
FUND_FIELDS = 17
_CONTRACT_ENDS: tuple[tuple[int, tuple[object, ...]], ...] = (
    (121, (1,)),  # aggregated group
    (122, ("", "")),  # underlying symbol and type
    (126, ("26",)),  # market rules
    (134, ("",)),  # real expiration date
    (152, ("COMMON",)),  # type of the stock
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


def client_versions(hello: bytes) -> tuple[int, int] | None:
    """Return the lowest and highest version of `v<min>..<max>[ options]`; None if malformed."""
    match = _HELLO.fullmatch(hello)
    return None if match is None else (int(match[1]), int(match[2]))


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


def error(version: int, code: int, text: str, request_id: int | str = -1) -> bytes:
    """Return an error or system message; newer versions end it with a JSON field."""
    if version >= protobuf_messages.FIRST_VERSION:
        return protobuf_messages.error(code, text, int(request_id))
    advanced = [""] if version >= ADVANCED_REJECT else []
    return message(4, 2, request_id, code, text, *advanced)


def managed_accounts(behaviour: Behaviour) -> bytes:
    """Return the list of accounts."""
    return message(15, 1, ",".join(behaviour.accounts))


def next_valid_id(behaviour: Behaviour) -> bytes:
    """Return the next order ID."""
    return message(9, 1, behaviour.next_order_id)


def session_start(behaviour: Behaviour, version: int) -> bytes:
    """Return what a client receives when its session starts."""
    farms = FARM_MESSAGES if behaviour.reports_farms else ()
    system_messages = (*farms, *behaviour.says)
    errors = b"".join(error(version, code, text) for code, text in system_messages)
    if version >= protobuf_messages.FIRST_VERSION:
        return protobuf_messages.session_start(behaviour) + errors
    return managed_accounts(behaviour) + next_valid_id(behaviour) + errors


def current_time(behaviour: Behaviour) -> bytes:
    """Return the Gateway's clock in whole seconds; no bytes if it does not tell the time."""
    now = int(time.time() + behaviour.clock_ahead)
    return message(49, 1, now) if behaviour.tells_time else b""


def contract_details(behaviour: Behaviour, version: int, fields: Sequence[str]) -> bytes:
    """Return one contract with its hours, laid out as the agreed version has it."""
    request, kind = _field(fields, 2), _field(fields, 5)
    if not behaviour.hours or kind == "BOND":  # a bond would have another message
        return error(version, *NO_SUCH_CONTRACT, request)
    details = message(10, *_contract(behaviour, version, fields))
    return details + message(52, 1, request)


def _contract(behaviour: Behaviour, version: int, asked: Sequence[str]) -> Iterator[object]:
    """Yield the fields of contract details; IB's library reads them in processContractDataMsg."""
    request, contract_id, symbol, kind = (_field(asked, index) for index in (2, 3, 4, 5))
    exchange, currency = _field(asked, 10), _field(asked, 12)
    if version < SIZE_RULES:
        yield 8  # the version of this message
    yield from (request, symbol, kind, "")
    if version >= LAST_TRADE_DATE:
        yield ""
    yield from (0, "", exchange, currency, symbol, symbol, symbol)
    yield from (1 if contract_id in ("", "0") else contract_id, 0.01)
    if MD_SIZE_MULTIPLIER <= version < SIZE_RULES:
        yield 100
    yield from ("", "LMT,MKT", "SMART", 1, 0, symbol, "ARCA")
    yield from ("", "", "", "", behaviour.hours_zone, behaviour.hours, behaviour.hours)
    yield from ("", 0, 0)  # economic value rule and multiplier; no further IDs
    for since, values in _CONTRACT_ENDS:
        if version >= since:
            yield from values
    if version == FRACTIONAL_SIZES:
        yield 1
    if version >= SIZE_RULES:
        yield from (1, 1, 1)
    if version >= FUND_DATA and kind == "FUND":
        yield from ("",) * FUND_FIELDS
    if version >= INELIGIBILITY:
        yield 0


def _field(fields: Sequence[str], index: int) -> str:
    return fields[index] if index < len(fields) else ""


Reply = Callable[[Behaviour, int, Sequence[str]], bytes]  # the second is the agreed version

# What ib_insync, ib_async and ibapi request while they connect. The account has no positions,
# orders or executions, so each list is answered by its end message. Other requests get no answer.
REPLIES: Mapping[int, Reply] = {
    5: lambda *_: message(53, 1),  # open orders
    6: lambda _, __, fields: message(54, 1, _field(fields, 3)) if _field(fields, 2) == "1" else b"",
    7: lambda _, __, fields: message(55, 1, _field(fields, 2)),  # executions
    8: lambda behaviour, *_: next_valid_id(behaviour),
    9: contract_details,
    16: lambda *_: message(53, 1),  # open orders of all clients
    17: lambda behaviour, *_: managed_accounts(behaviour),
    49: lambda behaviour, *_: current_time(behaviour),
    61: lambda *_: message(62, 1),  # positions
    62: lambda _, __, fields: message(64, 1, _field(fields, 2)),  # account summary
    76: lambda _, __, fields: message(74, 1, _field(fields, 2)),  # updates of several accounts
    99: lambda *_: message(102),  # completed orders
}
