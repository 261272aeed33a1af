"""Read a host as the operating system's connect() does, without asking a name server. Pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

# The names of the loopback addresses in the hosts files of Linux, macOS and Windows.
LOOPBACK_NAMES = frozenset(
    {
        *("localhost", "localhost.localdomain", "localhost4", "localhost4.localdomain4"),
        *("localhost6", "localhost6.localdomain6", "ip6-localhost", "ip6-loopback"),
    }
)


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """An address of this computer to listen on."""

    host: str  # an IP address
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a host spells, in any way that connect() takes; None for a name.

    `127.1`, `127.0.0.01`, `0x7f.1` and `::ffff:127.0.0.1` are all 127.0.0.1.
    """
    text = host.partition("%")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return _parse_short(text)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _parse_short(text: str) -> IPv4Address | None:
    """Read an IPv4 address as C's inet_aton does: the last part fills the bytes that are left."""
    parts = [_number(part) for part in text.lower().split(".")]
    numbers = [part for part in parts if part is not None]
    if not 1 <= len(parts) <= 4 or len(numbers) < len(parts):
        return None
    *first, last = numbers
    if any(number > 255 for number in first) or last >= 256 ** (4 - len(first)):
        return None
    high = sum(number << (24 - 8 * i) for i, number in enumerate(first))
    return IPv4Address(high + last)


def _number(text: str) -> int | None:
    """Read one part: decimal, octal after a zero, hexadecimal after 0x."""
    base = 16 if text.startswith("0x") else 8 if text.startswith("0") and len(text) > 1 else 10
    digits = text.removeprefix("0x") if base == 16 else text
    if not digits or len(digits) > 12 or not (digits.isascii() and digits.isalnum()):
        return None
    try:
        return int(digits, base)
    except ValueError:
        return None


def plain_name(host: str) -> str:
    """Return a host's name as names are compared: in small letters, without the final dot."""
    return host.lower().removesuffix(".")


def host_key(host: str) -> tuple[object, str]:
    """Return what is equal for two spellings of one host; `localhost` counts as 127.0.0.1."""
    name, _, zone = plain_name(host).partition("%")
    return parse_address("127.0.0.1" if name == "localhost" else name) or name, zone


def is_loopback_name(host: str) -> bool:
    """Tell whether a name always means this machine (RFC 6761, section 6.3)."""
    name = plain_name(host)
    return name in LOOPBACK_NAMES or name.endswith(".localhost")


def is_loopback(host: str) -> bool:
    """Tell whether a host is a loopback address or a name of one."""
    address = parse_address(host)
    return is_loopback_name(host) if address is None else address.is_loopback
