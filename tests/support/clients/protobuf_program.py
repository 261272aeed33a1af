"""IBKR's own message classes as the judge of ours: `protobuf_program.py SEED COUNT REQUEST...`.

Prints one line of JSON for each request (in hexadecimal) as they read it, and then COUNT answers
with settings: as made, and spoilt at random, each with what the classes read in it. PYTHONPATH
holds the library.
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

from google.protobuf.message import DecodeError
from ibapi.protobuf.ConfigRequest_pb2 import ConfigRequest
from ibapi.protobuf.ConfigResponse_pb2 import ConfigResponse
from ibapi.protobuf.StartApiRequest_pb2 import StartApiRequest

TEXTS = ("", "11:45", "12:07", "AM", "PM", "restart", "logoff", "Bücher", "\N{SNOWMAN}" * 50)
NUMBERS = (0, 1, -1, 127, 128, 4001, 65_535, 65_536, 2**31 - 1, -(2**31))
FLAGS = ("readOnlyApi", "allowLocalhostOnly", "prepareDailyPnL")


def maybe(message: Any, field: str, values: Any) -> None:
    if random.random() < 0.7:
        setattr(message, field, random.choice(values))


def make() -> bytes:
    """Return an answer with any of its fields, in any number."""
    response = ConfigResponse()
    maybe(response, "reqId", NUMBERS)
    for field in ("autoLogoffTime", "autoLogoffPeriod", "autoLogoffType"):
        maybe(response.lockAndExit, field, TEXTS)
    for _ in range(random.choice((0, 1, 3, 200))):
        listed = response.messages.add()
        maybe(listed, "id", NUMBERS)
        maybe(listed, "message", TEXTS)
        maybe(listed, "enabled", (True, False))
    settings = response.api.settings
    for field in FLAGS:
        maybe(settings, field, (True, False))
    for field in ("socketPort", "masterClientId", "bulkDataTimeout"):
        maybe(settings, field, NUMBERS)
    settings.trustedIPs.extend(random.choices(TEXTS, k=random.choice((0, 1, 5))))
    maybe(response.orders.smartRouting, "defaultAlgorithm", TEXTS)
    return bytes(response.SerializeToString())


def spoil(data: bytes) -> bytes:
    """Return the bytes with one random fault, or two answers as one."""
    if not data:
        return b"\x0b"
    at = random.randrange(len(data))
    changed = bytes([random.randrange(256)])
    return random.choice(
        (
            data[:at],
            data[:at] + changed + data[at + 1 :],
            data[:at] + changed + data[at:],
            data[:at] + data[at + 1 :],
            data + make(),
            data + random.randbytes(8),
        )
    )


def read(data: bytes) -> dict[str, Any] | None:
    """Return what the classes read; None if they refuse it."""
    response = ConfigResponse()
    try:
        response.ParseFromString(data)
    except DecodeError:
        return None
    settings, ends = response.api.settings, response.lockAndExit
    fields = ("readOnlyApi", "socketPort", "masterClientId", "allowLocalhostOnly")
    found = {name: value_of(settings, name) for name in fields}
    found |= {
        name: value_of(ends, name)
        for name in ("autoLogoffTime", "autoLogoffPeriod", "autoLogoffType")
    }
    return found | {
        "reqId": value_of(response, "reqId"),
        "trustedIPs": [*settings.trustedIPs],
        "has settings": response.HasField("api") and response.api.HasField("settings"),
    }


def value_of(message: Any, name: str) -> Any:
    return getattr(message, name) if message.HasField(name) else None


if __name__ == "__main__":
    seed, count, start, ask = sys.argv[1:]
    random.seed(int(seed))
    start_request, ask_request = StartApiRequest(), ConfigRequest()
    start_request.ParseFromString(bytes.fromhex(start))
    ask_request.ParseFromString(bytes.fromhex(ask))
    print(json.dumps([start_request.clientId, ask_request.reqId]))
    for _ in range(int(count)):
        made = make()
        for data in (made, spoil(made)):
            print(json.dumps({"bytes": data.hex(), "read": read(data), "made": data is made}))
