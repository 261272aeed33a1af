"""Read this machine's TCP sockets. Passive: opens and touches no socket.

What the platform or missing permissions hide is reported as unknown, never guessed.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from math import inf
from pathlib import Path
from typing import NamedTuple, Protocol, cast

import psutil

from traymon.core.addresses import is_loopback_name, parse_address, plain_name

log = logging.getLogger(__name__)

Address = IPv4Address | IPv6Address

ANY_ADDRESS = frozenset({"0.0.0.0", "::", "*"})
LOOPBACK_V4: frozenset[Address] = frozenset({IPv4Address("127.0.0.1")})
LOOPBACK_V6: frozenset[Address] = frozenset({IPv6Address("::1")})
HOSTS_FILE = Path("/etc/hosts")
if sys.platform == "win32":
    HOSTS_FILE = Path(os.environ.get("SYSTEMROOT", r"C:\Windows"), r"System32\drivers\etc\hosts")


class Endpoint(Protocol):
    """One end of a connection."""

    @property
    def ip(self) -> str:
        """The IP address, as text."""

    @property
    def port(self) -> int:
        """The port number."""


class SocketEntry(Protocol):
    """One row of the socket table, as psutil returns it."""

    @property
    def status(self) -> str:
        """One of psutil's CONN_ constants."""

    @property
    def laddr(self) -> Endpoint:
        """The local end."""

    @property
    def raddr(self) -> Endpoint:
        """The remote end; falsy for a socket without one."""

    @property
    def pid(self) -> int | None:
        """The process that owns the socket; None if it is hidden."""


class TableRead(NamedTuple):
    """What one look at the machine's TCP sockets has shown, and what it took."""

    entries: Sequence[SocketEntry] | None  # None if permissions or the platform hide them
    cost: float  # seconds of CPU time


class _SharedTable:
    """Reads the table, and once for all that asked before a read began.

    Many targets are polled in the same moment; the table, of the whole machine, is the same for all
    of them and takes many times as long to read as to search.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._began = -inf  # time.monotonic() when the last read began
        self._last = TableRead(None, 0.0)

    def read(self, asked: float) -> TableRead:
        """Return what a read showed that began after `asked`, by time.monotonic()."""
        with self._lock:
            if self._began <= asked:
                self._began, began = time.monotonic(), time.thread_time()
                entries = _read_entries()
                self._last = TableRead(entries, time.thread_time() - began)
            return self._last


_shared = _SharedTable()


def socket_table(asked: float | None = None) -> TableRead:
    """Return the machine's TCP sockets as they were after `asked`, by time.monotonic(), or now."""
    return _shared.read(time.monotonic() if asked is None else asked)


def _read_entries() -> Sequence[SocketEntry] | None:
    try:
        return cast("list[SocketEntry]", psutil.net_connections(kind="tcp"))
    except (psutil.Error, OSError, NotImplementedError) as error:
        log.debug("socket table: %s", error)
        return None


def listening_ports() -> frozenset[int] | None:
    """Return the ports on which any program of this machine listens; None if unreadable."""
    table = socket_table().entries
    if table is None:
        return None
    return frozenset(entry.laddr.port for entry in table if entry.status == psutil.CONN_LISTEN)


def is_this_machine(host: str) -> bool:
    """Return whether the host is this machine, without asking a name server."""
    return bool(_own_addresses_of(host))


def listens_for(listen_address: str, host: str) -> bool:
    """Return whether a listener bound to an address serves clients that connect to the host."""
    if listen_address in ANY_ADDRESS:
        return True
    listening = parse_address(listen_address)
    if listening is None:
        return False
    return listening.is_unspecified or listening in _own_addresses_of(host)


def _own_addresses_of(host: str) -> frozenset[Address]:
    """Return the addresses of this machine that the host can mean; none for another machine."""
    address = parse_address(host)
    if address is None:
        return _own_addresses_of_name(plain_name(host))
    if address.is_unspecified:  # a client that connects to 0.0.0.0 reaches 127.0.0.1
        return LOOPBACK_V4 if address.version == 4 else LOOPBACK_V6
    is_own = address.is_loopback or address in _interface_addresses()
    return frozenset({address} if is_own else ())


def _own_addresses_of_name(name: str) -> frozenset[Address]:
    if is_loopback_name(name):
        return LOOPBACK_V4 | LOOPBACK_V6
    own = _interface_addresses()
    if listed := _in_hosts_file(name):
        return frozenset(address for address in listed if address.is_loopback or address in own)
    known_as = plain_name(socket.gethostname())
    short = known_as.partition(".")[0]
    if name in (known_as, short, f"{short}.local"):  # the last by mDNS
        return frozenset(address for address in own if not address.is_loopback) or own
    return frozenset()


def _interface_addresses() -> frozenset[Address]:
    entries = (entry for entries in psutil.net_if_addrs().values() for entry in entries)
    inet = (entry for entry in entries if entry.family in (socket.AF_INET, socket.AF_INET6))
    addresses = (parse_address(entry.address) for entry in inet)
    return frozenset(address for address in addresses if address is not None)


def _in_hosts_file(name: str) -> frozenset[Address]:
    """Return the addresses that this machine's hosts file gives a name."""
    try:
        text = HOSTS_FILE.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    lines = (line.partition("#")[0].lower().split() for line in text.splitlines())
    addresses = (parse_address(words[0]) for words in lines if name in words[1:])
    return frozenset(address for address in addresses if address is not None)
