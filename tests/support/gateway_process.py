"""A simulated Gateway as a process of its own, which can be killed, frozen and replaced."""

from __future__ import annotations

import socket
import subprocess
import sys

import psutil

from support.polling import wait_for
from support.user_env import SETTINGS, inherited_env


class GatewayProcess:
    """Plays scenarios on one port, one after the other; a context manager."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> GatewayProcess:
        self.play()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The process that plays."""
        assert self._process is not None, "nothing is played"
        return self._process.pid

    def play(self, scenario: str = "healthy") -> None:
        """End what was played, and play this; return when the port is open."""
        self.kill()
        self._process = process = subprocess.Popen(
            [sys.executable, "-m", "traymon", "simulate", scenario, "--port", str(self.port)],
            env=inherited_env(*SETTINGS),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        while b"Ctrl-C" not in (line := process.stdout.readline()):
            assert line, f"{scenario} cannot be played on port {self.port}"

    def freeze(self) -> None:
        """Stop the process, which keeps its connections."""
        psutil.Process(self.pid).suspend()

    def thaw(self) -> None:
        """Let the process go on."""
        psutil.Process(self.pid).resume()

    def kill(self) -> None:
        """End the process at once, and with it every connection; it may have ended before."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
            wait_for(self._is_free, f"port {self.port} to be free")

    def _is_free(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) != 0
