"""The live page on 127.0.0.1, which shows how each fix step turns green: its server's lifecycle.

Checks nothing: it shows the statuses that it is given and passes on what the user asks for. The web
server and the templates are loaded when the page is first asked for: on most days nobody does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from traymon.core.model import Change, Status
from traymon.ui.actions import UserActions
from traymon.ui.calendar_source import NO_CALENDARS, CalendarSource
from traymon.ui.web.dashboards import Dashboards
from traymon.ui.web.keys import OPEN_PATH, Keys
from traymon.ui.web.log_limit import limit_lines
from traymon.ui.web.peers import is_another_users
from traymon.ui.web.reception import Answer, Reception

if TYPE_CHECKING:
    from traymon.ui.web.site import Site

log = logging.getLogger(__name__)

BACKLOG = 128  # connections that wait to be accepted
ACCEPT_RETRY_INTERVAL = 0.1  # seconds, while no descriptor is free


class LivePage:
    """Serves the page on an event loop. A surface."""

    name = "live page"
    shows = ~Change.NOTHING
    names_times = True

    def __init__(
        self,
        actions: UserActions,
        now: Callable[[], float],
        at_gate: Answer,
        port: int = 0,
        calendars: CalendarSource = NO_CALENDARS,
        dashboards: Dashboards | None = None,
        trouble: Callable[[], str] = str,
    ) -> None:
        """`at_gate` answers programs that ask whether they may trade; it is called on the loop.

        `port` 0 takes a free one. Without `dashboards` the page shows no history. `trouble`
        returns what is wrong with traymon itself, "" if nothing is.
        """
        self.keys = Keys()
        self.port: int | None = None  # while it is served
        self.site: Site | None = None  # once the page was asked for
        self._actions, self._now, self._at_gate = actions, now, at_gate
        self._wanted_port, self._calendars = port, calendars
        self._dashboards, self._trouble = dashboards or Dashboards(), trouble
        self._statuses: Sequence[Status] = ()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ended = asyncio.Event()
        self._loading = asyncio.Lock()  # of the web server, by the first that ask for the page

    def address(self) -> str | None:
        """Return an address that opens the page once; None while it cannot be served."""
        if self.port is None:
            return None
        try:
            _load_site()
        except ImportError as error:  # traymon's files were moved or replaced
            log.warning("the page cannot be loaded: %s", error)
            return None
        return f"http://127.0.0.1:{self.port}{OPEN_PATH}{self.keys.one_time()}"

    def show(self, statuses: Sequence[Status], changes: Mapping[str, Change]) -> None:
        """Show the statuses on every open page. From any thread."""
        self._statuses = statuses
        self.refresh()

    def refresh(self) -> None:
        """Bring what is to be shown now to every open page. From any thread."""
        loop, site = self._loop, self.site
        if loop is not None and site is not None:
            with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                loop.call_soon_threadsafe(site.wake)

    async def serve(self, on_ready: Callable[[int], None]) -> None:
        """Serve until `stop`; `on_ready` gets the port. Raises OSError if no port is free."""
        self._loop = asyncio.get_running_loop()
        with _listen(self._wanted_port) as listener, limit_lines(__name__, "uvicorn.error"):
            self.port = port = listener.getsockname()[1]
            reception = Reception(self.keys, port, self._at_gate, self._pass_on)
            on_ready(port)
            tasks = [
                asyncio.create_task(self._accept(listener, reception)),
                asyncio.create_task(self._ended.wait()),
            ]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                self.port = self._loop = None
                for task in tasks:
                    task.cancel()
                await reception.end()
                if self.site is not None:
                    await self.site.end()

    def stop(self) -> None:
        """End the open pages and `serve`. On the page's loop."""
        self._ended.set()

    async def _accept(self, listener: socket.socket, reception: Reception) -> None:
        """Receive whoever connects."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError as error:
                log.warning("no connection can be accepted: %s", error)
                reception.end_waiting()  # frees their descriptors
                if self.site is not None:
                    self.site.connections.end_waiting()
                await asyncio.sleep(ACCEPT_RETRY_INTERVAL)
                continue
            if is_another_users(connection):
                log.warning("a connection of another user of this computer was refused")
                connection.close()
                await asyncio.sleep(0)  # many of them must not hold up the monitor
            else:
                reception.receive(connection)

    async def _pass_on(self, connection: socket.socket, received: bytes) -> None:
        """Let the web server serve a connection, on which these bytes came already."""
        with contextlib.ExitStack() as stack:
            stack.callback(connection.close)
            try:
                site = await self._load()
                await site.adopt(connection, received)
            except (ImportError, OSError) as error:
                log.warning("a connection cannot be served: %s", error)
                return
            stack.pop_all()  # it belongs to the site now

    async def _load(self) -> Site:
        """Return the web server, loaded once. Raises ImportError if it cannot be."""
        async with self._loading:
            if self.site is None:
                site = await asyncio.to_thread(_load_site)  # the monitor goes on meanwhile
                self.site = site(
                    self._actions,
                    lambda: self._statuses,
                    self._now,
                    self.keys,
                    self.address,
                    self._calendars,
                    self._dashboards,
                    self.port or 0,
                    self._trouble,
                )
            return self.site


def _load_site() -> type[Site]:
    """Return the class of the web server. Raises ImportError if it cannot be loaded."""
    from traymon.ui.web.site import Site

    return Site


def _listen(port: int) -> socket.socket:
    """Return a listening socket on 127.0.0.1; on a free port if the wanted one is in use."""
    try:
        return _listen_on(port)
    except OSError as error:
        if not port:
            raise
        log.warning("the page's port %s cannot be used, another one is: %s", port, error)
        return _listen_on(0)


def _listen_on(port: int) -> socket.socket:
    """Return a listening socket on this port of 127.0.0.1. Raises OSError if it is in use."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        if sys.platform == "win32":  # where reusing an address means sharing it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # or the port stays taken for a minute after a restart
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
        stack.pop_all()
    return listener
