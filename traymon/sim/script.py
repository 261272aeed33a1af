"""What a simulated Gateway does out of the ordinary, in a few lines of Python.

A Behaviour says how every client is treated. A Script decides for each client and each moment:
override what shall be different, and call what you override for the ordinary rest.

    class TurnsAway(Script):
        def start(self, connection: Connection, client_id: int) -> None:
            connection.say(10141, "Paper trading disclaimer must first be accepted.")
            connection.hang_up()

    with running(script=TurnsAway()) as gateway: ...

Every method is called on the Gateway's loop and must not block; `connection.later` waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from traymon.sim.connection import Connection


class Script:
    """The ordinary way: what the Gateway's Behaviour says."""

    def opened(self, connection: Connection) -> None:
        """A client has connected, and has sent nothing yet."""
        connection.greet()

    def received(self, connection: Connection, data: bytes) -> None:
        """Bytes have arrived. What is not taken is recorded and never read."""
        connection.take(data)

    def hello(self, connection: Connection) -> None:
        """The version hello is complete."""
        connection.answer_hello()

    def start(self, connection: Connection, client_id: int) -> None:
        """A client that has its version asks for a session."""
        connection.start_session(client_id)

    def request(self, connection: Connection, number: int, fields: Sequence[str]) -> None:
        """A client with a session asks for something else; `fields` begin with the number."""
        connection.reply(number, fields)

    def closed(self, connection: Connection) -> None:
        """The connection is gone."""


ORDINARY = Script()
