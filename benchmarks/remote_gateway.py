"""A simulated Gateway in its own process, which a benchmark disturbs and asks what it has seen."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import NamedTuple

import psutil

from fast_traymon import speed_up
from traymon.sim.gateway import HEALTHY, Behaviour, Ending, Running, running


class Seen(NamedTuple):
    """What clients have done at a Gateway."""

    connections: int
    bare: int  # closed by the client before versions were exchanged
    sessions: int
    open_sessions: int


class RemoteGateway:
    """A simulated Gateway in its own process. Its members are called from one thread."""

    def __init__(self, speed: float = 1.0) -> None:
        """`speed`: how many times as fast its clock is."""
        context = multiprocessing.get_context("spawn")
        self._ours, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, speed), daemon=True)
        self._process.start()
        self.port = int(self._ours.recv())

    def stop(self) -> None:
        """Close the listener and every connection."""
        self._do("stop")

    def start(self) -> None:
        """Listen again on the same port."""
        self._do("start")

    def drop(self) -> None:
        """Abort every connection."""
        self._do("drop")

    def behave(self, behaviour: Behaviour = HEALTHY) -> None:
        """Behave so from now on."""
        self._do(behaviour)

    def say(self, code: int, text: str) -> None:
        """Send a system message to every session."""
        self._do((code, text))

    def seen(self) -> Seen:
        """Return what clients have done since it was started."""
        return self._do("seen")

    def freeze(self) -> None:
        """Stop the process, which keeps its connections."""
        psutil.Process(self._process.pid).suspend()

    def thaw(self) -> None:
        """Let the process go on."""
        psutil.Process(self._process.pid).resume()

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()

    def _do(self, what: object) -> Seen:
        self._ours.send(what)
        seen: Seen = self._ours.recv()
        return seen


def _serve(pipe: Connection, speed: float) -> None:
    """Serve, and do what comes through the pipe; answer each time with what was seen."""
    if speed != 1.0:
        speed_up(speed)
    with running() as gateway:
        pipe.send(gateway.port)
        actions: dict[object, Callable[[], object]] = {
            "stop": gateway.stop,
            "start": gateway.start,
            "drop": gateway.drop_connections,
            "seen": lambda: None,
        }
        while True:
            what = pipe.recv()
            if isinstance(what, Behaviour):
                gateway.behaviour = what
            elif isinstance(what, tuple):
                gateway.say(*what)
            else:
                actions[what]()
            pipe.send(_seen(gateway))


def _seen(gateway: Running) -> Seen:
    all_of_them = gateway.conversations
    left = (Ending.PEER_CLOSED, Ending.RESET)
    bare = [c for c in all_of_them if c.ending in left and not c.exchanged_versions]
    sessions = [c for c in all_of_them if c.client_id is not None]
    still_open = sum(c.closed_at is None for c in sessions)
    return Seen(len(all_of_them), len(bare), len(sessions), still_open)
