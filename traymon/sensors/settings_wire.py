"""Encode the session that asks TWS for its settings, and decode what TWS answers. Bytes only.

From API version 213 on, what a session needs is protobuf: a frame begins with its number in four
bytes, 200 higher than that of the text message (ibapi 10.51.1 `comm.py`, `common.py`). The field
numbers are those of its `*_pb2.py`. Settings are asked for (308), and never changed.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from traymon.core.addresses import parse_address
from traymon.core.tws_settings import TwsSettings
from traymon.sensors.protobuf import Malformed, Message, encode_integer
from traymon.sensors.tws_words import plain
from traymon.sensors.wire import TwsError

START_API, REQUEST_CONFIG = 271, 308
ERROR, NEXT_VALID_ID, CONFIG_RESPONSE = 204, 209, 310
REQUEST_ID = 1  # IBKR's documentation: it must be given

MAX_PORT = 65_535
MAX_TRUSTED_IPS = 1_000
# `12:07` with AM or PM apart, as in IBKR's example ("ConfigResponse"); else of 24 hours.
_TIME = re.compile(r"(\d{1,2}):([0-5]\d)(?::[0-5]\d)?")

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class SettingsMessage:
    """A message of TWS to a session that asks for the settings."""

    number: int
    body: bytes


def start_api(client_id: int) -> bytes:
    """Return the frame that begins a session from version 213 on."""
    return _frame(START_API, encode_integer(1, client_id))


def ask_for_settings() -> bytes:
    """Return the request for TWS's settings."""
    return _frame(REQUEST_CONFIG, encode_integer(1, REQUEST_ID))


def read_message(frame: bytes) -> SettingsMessage:
    """Return the number and the body of a frame. Raises Malformed if it has none."""
    if len(frame) < 4:
        raise Malformed(f"a message of {len(frame)} bytes")
    (number,) = struct.unpack_from(">I", frame)
    return SettingsMessage(number, frame[4:])


def read_error(body: bytes) -> TwsError:
    """Return an error or system message. Raises Malformed."""
    message = Message(body)
    request, code = message.integer(1), message.integer(3)
    if code is None:
        raise Malformed("an error without a code")
    return TwsError(-1 if request is None else request, code, plain(message.text(4) or ""))


def read_settings(body: bytes, seen_from: Address | None) -> TwsSettings | None:
    """Return TWS's settings; None if the answer has none of the API's. Raises Malformed.

    `seen_from`: the address from which TWS sees this computer, if that is known.
    """
    response = Message(body)
    api = response.message(4)
    settings = None if api is None else api.message(2)
    if settings is None:
        return None
    lock_and_exit = response.message(2)
    exit_at, restarts = ("", None) if lock_and_exit is None else _read_daily_exit(lock_and_exit)
    localhost_only = settings.flag(35)
    listed = re.split(r"[,;\s]+", ",".join(settings.texts(36)))
    trusted = [address for address in listed if address][:MAX_TRUSTED_IPS]
    port = settings.integer(8)
    return TwsSettings(
        read_only=settings.flag(1),
        socket_port=port if port is not None and 0 < port <= MAX_PORT else None,
        localhost_only=localhost_only,
        trusted_ips=len(trusted),
        trusts_this_computer=_is_trusted(seen_from, trusted, bool(localhost_only)),
        master_client_id=settings.integer(18),
        exit_at=exit_at,
        restarts=restarts,
    )


def _read_daily_exit(lock_and_exit: Message) -> tuple[str, bool | None]:
    """Return the time of the daily exit, and whether TWS restarts then."""
    kind = (lock_and_exit.text(3) or "").lower()
    restarts = True if "restart" in kind else False if "log" in kind else None
    time, half = lock_and_exit.text(1) or "", (lock_and_exit.text(2) or "").upper()
    match = _TIME.fullmatch(time.strip())
    if match is None or half not in ("AM", "PM", ""):
        return "", restarts
    hour = int(match[1])
    if half:
        if not 1 <= hour <= 12:
            return "", restarts
        hour = hour % 12 + 12 * (half == "PM")
    return (f"{hour:02}:{match[2]}" if hour < 24 else ""), restarts


def _is_trusted(
    seen_from: Address | None, trusted: Sequence[str], localhost_only: bool
) -> bool | None:
    """Tell whether TWS lets this computer in without asking; None if that is not known."""
    if seen_from is None:
        return None
    if seen_from.is_loopback and localhost_only:  # then the list does not matter
        return True
    addresses = [parse_address(text) for text in trusted]
    if seen_from in addresses:
        return True
    if seen_from.is_loopback and any(one is not None and one.is_loopback for one in addresses):
        return True
    return None if None in addresses else False  # a name or a range may include it


def _frame(number: int, body: bytes) -> bytes:
    return struct.pack(">II", 4 + len(body), number) + body
