"""Hands requests to a short-lived process that takes them out of this computer.

traymon itself stays small and never waits for a peer: what a peer does to the process (hang, lie,
flood) ends with it. Secrets go through its stdin, never on a command line.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from traymon import child_process
from traymon.outbound.answer import Answer, Verdict, read_answer

TIME_LIMIT = 15.0  # seconds after which the process gives up by itself
LAST_RESORT = 5.0  # seconds after that, it is killed
MODULE = "traymon.outbound.send"


class Courier:
    """Sends one request after the other. Used from one thread, but for `stop`."""

    def __init__(self, time_limit: float = TIME_LIMIT) -> None:
        self._time_limit = time_limit
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def send(self, request: Mapping[str, Any]) -> Answer:
        """Send a request and return what became of it, at the latest after both limits.

        It holds the `kind` of its sender in `send.SENDERS`, and what that one takes.
        """
        order = json.dumps({**request, "time_limit": self._time_limit}).encode()
        try:
            process = self._start()
        except OSError as error:
            return Answer(Verdict.FAILED, f"no process can be started: {error.strerror or error}")
        if process is None:
            return Answer(Verdict.FAILED, "traymon ends")
        try:
            output, _ = process.communicate(order, self._time_limit + LAST_RESORT)
            return read_answer(json.loads(output))
        except subprocess.TimeoutExpired:
            return Answer(Verdict.FAILED, "the process that sends it hangs")
        except (OSError, ValueError, KeyError, TypeError):
            return Answer(Verdict.FAILED, "the process that sends it ended without an answer")
        finally:
            self._end(process)

    def stop(self) -> None:
        """Break off what is being sent, and send nothing more; from any thread."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def _start(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopped:
                return None
            self._process = subprocess.Popen(
                child_process.command(MODULE),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            return self._process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._process = None
        with suppress(OSError), process:  # closes its pipes and waits for its end
            process.kill()
