"""A simulated IB Gateway: a listener that speaks the server's side of the TWS wire.

Imports nothing of traymon outside this package and knows no diagnosis.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from traymon.sim.behaviour import (
    HEALTHY,
    KEPT_CONVERSATIONS,
    Behaviour,
    Conversation,
    Ending,
    Hello,
    Start,
)
from traymon.sim.connection import Connection

__all__ = [
    "HEALTHY",
    "Behaviour",
    "Conversation",
    "Ending",
    "Gateway",
    "Hello",
    "Running",
    "Start",
    "running",
]


START_TIMEOUT = 10.0  # seconds; a loopback listener that takes longer will never stand


class Gateway:
    """A listener with its connections.

    `behaviour` may be replaced at any time, from any thread: it rules what happens from then on,
    also on connections that stand. What it left unanswered stays unanswered.
    """

    def __init__(self, behaviour: Behaviour = HEALTHY) -> None:
        self.behaviour = behaviour
        self.port = 0  # the last one that it listened on
        self._server: asyncio.Server | None = None
        self._standing: set[Connection] = set()
        self._kept: deque[Connection] = deque(maxlen=KEPT_CONVERSATIONS)
        self._holders: dict[int, Connection] = {}  # of client IDs

    @property
    def conversations(self) -> tuple[Conversation, ...]:
        """The record of every connection, oldest first, at most KEPT_CONVERSATIONS."""
        return tuple(connection.conversation for connection in tuple(self._kept))

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one. Raise OSError when the port is taken."""
        if self._server is not None:
            raise RuntimeError("the Gateway listens already")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, host, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the listener and every connection; every client ID is free again."""
        if self._server is None:
            return
        server, self._server = self._server, None
        # asyncio fails an assertion, and leaks the socket, where the listener closes between the
        # accept and the transport, one round of the loop later. So it stops to accept first.
        with suppress(NotImplementedError):  # Windows' loop does both in one step
            for listener in server.sockets:
                asyncio.get_running_loop().remove_reader(listener.fileno())
            await asyncio.sleep(0)
        server.close()
        standing = tuple(self._standing)
        for connection in standing:
            await connection.made
            connection.abort()
        await asyncio.gather(*(connection.lost for connection in standing))
        await server.wait_closed()
        self._holders.clear()

    # for Connection

    def say(self, code: int, text: str) -> None:
        """Send a system message to every session, as TWS does when its links change."""
        for connection in tuple(self._standing):
            connection.say(code, text)

    def _connection(self) -> Connection:
        connection = Connection(self)
        self._standing.add(connection)
        self._kept.append(connection)
        return connection

    def take_client_id(self, client_id: int, connection: Connection) -> bool:
        """Give the client ID to the connection; False when it is taken."""
        return self._holders.setdefault(client_id, connection) is connection

    @property
    def is_full(self) -> bool:
        """Whether no further client gets a session."""
        return len(self._holders) >= self.behaviour.max_clients

    def forget(self, connection: Connection) -> None:
        """Drop a connection that is gone; its client ID is free after the release delay."""
        self._standing.discard(connection)
        client_id = connection.conversation.client_id
        if client_id is None:
            return

        def release() -> None:
            if self._holders.get(client_id) is connection:
                del self._holders[client_id]

        if self.behaviour.release_delay > 0:
            asyncio.get_running_loop().call_later(self.behaviour.release_delay, release)
        else:
            release()


class Running:
    """A Gateway in a thread of its own. All of it may be used from any thread."""

    def __init__(self, gateway: Gateway, loop: asyncio.AbstractEventLoop) -> None:
        self._gateway = gateway
        self._loop = loop

    @property
    def port(self) -> int:
        """The port, also while stopped."""
        return self._gateway.port

    @property
    def behaviour(self) -> Behaviour:
        """What the Gateway does; may be set."""
        return self._gateway.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._gateway.behaviour = behaviour

    @property
    def conversations(self) -> tuple[Conversation, ...]:
        """The record of every connection, oldest first."""
        return self._gateway.conversations

    def start(self) -> None:
        """Listen again on the same port."""
        self._do(self._gateway.start(port=self.port))

    def stop(self) -> None:
        """Close the listener and every connection."""
        self._do(self._gateway.stop())

    def say(self, code: int, text: str) -> None:
        """Send a system message to every session."""
        self._loop.call_soon_threadsafe(self._gateway.say, code, text)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(START_TIMEOUT)


@contextmanager
def running(behaviour: Behaviour = HEALTHY, port: int = 0) -> Iterator[Running]:
    """Run a Gateway on 127.0.0.1 in a thread with its own loop, and stop it at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulated-gateway", daemon=True)
    thread.start()
    gateway = Gateway(behaviour)
    gateway.port = port
    handle = Running(gateway, loop)
    try:
        handle.start()
        yield handle
    finally:
        handle.stop()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
