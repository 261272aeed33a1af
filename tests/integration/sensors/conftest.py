"""What the tests of the sensors aim at: raw servers of their own, and child processes."""

from __future__ import annotations

import os
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from traymon.core.model import Evidence, Reading
from traymon.core.target import Limits, Target

LISTEN = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def short_goodbye(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who never closes is not waited for as long as a real Gateway is."""
    monkeypatch.setattr("traymon.sensors.version_exchange.CLOSE_TIMEOUT", 0.1)


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def serve(stack: ExitStack) -> Callable[..., int]:
    """Give every connection to `speak`, each in a thread, until the test ends; return the port."""

    def serve(speak: Callable[[socket.socket], object], host: str = "127.0.0.1") -> int:
        return stack.enter_context(_serving(speak, host))

    return serve


@contextmanager
def _serving(speak: Callable[[socket.socket], object], host: str) -> Iterator[int]:
    class Speaker(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # the client left while we spoke
                speak(self.request)

    class Server(socketserver.ThreadingTCPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    with Server((host, 0), Speaker) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def start(stack: ExitStack) -> Callable[..., tuple[psutil.Process, str]]:
    """Start a program that prints a line; return its process and the line. It ends with us."""

    def start(*command: str | Path) -> tuple[psutil.Process, str]:
        process = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        stack.callback(process.kill)
        assert process.stdout is not None
        return psutil.Process(process.pid), process.stdout.readline().strip()

    return start


@pytest.fixture
def listen_as(
    start: Callable[..., tuple[psutil.Process, str]], tmp_path: Path
) -> Callable[..., tuple[psutil.Process, int]]:
    """Start a program of that file name that listens; return its process and its port."""

    def listen_as(name: str, *arguments: str) -> tuple[psutil.Process, int]:
        program = tmp_path / name
        program.symlink_to(os.path.realpath(sys.executable))
        process, line = start(program, "-I", "-S", "-c", LISTEN, *arguments)
        return process, int(line)

    return listen_as


@pytest.fixture
def evidence() -> Callable[..., Evidence]:
    """Make the evidence that a sensor is given: a target, and what was seen just before."""

    def evidence(
        port: int, *seen: Reading, host: str = "127.0.0.1", forwarded: bool = False, **limits: Any
    ) -> Evidence:
        about = Limits(**{"timeout": 5.0, **limits})
        target = Target("test", host, port, forwarded=forwarded, limits=about)
        result = Evidence(target, time.time())
        for reading in seen:
            result = result.with_reading(reading)
        return result

    return evidence
