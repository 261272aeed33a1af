"""Which of the user's own programs run here, and which of them are connected to a target's port.

Passive: reads processes, and connections from a socket table that was read already.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import psutil

from traymon.core.target import SeenProgram, Target
from traymon.sensors.base import ListOwnPrograms
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.process_reader import Process, ProcessReader
from traymon.sensors.program_identity import INTERPRETERS
from traymon.sensors.socket_table import SocketEntry, is_this_machine

MAX_NEW = 100  # processes that are read at once; one takes 0.3 ms
LOOKS = 2  # at a new process, since a shell may still become the program that it starts


class OwnPrograms:
    """Remembers the processes that it has read. All methods may block for milliseconds."""

    def __init__(self, connections: ConnectionRegistry, list_own_programs: ListOwnPrograms) -> None:
        self._connections = connections
        self._reader = ProcessReader(list_own_programs)
        self._looks: dict[int, int] = {}  # by process ID
        self._processes: dict[int, Process] = {}  # those of the user's own programs

    def find(self, table: Sequence[SocketEntry], target: Target) -> tuple[SeenProgram, ...]:
        """Return the user's programs that run and can be told apart."""
        connected = self._connected(table, target.port)
        running = set(psutil.pids())
        for gone in self._looks.keys() - running:
            del self._looks[gone]
            self._processes.pop(gone, None)
        looks = self._looks
        new = sorted(
            (pid for pid in running if looks.get(pid, 0) < LOOKS), key=lambda pid: looks.get(pid, 0)
        )
        known = running & (connected | self._processes.keys())
        for pid in known.union(new[:MAX_NEW]):
            self._look(pid, target)
        return tuple(
            SeenProgram(process.program, pid in connected)
            for pid, process in self._processes.items()
        )

    def _connected(self, table: Sequence[SocketEntry], port: int) -> set[int | None]:
        """Return the processes that are connected to the port."""
        return {
            entry.pid
            for entry in table
            if entry.raddr
            and entry.status == psutil.CONN_ESTABLISHED
            and entry.raddr.port == port
            and entry.laddr.port not in self._connections
            and is_this_machine(entry.raddr.ip.removeprefix("::ffff:"))
        }

    def _look(self, pid: int, target: Target) -> None:
        self._looks[pid] = self._looks.get(pid, 0) + 1
        process = self._reader.read(pid, target)
        if process is not None and process.program.own and _can_be_told_apart(process):
            self._processes[pid] = process
        else:
            self._processes.pop(pid, None)


def _can_be_told_apart(process: Process) -> bool:
    """Tell whether a process shows what it runs; an interpreter without a script does not."""
    program = process.program
    if program.script:
        return True
    name = re.split(r"[\\/]", program.exe)[-1]
    return bool(name) and not INTERPRETERS.fullmatch(name)
