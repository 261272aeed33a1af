"""Gateways that misbehave in the ways that people have met, for `running(script=...)` and `play`.

    with running(script=SaysAtStart((10141, "Paper trading disclaimer must first be accepted."))):
        ...
    play(story, script=RefusesIds(1))

`gateway.script = ORDINARY` makes it well again, at any moment and from any thread.
Anything else is a Script of three lines: see traymon/sim/script.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from traymon.sim.connection import Connection
from traymon.sim.script import Script
from traymon.sim.scripts import RefusesIds as RefusesIds


class SaysAtStart(Script):
    """Answers startApi with these messages alone, then hangs up or stays silent."""

    def __init__(self, *messages: tuple[int, str], then_closes: bool = True) -> None:
        self.messages = messages
        self.then_closes = then_closes

    def start(self, connection: Connection, client_id: int) -> None:
        for code, text in self.messages:
            connection.say(code, text)
        if self.then_closes:
            connection.hang_up()


class DropsSessions(Script):
    """Starts every session, and ends it some seconds later."""

    def __init__(self, after: float = 0.5) -> None:
        self.after = after

    def start(self, connection: Connection, client_id: int) -> None:
        connection.start_session(client_id)
        connection.later(self.after, connection.hang_up)


class MutesOldConnections(Script):
    """Serves everybody, until `mute()`: who is connected then is never answered again.

    Their connections stay open. New ones are served.
    """

    def __init__(self) -> None:
        self.open: set[Connection] = set()
        self.muted: set[Connection] = set()

    def opened(self, connection: Connection) -> None:
        self.open.add(connection)
        connection.greet()

    def closed(self, connection: Connection) -> None:
        self.open.discard(connection)

    def mute(self) -> None:
        self.muted |= self.open

    def received(self, connection: Connection, data: bytes) -> None:
        if connection not in self.muted:
            connection.take(data)


class AnswersOnly(Script):
    """Serves sessions, but answers these requests alone (49 is the time)."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = numbers

    def request(self, connection: Connection, number: int, fields: Sequence[str]) -> None:
        if number in self.numbers:
            connection.reply(number, fields)


class ServesEveryNth(Script):
    """Answers every nth hello and leaves the others without a byte."""

    def __init__(self, nth: int) -> None:
        self.nth = nth
        self.hellos = 0

    def hello(self, connection: Connection) -> None:
        self.hellos += 1
        if self.hellos % self.nth == 0:
            connection.answer_hello()


class Sends(Script):
    """Starts every session, then sends bytes that may be no frame, again and again."""

    def __init__(self, data: bytes, every: float = 1.0) -> None:
        self.data = data
        self.every = every

    def start(self, connection: Connection, client_id: int) -> None:
        connection.start_session(client_id)
        self._send(connection)

    def _send(self, connection: Connection) -> None:
        connection.send(self.data)
        connection.later(self.every, lambda: self._send(connection))


class CommandServer(Script):
    """The line server of IBC: not IB's API. It may greet, and knows no command."""

    def __init__(self, greeting: str = "") -> None:
        self.greeting = greeting
        self._rest: dict[Connection, bytes] = {}

    def opened(self, connection: Connection) -> None:
        if self.greeting:
            connection.send(f"{self.greeting}\r\n".encode())

    def received(self, connection: Connection, data: bytes) -> None:
        *lines, rest = (self._rest.get(connection, b"") + data).split(b"\n")
        self._rest[connection] = rest
        for _ in lines:
            connection.send(b"ERROR Command invalid\r\n")
