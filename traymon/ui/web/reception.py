"""Reads the first bytes of each connection to the page's port: is it a program at the gate?

The gate is answered here. Everybody else is passed on, with what they have sent, to the page's web
server, which is loaded only now.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from traymon.ui.gatekeeper import GateQuestion
from traymon.ui.web import gate_request
from traymon.ui.web.keys import Keys

log = logging.getLogger(__name__)

MAX_WAITING = 64  # connections; one more ends the oldest
MAX_HEAD = 16_384  # bytes
Answer = Callable[[GateQuestion], Mapping[str, Any]]
PassOn = Callable[[socket.socket, bytes], Awaitable[None]]


class Reception:
    """The connections that have not shown yet what they want. On the page's loop."""

    TIMEOUT = 5.0  # seconds to the first bytes, and to the whole question of a program

    def __init__(self, keys: Keys, port: int, answer: Answer, pass_on: PassOn) -> None:
        """`pass_on` takes over a connection with the bytes that came first; it must not raise."""
        self._keys, self._port = keys, port
        self._answer, self._pass_on = answer, pass_on
        # in the order in which they came
        self.waiting: dict[asyncio.Task[None], None] = {}

    def receive(self, connection: socket.socket) -> None:
        """Take a connection that was accepted; returns at once."""
        task = asyncio.create_task(self._serve(connection))
        self.waiting[task] = None
        task.add_done_callback(lambda done: self._forget(done, connection))
        if len(self.waiting) > MAX_WAITING:
            oldest = next(iter(self.waiting))
            del self.waiting[oldest]
            oldest.cancel()

    def end_waiting(self) -> None:
        """End the connections that wait here."""
        for task in list(self.waiting):
            task.cancel()

    async def end(self) -> None:
        """End them, and wait until that is done."""
        waiting = list(self.waiting)
        self.end_waiting()
        await asyncio.gather(*waiting, return_exceptions=True)

    def _forget(self, task: asyncio.Task[None], connection: socket.socket) -> None:
        self.waiting.pop(task, None)
        if task.cancelled():  # maybe before it began
            connection.close()

    async def _serve(self, connection: socket.socket) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(connection.close)
            try:
                async with asyncio.timeout(self.TIMEOUT):
                    received = await self._read(connection, b"", _is_gate_or_other)
                    if received.startswith(gate_request.START):
                        await self._serve_gate(connection, received)
                        return
            except (OSError, TimeoutError):  # it has left, or says nothing
                return
            if received:
                stack.pop_all()  # it belongs to the page now
                await self._pass_on(connection, received)

    async def _serve_gate(self, connection: socket.socket, received: bytes) -> None:
        """Answer a program. Raises OSError if it has left."""
        head = await self._read(connection, received, lambda data: gate_request.END in data)
        try:
            question = gate_request.read(head, self._keys, self._port)
            response = gate_request.response(self._answer(question), self._keys)
        except gate_request.Refused as error:
            response = gate_request.refusal(error)
        except Exception:  # no answer closes the gate
            log.exception("a program's question could not be answered")
            return
        await asyncio.get_running_loop().sock_sendall(connection, response)

    async def _read(
        self, connection: socket.socket, received: bytes, is_enough: Callable[[bytes], bool]
    ) -> bytes:
        """Return all that came, once it is enough or the peer has ended. Raises OSError."""
        loop = asyncio.get_running_loop()
        while not is_enough(received) and len(received) < MAX_HEAD:
            if not (more := await loop.sock_recv(connection, MAX_HEAD)):
                break
            received += more
        return received


def _is_gate_or_other(received: bytes) -> bool:
    """Tell whether the bytes show already whether they begin a program's question."""
    start = gate_request.START
    return received.startswith(start) or not start.startswith(received)
