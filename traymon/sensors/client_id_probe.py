"""Probe one client ID: is it taken? The only place that sends another program's ID.

The caller decides whether probing is allowed. While probing a free ID we occupy it, from startApi
until the Gateway sees our close (milliseconds).
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
from traymon.sensors.frame_reader import FrameReader, NotIB
from traymon.sensors.socket_errors import os_error_text
from traymon.sensors.version_exchange import Outcome, close_gracefully, connect, read_reply

MAX_SAID = 200  # characters of TWS's last words


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The outcome of a probe."""

    verdict: wire.Verdict | None  # None: no verdict, for the reason in `detail`
    detail: str
    released: bool = True  # the Gateway closed the connection too, and so released the ID


async def probe_client_id(
    target: Target, client_id: int, connections: ConnectionRegistry, still_safe: Callable[[], bool]
) -> ProbeResult:
    """Start a session with the ID and end it as soon as the Gateway shows whether it is taken.

    Calls `still_safe` right before the ID is sent; if that returns False, the ID is not sent.
    """
    deadline = asyncio.get_running_loop().time() + target.limits.timeout
    async with connections.exchange_lock:
        connection = await connect(target.host, target.port, deadline, connections)
        if isinstance(connection, Outcome):
            return ProbeResult(None, connection.detail)
        try:
            result = await _start_session(connection, client_id, deadline, still_safe)
        finally:
            released = await close_gracefully(connection)
        return replace(result, released=released)


async def _start_session(
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
        return await _read_verdict(connection, client_id, deadline, reply.version or 0)
    except TimeoutError:
        return ProbeResult(None, "accepts no data")
    except NotIB as error:
        return ProbeResult(None, str(error))
    except OSError as error:
        return ProbeResult(None, os_error_text(error))


async def _read_verdict(
    connection: socket.socket, client_id: int, deadline: float, server_version: int
) -> ProbeResult:
    """Read what the Gateway answers to the ID."""
    loop = asyncio.get_running_loop()
    frames, said = FrameReader(), ""
    try:
        async with asyncio.timeout_at(deadline):
            while data := await loop.sock_recv(connection, 4096):
                frames.feed(data)
                while (frame := frames.take_frame()) is not None:
                    error = wire.read_error(frame, server_version)
                    if (verdict := wire.read_verdict(frame, error)) is not None:
                        return ProbeResult(verdict, f"client ID {client_id} is {verdict}")
                    if error is not None:
                        said = f"; TWS said {error.code}: {error.text[:MAX_SAID]}"
                await asyncio.sleep(0)  # sock_recv does not yield while bytes are available
        how = "closed after startApi, without error 326"
    except TimeoutError:
        how = "no answer to startApi"
    except ConnectionError as error:
        how = f"after startApi: {os_error_text(error)}"
    return ProbeResult(wire.Verdict.REFUSED, f"{how}{said}")
