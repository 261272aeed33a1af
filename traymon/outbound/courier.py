"""Hands one request to a short-lived process that takes it out of this computer.

traymon itself stays small and never waits for a peer: what a peer does to the process, hangs, lies
or floods, ends with it. Secrets go through its stdin, never on a command line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

TIME_LIMIT = 15.0  # seconds in which the process gives up by itself
LAST_RESORT = 5.0  # seconds after that it is killed
MAX_ANSWER = 64 * 1024  # bytes of its stdout
# not from the current folder, which is not traymon's own to trust
MODULE = "traymon.outbound.send"


class Verdict(StrEnum):
    """What became of a request."""

    DELIVERED = "delivered"
    REFUSED = "refused"  # the peer will not take it however often it is asked
    FAILED = "failed"  # it may be taken later


@dataclass(frozen=True, slots=True)
class Answer:
    """What the process found out."""

    verdict: Verdict
    why: str = ""  # in words for the user, without any secret
    retry_after: float | None = None  # seconds, if the peer has asked for some


class Courier:
    """Sends one request after the other. Used from one thread, but for `stop`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def send(self, request: Mapping[str, Any]) -> Answer:
        """Send one request and return what became of it; blocks for TIME_LIMIT and a bit at most.

        `request` holds the `kind` of the sender in outbound/send.py and what that takes.
        """
        order = json.dumps({**request, "time_limit": TIME_LIMIT}).encode()
        try:
            process = self._start()
        except OSError as error:
            return Answer(Verdict.FAILED, f"no process can be started: {error.strerror or error}")
        if process is None:
            return Answer(Verdict.FAILED, "traymon ends")
        try:
            answer, _ = process.communicate(order, TIME_LIMIT + LAST_RESORT)
        except (OSError, subprocess.TimeoutExpired):
            answer = b""
        finally:
            self._end(process)
        return _read(answer)

    def stop(self) -> None:
        """End what is being sent, and send nothing more; from any thread."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                with suppress(OSError):
                    self._process.kill()

    def _start(self) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._stopped:
                return None
            self._process = subprocess.Popen(
                command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            return self._process

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            self._process = None
        with suppress(OSError):
            process.kill()
        with process:  # closes its pipes and takes its exit code
            pass


def command() -> Sequence[str]:
    """Return the command line of the process."""
    if getattr(sys, "frozen", False):  # the program for a console, which has pipes
        beside = Path(sys.executable).with_name(
            "traymon.exe" if sys.platform == "win32" else "traymon"
        )
        return (str(beside), "-m", MODULE)
    return (sys.executable, "-P", "-m", MODULE)


def _read(answer: bytes) -> Answer:
    try:
        found = json.loads(answer[:MAX_ANSWER])
        after = found.get("retry_after")
        return Answer(
            Verdict(found["verdict"]),
            str(found.get("why", "")),
            None if after is None else float(after),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Answer(Verdict.FAILED, "the process that sends it ended without an answer")
