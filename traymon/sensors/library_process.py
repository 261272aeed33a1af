"""The short-lived process that lets client libraries in, and the reports that it prints.

Whatever it prints is untrusted: only its first bytes are kept, and only lines that begin with a
marker made for it are read. It is killed with all that it started, at the latest when it is closed.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import psutil

PROGRAM = Path(__file__).with_name("traymon_library_check.py")
LIFETIME = 60.0  # seconds after which it ends by itself, if nobody could end it
MAX_OUTPUT = 64 * 1024  # bytes
MAX_ERRORS = 4 * 1024  # bytes that are kept of stderr: the last ones, which name the cause
MAX_REPORTS = 20
REAP_TIMEOUT = 5.0  # seconds
LAST_WORDS_TIMEOUT = 0.5  # seconds after its output has ended


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python whose client libraries are let in."""

    path: str
    own: bool = False  # traymon's, of which the first library is enough
    guessed: bool = False  # found beside the settings, not named by the user


@dataclass(frozen=True, slots=True)
class Output:
    """What a process printed, once it has ended."""

    reports: Sequence[dict[str, Any]] = ()
    last_error: str = ""  # the last line of stderr
    exit_code: int = 0  # negative: the signal that ended it
    hung: bool = False  # it was killed
    flooded: bool = False  # the same, since it printed too much


@dataclass(slots=True)
class _Pipe:
    """What was read of a pipe."""

    data: bytes = b""
    flooded: bool = False
    ended: threading.Event = field(default_factory=threading.Event)


class LibraryProcess:
    """A process that imports the libraries at once, and connects when it is told to.

    Raises OSError if the interpreter cannot be started.
    """

    def __init__(self, interpreter: Interpreter) -> None:
        self._marker = f"traymon-{secrets.token_hex(8)}"
        if not interpreter.path:
            raise FileNotFoundError(errno.ENOENT, "this traymon brings no Python interpreter")
        which = "first" if interpreter.own else "all"
        arguments = (str(PROGRAM), self._marker, which, f"{LIFETIME:g}")
        self._process = subprocess.Popen(
            [interpreter.path, *_options(interpreter), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,  # a group that can be killed as a whole
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._killing, self._killed = threading.Lock(), False
        self._output, self._errors = _Pipe(), _Pipe()
        self._start_reading(self._process.stdout, self._read_output)
        self._start_reading(self._process.stderr, self._read_errors)

    def connect(self, host: str, port: int, client_ids: Sequence[int], timeout: float) -> None:
        """Let it start a session, under the first of the client IDs that is not in use."""
        order = {"host": host, "port": port, "client_ids": [*client_ids], "timeout": timeout}
        assert self._process.stdin is not None
        with suppress(OSError):  # it has ended already, which its output shows
            self._process.stdin.write(f"{json.dumps(order)}\n".encode())
            self._process.stdin.flush()

    def collect(self, timeout: float) -> Output:
        """Wait until it ends, at most `timeout` seconds; kill it and return what it printed.

        Blocks; another thread can end the wait with `kill`.
        """
        hung = not self._output.ended.wait(timeout)
        if not hung and not self._output.flooded:  # its end and its last words may follow
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(LAST_WORDS_TIMEOUT)
            hung = self._process.returncode is None
            self._errors.ended.wait(LAST_WORDS_TIMEOUT)
        self.kill()
        flooded = self._output.flooded
        errors = self._errors.data.decode(errors="replace").strip().splitlines()
        return Output(
            reports=_read_reports(self._output.data, self._marker),
            last_error=errors[-1] if errors else "",
            exit_code=self._process.returncode or 0,
            hung=hung,
            flooded=flooded,
        )

    def kill(self) -> None:
        """Kill it and all that it started; harmless if it was killed already."""
        with self._killing:
            if self._killed:
                return
            self._killed = True
            _kill_group(self._process.pid)
            with suppress(OSError):
                self._process.kill()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(REAP_TIMEOUT)
            assert self._process.stdin is not None
            with suppress(OSError):
                self._process.stdin.close()
        self._output.ended.set()

    def _start_reading(self, pipe: IO[bytes] | None, read: Any) -> None:
        threading.Thread(target=read, args=(pipe,), name="library-check", daemon=True).start()

    def _read_output(self, pipe: IO[bytes]) -> None:
        with pipe:
            while data := _read(pipe):
                self._output.data += data
                if len(self._output.data) > MAX_OUTPUT:
                    self._output.flooded = True
                    break
        self._output.ended.set()

    def _read_errors(self, pipe: IO[bytes]) -> None:
        with pipe:
            while data := _read(pipe):
                self._errors.data = (self._errors.data + data)[-MAX_ERRORS:]
        self._errors.ended.set()


def _read(pipe: IO[bytes]) -> bytes:
    try:
        return os.read(pipe.fileno(), 16 * 1024)
    except OSError:
        return b""


def _options(interpreter: Interpreter) -> list[str]:
    """Return the options of the interpreter.

    traymon's own runs isolated from the current folder and from PYTHONPATH, which are not its own
    to trust (`-I` would leave out the user's site-packages too, where traymon may be installed).
    The trading program's runs as that program would, since its PYTHONPATH decides what it imports.
    """
    return ["-E", "-P"] if interpreter.own else []


def _environment() -> dict[str, str]:
    environment = dict(os.environ)
    environment.pop("__PYVENV_LAUNCHER__", None)  # macOS: would make it take traymon's libraries
    return environment


def _kill_group(pid: int) -> None:
    if sys.platform == "win32":
        with suppress(psutil.Error, OSError):
            for child in psutil.Process(pid).children(recursive=True):
                with suppress(psutil.Error, OSError):
                    child.kill()
    else:
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)


def _read_reports(output: bytes, marker: str) -> list[dict[str, Any]]:
    """Return the reports among what was printed."""
    reports: list[dict[str, Any]] = []
    for line in output.decode(errors="replace").splitlines():
        start, _, text = line.partition(" ")
        if start != marker or len(reports) >= MAX_REPORTS:
            continue
        try:
            report = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(report, dict):
            reports.append(report)
    return reports
