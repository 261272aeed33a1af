"""One try of a client ID: is it taken? The only place that says another program's ID.

Who calls decides whether a try is allowed; here it is only made as short as can be. A free ID is
held from the Gateway's reading of startApi until its reading of our close, which follows the
answer at once.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace

from traymon.core.target import Target
from traymon.core.vocabulary import Symptom
from traymon.sensors import wire
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.socket_errors import os_error_text
from traymon.sensors.version_exchange import Outcome, close_gracefully, connect, read_reply


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What came of a try."""

    verdict: wire.Verdict | None  # None: no verdict, for the reason in `detail`
    detail: str
    released: bool = True  # the Gateway ended the connection too, and so let the ID go


async def claim(
    target: Target, client_id: int, connections: ConnectionRegistry, still_safe: Callable[[], bool]
) -> ProbeResult:
    """Begin a session with the ID and end it at the first word that shows whether it may.

    `still_safe` is asked right before the ID is said; where it is not, none is said.
    """
    deadline = asyncio.get_running_loop().time() + target.limits.timeout
    async with connections.exchange_lock:
        connection = await connect(target.host, target.port, deadline, connections)
        if isinstance(connection, Outcome):
            return ProbeResult(None, connection.detail)
        try:
            outcome = await _ask(connection, client_id, deadline, still_safe)
        finally:
            released = await close_gracefully(connection)
        return replace(outcome, released=released)


async def _ask(
    connection: socket.socket, client_id: int, deadline: float, still_safe: Callable[[], bool]
) -> ProbeResult:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout_at(deadline):
            await loop.sock_sendall(connection, wire.hello())
            reply = await read_reply(connection, deadline)
            if reply.symptom is not Symptom.OK:
                return ProbeResult(None, reply.detail)
            if not still_safe():
                return ProbeResult(None, "another program may have started meanwhile")
            await loop.sock_sendall(connection, wire.start_api(client_id))
            reader = wire.VerdictReader()
            while data := await loop.sock_recv(connection, 4096):
                if (verdict := reader.feed(data)) is not None:
                    return ProbeResult(verdict, f"client ID {client_id} is {verdict}")
        return ProbeResult(None, "closed after startApi, without error 326")
    except TimeoutError:
        return ProbeResult(None, "no answer to startApi")
    except wire.NotIB as error:
        return ProbeResult(None, str(error))
    except OSError as error:
        return ProbeResult(None, os_error_text(error))
