"""Scripts that scenarios play; tests/support/scripted_gateway.py has more, for tests alone."""

from __future__ import annotations

from collections.abc import Callable

from traymon.sim.connection import Connection
from traymon.sim.messages import CLIENT_ID_IN_USE
from traymon.sim.script import Script


class RefusesIds(Script):
    """Turns away the client IDs that `refuses` tells (or the given ones), with or without 326."""

    def __init__(
        self, *ids: int, refuses: Callable[[int], bool] | None = None, with_326: bool = True
    ) -> None:
        self.refuses = refuses or ids.__contains__
        self.with_326 = with_326

    def start(self, connection: Connection, client_id: int) -> None:
        """Refuse the session, or start it."""
        if not self.refuses(client_id):
            connection.start_session(client_id)
            return
        if self.with_326:
            connection.say(*CLIENT_ID_IN_USE)
        connection.hang_up()
