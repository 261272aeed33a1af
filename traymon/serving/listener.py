"""A listening socket, and the loop that accepts its connections."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

log = logging.getLogger(__name__)

BACKLOG = 128  # connections that wait to be accepted
RETRY_INTERVAL = 0.1  # seconds, while no descriptor is free


def listen_on(host: str, port: int) -> socket.socket:
    """Return a socket that listens on this IP address; port 0: a free one.

    Raises OSError if the port is in use, or the address is none of this computer's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(family))
        if sys.platform == "win32":  # where reusing an address means sharing it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # or the port stays taken for a minute after a restart
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
        stack.pop_all()
    return listener


async def accept_all(
    listener: socket.socket,
    receive: Callable[[socket.socket], None],
    make_room: Callable[[], None],
) -> NoReturn:
    """Hand every connection to `receive`, which returns at once.

    `make_room` is called while no descriptor is free: it ends connections that can be spared.
    """
    loop = asyncio.get_running_loop()
    while True:
        try:
            connection, _ = await loop.sock_accept(listener)
        except OSError as error:
            log.warning("no connection can be accepted: %s", error)
            make_room()
            await asyncio.sleep(RETRY_INTERVAL)
            continue
        receive(connection)
        await asyncio.sleep(0)  # many of them must not hold up what else runs on the loop
