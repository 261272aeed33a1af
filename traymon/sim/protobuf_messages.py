"""The server's side of the newest wire: numbers of four bytes, and protobuf after them.

No sockets and no state. Field numbers are those of ibapi 10.51.1 (`*_pb2.py`), for what a session,
its clock and TWS's settings need.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from traymon.sim.behaviour import Behaviour, Config

FIRST_VERSION = 213  # from which startApi and its answers are protobuf
CONFIG_VERSION = 219  # from which settings can be asked for
OFFSET = 200  # of the numbers on the wire
START_API, CURRENT_TIME, REQUEST_CONFIG = 71, 49, 108
ERROR, NEXT_VALID_ID, MANAGED_ACCOUNTS, CONFIG_RESPONSE = 4, 9, 15, 110
CONFIG_REFUSED = (
    10357,
    "Configuration access via API is not available. Please refer to the application interface to "
    "view or update your settings.",
)
# TWS lists its own messages, which are most of the answer, before the settings of the API.
LISTED_MESSAGES = 300
LISTED_TEXT = "<html>Your order will be placed, and %s may differ from what you expect.</html>" * 4


def varint(value: int) -> bytes:
    """Return a number in groups of seven bits, the lowest first; 64 bits if it is negative."""
    value &= 2**64 - 1
    groups = []
    while value > 127:
        groups.append(value & 127 | 128)
        value >>= 7
    return bytes([*groups, value])


def field(number: int, value: int | str | bytes) -> bytes:
    """Return a field: a number, a text, or a message as its bytes."""
    if isinstance(value, int):
        return varint(number * 8) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number * 8 + 2) + varint(len(data)) + data


def first_integer(body: bytes) -> int:
    """Return field 1 of a request that begins with it, as clients write it.

    Raises ValueError for another one.
    """
    if body[:1] != b"\x08":
        raise ValueError("it does not begin with field 1")
    value = 0
    for position, byte in enumerate(body[1:11]):
        value |= (byte & 127) << 7 * position
        if byte < 128:
            return value
    raise ValueError("a number without an end")


def message(number: int, *fields: bytes) -> bytes:
    """Return one frame."""
    body = (number + OFFSET).to_bytes(4, "big") + b"".join(fields)
    return len(body).to_bytes(4, "big") + body


def error(code: int, text: str, request_id: int = -1) -> bytes:
    """Return an error or system message."""
    now = int(time.time() * 1000)
    return message(ERROR, field(1, request_id), field(2, now), field(3, code), field(4, text))


def session_start(behaviour: Behaviour) -> bytes:
    """Return the accounts and the next order ID."""
    accounts = message(MANAGED_ACCOUNTS, field(1, ",".join(behaviour.accounts)))
    return accounts + message(NEXT_VALID_ID, field(1, behaviour.next_order_id))


def current_time(behaviour: Behaviour) -> bytes:
    """Return the Gateway's clock in whole seconds; no bytes if it does not tell the time."""
    now = int(time.time() + behaviour.clock_ahead)
    return message(CURRENT_TIME, field(1, now)) if behaviour.tells_time else b""


def reply(behaviour: Behaviour, version: int, port: int, number: int, body: bytes) -> bytes:
    """Return the answer to a request of a session; no bytes if there is none.

    `port`: on which it was asked.
    """
    if number == CURRENT_TIME:
        return current_time(behaviour)
    if number == REQUEST_CONFIG and version >= CONFIG_VERSION:
        return config_response(behaviour.config, port, body)
    return b""


def config_response(config: Config | None, port: int, body: bytes) -> bytes:
    """Return TWS's settings, or that it does not give them."""
    try:
        request_id = first_integer(body)
    except ValueError:
        return b""
    if config is None:
        return error(*CONFIG_REFUSED, request_id)
    lock_and_exit = b"".join(
        field(number, text) for number, text in enumerate(config.daily_exit, 1)
    )
    settings = b"".join(_api_settings(config, port))
    return message(
        CONFIG_RESPONSE,
        field(1, request_id),
        field(2, lock_and_exit),
        *(field(3, _listed(number)) for number in range(LISTED_MESSAGES)),
        field(4, field(1, field(1, 0)) + field(2, settings)),
    )


def _api_settings(config: Config, port: int) -> Iterator[bytes]:
    yield field(1, int(config.read_only))
    yield field(8, config.socket_port or port)
    yield field(17, "Error")
    if config.master_client_id is not None:
        yield field(18, config.master_client_id)
    yield field(35, int(config.localhost_only))
    yield from (field(36, address) for address in config.trusted_ips)


def _listed(number: int) -> bytes:
    return field(1, number) + field(3, LISTED_TEXT) + field(5, 1)
