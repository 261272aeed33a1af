"""Runs a program of the user's within a time limit, and kills it with all that it has started.

A program that it leaves behind when it ends in time goes on.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

MAX_OUTPUT = 8 * 1024  # bytes that are kept: the first ones
LAST_WORDS_TIMEOUT = 1.0  # seconds after its end for what it wrote
REAP_TIMEOUT = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended."""

    code: int | None  # its exit code; None: it was killed
    output: str  # the first of what it printed; untrusted


class Program:
    """One run of a program. `run` is called once; `kill` may be called from any thread."""

    def __init__(
        self, command: Sequence[str], variables: Mapping[str, str], order: bytes, folder: Path
    ) -> None:
        """`order` is what it gets on stdin; stdin ends after it. It runs in `folder`."""
        self._command, self._variables = command, variables
        self._order, self._folder = order, folder
        self._lock = threading.Lock()
        self._killed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._group: Group | None = None
        self._output = b""

    def run(self, timeout: float) -> Ended:
        """Run it to its end, for at most `timeout` seconds. Raises OSError if it cannot start."""
        with self._lock:
            if self._killed:
                return Ended(None, "")
            self._process, self._group = process, group = start_group(
                self._command, self._variables, self._folder
            )
        talk = threading.Thread(target=self._talk, args=(process,), name="hook", daemon=True)
        talk.start()
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
        with suppress(subprocess.TimeoutExpired):
            process.wait(REAP_TIMEOUT)
        talk.join(LAST_WORDS_TIMEOUT)
        with self._lock:
            self._process = None
            group.close()
        killed = self._killed or process.returncode is None
        output = self._output.decode(errors="replace")
        return Ended(None if killed else process.returncode, output)

    def kill(self) -> None:
        """Kill it and what it has started; harmless if it has ended."""
        with self._lock:
            self._killed = True
            if self._process is not None and self._group is not None:
                self._group.kill()

    def _talk(self, process: subprocess.Popen[bytes]) -> None:
        """Tell it its order, and take what it prints until all that hold its output have ended."""
        assert process.stdin is not None
        assert process.stdout is not None
        with suppress(OSError), process.stdin:  # it need not read it
            process.stdin.write(self._order)
        with process.stdout:
            while data := _read(process.stdout):
                self._output += data[: MAX_OUTPUT - len(self._output)]


def _read(pipe: IO[bytes]) -> bytes:
    try:
        return os.read(pipe.fileno(), 16 * 1024)
    except OSError:
        return b""


def start_group(
    command: Sequence[str], variables: Mapping[str, str], folder: Path
) -> tuple[subprocess.Popen[bytes], Group]:
    """Start a program with a group for all that it starts. Raises OSError."""
    group = Group()
    with ExitStack() as undo:
        undo.callback(group.close)
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=variables,
            cwd=folder,
            **group.options,
        )
        undo.callback(process.kill)
        group.add(process)
        undo.pop_all()
    return process, group


if sys.platform == "win32":
    from traymon.outbound.windows_job import Job as Group
else:

    class Group:
        """The process group of a program: all that it starts, unless that leaves the group."""

        options: Mapping[str, Any] = {"start_new_session": True}  # for Popen

        def add(self, process: subprocess.Popen[bytes]) -> None:
            """Take the program, which leads the group."""
            self._leader = process.pid

        def kill(self) -> None:
            """Kill all of it."""
            with suppress(OSError):  # all have ended
                os.killpg(self._leader, signal.SIGKILL)

        def close(self) -> None:
            """Let go of it; what is left of it goes on."""
