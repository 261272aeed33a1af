"""The live page on 127.0.0.1, which shows how each fix step turns green: its server's lifecycle.

Checks nothing: it shows the statuses that it is given and passes on what the user asks for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence

import uvicorn

from traymon.core.model import Change, Status
from traymon.ui.actions import UserActions
from traymon.ui.web.auth import OPEN_PATH, Keys, TimeLimitedProtocol
from traymon.ui.web.routes import Routes
from traymon.ui.web.streams import Streams

log = logging.getLogger(__name__)

STOP_TIMEOUT = 1  # seconds for responses under way
KEEP_ALIVE_TIMEOUT = 30  # seconds
MAX_HEADERS = 16_384  # bytes of a request that is not complete


class LivePage:
    """Serves the page on an event loop. A surface."""

    name = "live page"
    shows = ~Change.NOTHING
    names_times = True

    def __init__(self, actions: UserActions, now: Callable[[], float], port: int = 0) -> None:
        """`port` 0 takes a free one."""
        self.keys = Keys()
        self.port: int | None = None  # while it is served
        self._wanted_port = port
        self._statuses: Sequence[Status] = ()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: _Server | None = None
        self._streams = Streams(lambda: self._statuses, now, actions.set_viewer_present)
        self._routes = Routes(
            actions, lambda: self._statuses, now, self.keys, self.address, self._streams
        )

    def address(self) -> str | None:
        """Return an address that opens the page once; None while it is not served."""
        if self.port is None:
            return None
        return f"http://127.0.0.1:{self.port}{OPEN_PATH}{self.keys.one_time()}"

    def show(self, statuses: Sequence[Status], changes: Mapping[str, Change]) -> None:
        """Show the statuses on every open page. From any thread."""
        self._statuses = statuses
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(self._streams.wake)

    async def serve(self, on_ready: Callable[[int], None]) -> None:
        """Serve until `stop`; `on_ready` gets the port. Raises OSError if no port is free."""
        self._loop = asyncio.get_running_loop()
        listener = _listen(self._wanted_port)
        config = uvicorn.Config(
            self._routes.app(),
            http=TimeLimitedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,  # addresses hold secrets
            server_header=False,
            date_header=False,
            timeout_keep_alive=KEEP_ALIVE_TIMEOUT,
            timeout_graceful_shutdown=STOP_TIMEOUT,
            h11_max_incomplete_event_size=MAX_HEADERS,
        )
        self._server = server = _Server(config)
        self.port = listener.getsockname()[1]
        on_ready(self.port)
        try:
            await server.serve(sockets=[listener])
        finally:
            self.port = self._loop = None
            listener.close()

    def stop(self) -> None:
        """End the open pages and `serve`. On the page's loop."""
        self._streams.end_all()
        if self._server is not None:
            self._server.end()


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers, which belong to the main thread, and without its tick.

    uvicorn's main loop wakes ten times a second, mostly to renew the date header: a fifth of a
    percent of a core, even while no page is open.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Let `serve` return."""
        self.should_exit = True
        self._ended.set()

    async def main_loop(self) -> None:
        """Wait for the end."""
        await self._ended.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def _listen(port: int) -> socket.socket:
    """Return a listening socket on 127.0.0.1; on a free port if the wanted one is in use."""
    listener = socket.socket()
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        if not port:
            listener.close()
            raise
        log.warning("the page's port %s cannot be used, another one is: %s", port, error)
        listener.bind(("127.0.0.1", 0))
    return listener
