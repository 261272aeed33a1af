"""Read this machine's TCP sockets. Passive: opens and touches no socket.

What the platform or missing permissions hide is reported as unknown, never guessed.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Sequence
from typing import Protocol, cast

import psutil

log = logging.getLogger(__name__)

ANY_ADDRESS = frozenset({"0.0.0.0", "::", "*"})


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


def socket_table() -> Sequence[SocketEntry] | None:
    """Return the machine's TCP sockets; None if permissions or the platform hide them."""
    try:
        return cast("list[SocketEntry]", psutil.net_connections(kind="tcp"))
    except (psutil.Error, OSError, NotImplementedError) as error:
        log.debug("socket table: %s", error)
        return None


def listening_ports() -> frozenset[int] | None:
    """Return the ports on which any program of this machine listens; None if unreadable."""
    table = socket_table()
    if table is None:
        return None
    return frozenset(entry.laddr.port for entry in table if entry.status == psutil.CONN_LISTEN)


def is_this_machine(host: str) -> bool:
    """Return whether the host is this machine, without asking a name server."""
    if host.lower() in ("localhost", socket.gethostname().lower()):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    if address.is_loopback or address.is_unspecified:
        return True
    own = (entry.address for entries in psutil.net_if_addrs().values() for entry in entries)
    return host in own


def listens_for(listen_address: str, host: str) -> bool:
    """Return whether a listener bound to an address serves clients that connect to the host."""
    listen_address = listen_address.removeprefix("::ffff:")
    if listen_address in ANY_ADDRESS or listen_address == host:
        return True
    return host.lower() == "localhost" and listen_address in ("127.0.0.1", "::1")
