"""HTTP over accepted connections: uvicorn's protocol, with the bounds that it lacks.

Until a connection carries a request that may be served it costs little: it has seconds, it makes
room for newer ones, and it writes next to nothing into the log.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

STOP_TIMEOUT = 1.0  # seconds for responses under way
KEEP_ALIVE_TIMEOUT = 30  # seconds
MAX_HEADERS = 16_384  # bytes of a request that is not complete


class Connections:
    """The connections of one server. On its loop."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        """`app` is an ASGI application, which calls `state.let_in` for a request that it serves."""
        self._config = uvicorn.Config(
            app,
            interface="asgi3",
            http=BoundedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,  # addresses hold secrets
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_TIMEOUT,
            h11_max_incomplete_event_size=MAX_HEADERS,
        )
        self._config.load()
        self._state = ServerState()
        self.waiting: dict[BoundedProtocol, None] = {}  # in the order in which they began to wait

    async def adopt(self, connection: socket.socket, received: bytes) -> None:
        """Serve a connection that was accepted, and sent these bytes already. Raises OSError."""
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(
            lambda: BoundedProtocol(self._config, self._state, self.waiting, received), connection
        )

    def end_waiting(self) -> None:
        """End the connections that carry no request which was let in."""
        for connection in list(self.waiting):
            connection.transport.abort()

    async def end_all(self) -> None:
        """End every connection; responses under way have STOP_TIMEOUT."""
        for connection in list(self._state.connections):
            connection.shutdown()
        tasks = set(self._state.tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=STOP_TIMEOUT)
            for task in late:
                task.cancel()
        for connection in list(self._state.connections):
            connection.transport.abort()


class BoundedProtocol(H11Protocol):
    """uvicorn's HTTP protocol with limits on what was not let in."""

    MAX_WAITING = 64  # connections; one more ends the oldest
    REQUEST_TIMEOUT = 5.0  # seconds from the connection, or its last response, to a whole request

    def __init__(
        self,
        config: uvicorn.Config,
        state: ServerState,
        waiting: dict[BoundedProtocol, None],
        received: bytes,
    ) -> None:
        super().__init__(config, state, {"let_in": self._let_in})
        self._waiting, self._received = waiting, received
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Take the connection; the one that has waited longest may have to go."""
        super().connection_made(transport)
        self._wait_for_request()
        if len(self._waiting) > self.MAX_WAITING:
            oldest = next(iter(self._waiting))
            oldest._leave_waiting()
            oldest.transport.abort()
        received, self._received = self._received, b""
        if received:  # h11 takes no bytes for the end
            self.data_received(received)  # before anything more is read

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._wait_for_request()  # first: the next one may have come already
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._leave_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP; in the middle of a response, by ending the connection."""
        if self.cycle is None or self.cycle.response_complete:
            super().send_400_response(msg)
        else:
            self.cycle.disconnected = True
            self.transport.abort()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: any web page can ask for an upgrade."""

    def _let_in(self) -> None:
        """Give the request the time that it takes."""
        self._leave_waiting()

    def _wait_for_request(self) -> None:
        self._leave_waiting()
        self._waiting[self] = None
        self._deadline = self.loop.call_later(self.REQUEST_TIMEOUT, self.transport.abort)

    def _leave_waiting(self) -> None:
        self._waiting.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
