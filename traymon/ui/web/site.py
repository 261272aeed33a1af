"""The page's web server with all that it needs: what is loaded when the page is first asked for."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from traymon.core.model import Status
from traymon.serving.connections import Connections
from traymon.ui.actions import UserActions
from traymon.ui.calendar_source import CalendarSource
from traymon.ui.web.dashboards import Dashboards
from traymon.ui.web.keys import Keys
from traymon.ui.web.routes import Routes
from traymon.ui.web.streams import Streams


class Site:
    """Serves connections that were accepted on `port`. On the page's loop."""

    def __init__(
        self,
        actions: UserActions,
        statuses: Callable[[], Sequence[Status]],
        now: Callable[[], float],
        keys: Keys,
        one_time_address: Callable[[], str | None],
        calendars: CalendarSource,
        dashboards: Dashboards,
        port: int,
        trouble: Callable[[], str],
    ) -> None:
        viewers, drills = actions.set_viewer_present, actions.drills
        self._streams = Streams(statuses, now, viewers, calendars, dashboards, trouble, drills)
        routes = Routes(
            *(actions, statuses, now, keys, one_time_address),
            *(self._streams, calendars, dashboards),
        )
        self.connections = Connections(routes.app(port))

    async def adopt(self, connection: socket.socket, received: bytes) -> None:
        """Serve one more connection, on which these bytes came already. Raises OSError."""
        await self.connections.adopt(connection, received)

    def wake(self) -> None:
        """Bring the statuses as they are now to every open page."""
        self._streams.wake()

    async def end(self) -> None:
        """End the open pages and every connection."""
        self._streams.end_all()
        await self.connections.end_all()
