"""Whose program is at the other end of a connection on this computer. Linux alone can tell.

Asks the kernel for that one socket (netlink, sock_diag(7)): /proc/net/tcp lists all of them, which
another user could make slow to read.
"""

from __future__ import annotations

import os
import socket
import struct
import sys

SOCK_DIAG = 4  # NETLINK_SOCK_DIAG in linux/netlink.h
SOCK_DIAG_BY_FAMILY = 20  # linux/sock_diag.h
NLM_F_REQUEST = 1
HEADER = struct.Struct("=IHHII")  # struct nlmsghdr: length, type, flags, sequence, port
REQUEST = struct.Struct("=BBBxI")  # struct inet_diag_req_v2: family, protocol, extensions, states
SOCKET = struct.Struct(">HH16s16s4x8s")  # struct inet_diag_sockid: ports, addresses, any, cookie
UID_OFFSET = HEADER.size + 4 + SOCKET.size + 12  # idiag_uid in struct inet_diag_msg
ALL_STATES, NO_COOKIE = 0xFFFF_FFFF, b"\xff" * 8


def is_another_users(connection: socket.socket) -> bool:
    """Tell whether another user's program is at the other end; root does not count as one.

    False where that cannot be known: a system that is not Linux, a connection that has ended.
    """
    if sys.platform != "linux":
        return False
    try:
        owner = _owner(connection.getpeername(), connection.getsockname())
    except OSError:
        return False
    return owner not in (None, 0, os.getuid())


def _owner(peer: tuple[str, int], own: tuple[str, int]) -> int | None:
    """Return the user ID of the socket bound to `peer`; None without one. Raises OSError."""
    addresses = (socket.inet_aton(peer[0]), socket.inet_aton(own[0]))
    request = REQUEST.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, ALL_STATES)
    request += SOCKET.pack(peer[1], own[1], *addresses, NO_COOKIE)
    header = HEADER.pack(HEADER.size + len(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, 0, 0)
    with socket.socket(getattr(socket, "AF_NETLINK"), socket.SOCK_RAW, SOCK_DIAG) as kernel:  # noqa: B009
        kernel.setblocking(False)  # the kernel answers within the call
        kernel.sendto(header + request, (0, 0))
        answer = kernel.recv(4096)
    if HEADER.unpack_from(answer)[1] != SOCK_DIAG_BY_FAMILY:
        return None
    return int(struct.unpack_from("=I", answer, UID_OFFSET)[0])
