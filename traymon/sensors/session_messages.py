"""Decode what TWS sends over a session: accounts, its clock, and the trading hours.

Bytes only: no sockets, no clock. Raises NotIB for a message that TWS never sends in this form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from traymon.sensors.frame_reader import MAX_KEPT, NotIB, printable
from traymon.sensors.tws_words import plain
from traymon.sensors.wire import decode

# Message IDs (ibapi `message.py`); those of the session's start are in `wire`.
CONTRACT_DETAILS, CURRENT_TIME = b"10", b"49"
MAX_ACCOUNTS = 2_000  # of one login; advisors have hundreds
MAX_DAYS = 100  # of trading hours; IB sends some weeks

# Since which server version contract details have which fields (ibapi `server_versions.py`).
MD_SIZE_MULTIPLIER, SIZE_RULES, LAST_TRADE_DATE = 110, 164, 182
ZONE_FIELD, LIQUID_HOURS_FIELD = 25, 27  # from SIZE_RULES to LAST_TRADE_DATE

_EPOCH_SECONDS = re.compile(rb"[0-9]{1,11}")


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of a login."""

    names: tuple[str, ...]  # can be empty, even in a working session
    complete: bool  # whether these are all


@dataclass(frozen=True, slots=True)
class TradingHours:
    """The trading hours of a contract, as IB sends them."""

    days: tuple[str, ...]  # `20261123:0930-20261123:1600`, `20261126:CLOSED`
    zone: str


def read_accounts(frame: bytes) -> Accounts:
    """Return the accounts of a managedAccounts message (15)."""
    listed = _field(frame, 2, "accounts")
    text = "".join(c if c.isprintable() else "?" for c in decode(listed))
    names = [name for name in text.split(",") if name]
    is_cut = len(frame) >= MAX_KEPT
    if is_cut:
        names = names[:-1]  # the last one may have lost its end
    return Accounts(tuple(names[:MAX_ACCOUNTS]), not is_cut and len(names) <= MAX_ACCOUNTS)


def read_server_time(frame: bytes) -> int:
    """Return the epoch seconds of a currentTime message (49)."""
    seconds = _field(frame, 2, "time")
    if not _EPOCH_SECONDS.fullmatch(seconds):
        raise NotIB(f"gave {printable(seconds[:24])} as its time")
    return int(seconds)


def read_trading_hours(frame: bytes, server_version: int) -> TradingHours | None:
    """Return the hours of a contractDetails message (10); None if it is laid out in another way."""
    shift = 0
    if server_version < SIZE_RULES:
        shift = 1 + (server_version >= MD_SIZE_MULTIPLIER)
    elif server_version >= LAST_TRADE_DATE:
        shift = 1
    fields = frame.split(b"\0", LIQUID_HOURS_FIELD + 3)
    if len(fields) <= LIQUID_HOURS_FIELD + shift:
        return None
    days = re.split("[;,]", plain(decode(fields[LIQUID_HOURS_FIELD + shift])))
    zone = plain(decode(fields[ZONE_FIELD + shift]))
    return TradingHours(tuple(day for day in days if day)[:MAX_DAYS], zone)


def _field(frame: bytes, index: int, name: str) -> bytes:
    fields = frame.split(b"\0", index + 1)
    if len(fields) <= index:
        raise NotIB(f"sent {printable(frame[:24])} without its {name}")
    return fields[index]
