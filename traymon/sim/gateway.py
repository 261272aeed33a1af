"""A simulated IB Gateway: a listener that speaks the server's side of the TWS wire.

Must not import anything of traymon outside this package, nor know any diagnosis.
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
    MAX_CONVERSATIONS,
    Behaviour,
    Config,
    Conversation,
    Ending,
    Hello,
    Start,
)
from traymon.sim.connection import Connection
from traymon.sim.script import ORDINARY, Script

__all__ = [
    "HEALTHY",
    "Behaviour",
    "Config",
    "Conversation",
    "Ending",
    "Gateway",
    "Hello",
    "Running",
    "Script",
    "Start",
    "running",
]

START_TIMEOUT = 10.0  # seconds; a loopback listener that takes longer will never start


class Gateway:
    """A listener with its connections.

    `behaviour` and `script` may be replaced at any time, from any thread. They apply from then on,
    also to existing connections. Requests that the previous ones ignored stay unanswered.
    """

    def __init__(self, behaviour: Behaviour = HEALTHY, script: Script = ORDINARY) -> None:
        self.behaviour = behaviour
        self.script = script
        self.port = 0  # the last port that it listened on
        self._server: asyncio.Server | None = None
        self._connections: set[Connection] = set()
        self._recorded: deque[Connection] = deque(maxlen=MAX_CONVERSATIONS)
        self._holders: dict[int, Connection] = {}  # by client ID

    @property
    def connections(self) -> tuple[Connection, ...]:
        """The connections that are open now."""
        return tuple(self._connections)

    @property
    def conversations(self) -> tuple[Conversation, ...]:
        """The records of the last MAX_CONVERSATIONS connections, oldest first."""
        return tuple(connection.conversation for connection in tuple(self._recorded))

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen on the port (0: a free one). Raises OSError if it is taken."""
        if self._server is not None:
            raise RuntimeError("the Gateway listens already")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, host, port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the listener and every connection, and free every client ID."""
        if self._server is None:
            return
        server, self._server = self._server, None
        # asyncio creates a connection's transport one loop iteration after accepting it. Closing
        # the listener in between fails an assertion and leaks the socket, so stop accepting first.
        with suppress(NotImplementedError):  # Windows' loop does both in one step
            for listener in server.sockets:
                asyncio.get_running_loop().remove_reader(listener.fileno())
            await asyncio.sleep(0)
        server.close()
        connections = tuple(self._connections)
        for connection in connections:
            await connection.made
            connection.abort()
        await asyncio.gather(*(connection.lost for connection in connections))
        await server.wait_closed()
        self._holders.clear()

    def say(self, code: int, text: str) -> None:
        """Send a system message to every session, as TWS does when its links change."""
        for connection in tuple(self._connections):
            if connection.conversation.client_id is not None:
                connection.say(code, text)

    def drop_connections(self) -> None:
        """Abort every connection and keep listening."""
        for connection in tuple(self._connections):
            connection.abort()

    def _accept(self) -> Connection:
        connection = Connection(self)
        self._connections.add(connection)
        self._recorded.append(connection)
        return connection

    # --- called by Connection ---

    def take_client_id(self, client_id: int, connection: Connection) -> bool:
        """Give the client ID to the connection; False when it is taken."""
        return self._holders.setdefault(client_id, connection) is connection

    @property
    def is_full(self) -> bool:
        """Whether no further client gets a session."""
        return len(self._holders) >= self.behaviour.max_clients

    def forget(self, connection: Connection) -> None:
        """Drop a connection that is gone, and free its client ID after the release delay."""
        self._connections.discard(connection)
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
    """A Gateway in its own thread. Every member may be used from any thread."""

    def __init__(self, gateway: Gateway, loop: asyncio.AbstractEventLoop) -> None:
        self._gateway = gateway
        self._loop = loop

    @property
    def port(self) -> int:
        """The port, even while stopped."""
        return self._gateway.port

    @property
    def behaviour(self) -> Behaviour:
        """What the Gateway does; may be replaced."""
        return self._gateway.behaviour

    @behaviour.setter
    def behaviour(self, behaviour: Behaviour) -> None:
        self._gateway.behaviour = behaviour

    @property
    def script(self) -> Script:
        """What the Gateway does out of the ordinary; may be replaced."""
        return self._gateway.script

    @script.setter
    def script(self, script: Script) -> None:
        self._gateway.script = script

    @property
    def conversations(self) -> tuple[Conversation, ...]:
        """The records of the last connections, oldest first."""
        return self._gateway.conversations

    def start(self) -> None:
        """Listen again on the same port."""
        self._run(self._gateway.start(port=self.port))

    def stop(self) -> None:
        """Close the listener and every connection."""
        self._run(self._gateway.stop())

    def say(self, code: int, text: str) -> None:
        """Send a system message to every session."""
        self._loop.call_soon_threadsafe(self._gateway.say, code, text)

    def drop_connections(self) -> None:
        """Abort every connection and keep listening."""
        self._loop.call_soon_threadsafe(self._gateway.drop_connections)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(START_TIMEOUT)


@contextmanager
def running(
    behaviour: Behaviour = HEALTHY, port: int = 0, script: Script = ORDINARY
) -> Iterator[Running]:
    """Run a Gateway on 127.0.0.1 in a thread with its own loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="simulated-gateway", daemon=True)
    thread.start()
    gateway = Gateway(behaviour, script)
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
