"""Gives a run of the tests a network of its own, where there is the right to that.

So they meet no TWS that really runs here, nor the tests that run beside them.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys

if sys.platform == "linux":
    import fcntl

CLONE_NEWNET = 0x40000000  # linux/sched.h
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1  # linux/sockios.h, linux/if.h


def pytest_configure() -> None:
    """Have this process, and all that it starts from here on, in a network with loopback alone."""
    if sys.platform != "linux" or ctypes.CDLL(None).unshare(CLONE_NEWNET):
        return
    with socket.socket() as any_socket:
        ask = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, ask))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))
