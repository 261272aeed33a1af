"""Answers scrapes at /metrics, in a thread of its own: nothing here can delay the monitor.

A whole exchange has five seconds, and 64 of them may be under way: a client that drips, hangs or
floods keeps out only others that do the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from traymon.core.addresses import is_loopback
from traymon.core.alerts import MetricsAccess
from traymon.serving.connections import Connections
from traymon.serving.listener import accept_all, listen_on
from traymon.serving.log_limit import limit_lines

log = logging.getLogger(__name__)

PATH = "/metrics"
CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"
KEPT_FOR = 1.0  # seconds for which an answer is given again: a flood costs no more than that
RETRY_INTERVAL = 10.0  # seconds, while the address cannot be listened on
# what others can make them write is bounded
LOGGERS = ("traymon.serving.listener", "uvicorn.error")

Send = Callable[[dict[str, Any]], Awaitable[None]]


class MetricsServer:
    """Listens on an address from `start` to `stop`."""

    def __init__(
        self,
        access: MetricsAccess,
        text: Callable[[], bytes],
        on_trouble: Callable[[str], None],
        meanwhile: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """`text` makes the answer; without a token whoever reaches the address gets it.

        `on_trouble` gets why nothing is served, and "" once it is. `meanwhile` runs beside it.
        """
        self.port: int | None = None  # while it is served
        self._address, self._token = access.address, access.token
        self._text, self._on_trouble, self._meanwhile = text, on_trouble, meanwhile
        self._made, self._made_at = b"", float("-inf")
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        """Begin to serve; returns at once."""
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End it, for at most `timeout` seconds."""
        with contextlib.suppress(RuntimeError):  # it has ended by itself
            self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(timeout)

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            try:
                self._loop.run_until_complete(self._work())
            except Exception:
                log.exception("metrics are served no longer")
                self._on_trouble("it has ended")

    async def _work(self) -> None:
        work = [asyncio.create_task(one) for one in (self._serve(), self._meanwhile())]
        ended = asyncio.create_task(self._ended.wait())
        done, _ = await asyncio.wait([*work, ended], return_when=asyncio.FIRST_COMPLETED)
        for task in (*work, ended):
            task.cancel()
        await asyncio.gather(*work, ended, return_exceptions=True)
        for task in done:
            task.result()

    async def _serve(self) -> None:
        connections = Connections(self._answer)
        adopting: set[asyncio.Task[None]] = set()

        def receive(connection: socket.socket) -> None:
            task = asyncio.create_task(_adopt(connections, connection))
            adopting.add(task)  # or it may vanish before it is done
            task.add_done_callback(adopting.discard)

        with await self._listen() as listener, limit_lines(*LOGGERS):
            self.port = listener.getsockname()[1]
            log.info("metrics are served on port %s", self.port)
            try:
                await accept_all(listener, receive, connections.end_waiting)
            finally:
                self.port = None
                await connections.end_all()

    async def _listen(self) -> socket.socket:
        """Return the listening socket, once the address is free."""
        trouble = ""
        while True:
            try:
                listener = listen_on(self._address.host, self._address.port)
            except OSError as error:
                if str(error) != trouble:
                    trouble = str(error)
                    log.warning("metrics cannot be served on %s: %s", self._address, trouble)
                    self._on_trouble(trouble)
                await asyncio.sleep(RETRY_INTERVAL)
            else:
                self._on_trouble("")
                return listener

    async def _answer(self, scope: dict[str, Any], _receive: object, send: Send) -> None:
        """Answer one request: an ASGI application."""
        if scope["type"] != "http":
            return
        refusal = self._refusal(scope)
        status, words = refusal or (200, "")
        body = f"{words}\n".encode() if refusal else self._current_text()
        headers = [(b"content-type", CONTENT_TYPE), (b"content-length", b"%d" % len(body))]
        headers += [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if refusal:
            headers.append((b"connection", b"close"))  # the rest of the request is not read
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _refusal(self, scope: dict[str, Any]) -> tuple[int, str] | None:
        """Return why a request is not served, as an HTTP status and words; None if it is."""
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        wanted = f"Bearer {self._token.reveal()}".encode()
        if self._token and not (len(given) == 1 and secrets.compare_digest(given[0], wanted)):
            return 401, "This needs the token of TRAYMON_METRICS_TOKEN."
        # a web page could have another site's name point at this computer
        if not self._token and not _names_this_computer(scope):
            return 421, "traymon does not answer under this name."
        if scope["path"] != PATH:
            return 404, f"The metrics are at {PATH}."
        if scope["method"] != "GET":
            return 405, "This request is not allowed."
        return None

    def _current_text(self) -> bytes:
        if time.monotonic() - self._made_at >= KEPT_FOR:
            self._made, self._made_at = self._text(), time.monotonic()
        return self._made


async def _adopt(connections: Connections, connection: socket.socket) -> None:
    try:
        await connections.adopt(connection, b"")
    except OSError as error:
        log.debug("a connection cannot be served: %s", error)
        connection.close()


def _names_this_computer(scope: dict[str, Any]) -> bool:
    """Tell whether the Host of a request is a name that only this computer has for itself."""
    hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1:
        return False
    host = hosts[0].rpartition(":")[0] if hosts[0].rpartition(":")[2].isdecimal() else hosts[0]
    return is_loopback(host.strip("[]"))
