"""Runs the program that `traymon wait --then-watch` starts, and says whether it has connected."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from traymon.core.target import Target
from traymon.sensors.started_program import is_connected

INTERVAL = 0.5  # seconds between two looks
HOLDS = 3.0  # seconds; a connection that TWS refuses, as one with a taken client ID, ends sooner
FORWARDED = ("SIGTERM", "SIGHUP")  # Ctrl-C reaches the program from the terminal itself
SIGNALLED = 128  # plus the signal's number, as shells have it


def run_and_watch(
    command: Sequence[str], program: str, target: Target, grace: float, say: Callable[[str], None]
) -> int:
    """Run a command to its end and return its exit code.

    `say` gets a line once it has connected to the target, or has not within `grace` seconds, or
    has ended before. Raises OSError if it cannot be started.
    """
    child = subprocess.Popen(command, executable=program)
    _forward_signals(child)
    _watch(child, target, grace, say)
    code = child.wait()
    return code if code >= 0 else SIGNALLED - code


def _watch(
    child: subprocess.Popen[bytes], target: Target, grace: float, say: Callable[[str], None]
) -> None:
    """Watch until the program has connected or ended."""
    began, connected_since, is_late = time.monotonic(), None, False
    while child.poll() is None:
        now = time.monotonic()
        if not is_connected(child.pid, target):
            connected_since = None
        elif connected_since is None:
            connected_since = now
        elif now - connected_since >= HOLDS:
            say(f"✓ Your program is connected to {target.address}.")
            return
        if not is_late and connected_since is None and now - began >= grace:
            is_late = True
            say(
                f"Your program has not connected to {target.address} within {grace:g} s. "
                f"It is still running (pid {child.pid})."
            )
        try:
            child.wait(INTERVAL)
        except subprocess.TimeoutExpired:
            continue
    say(f"Your program ended before it connected to {target.address}.")


def _forward_signals(child: subprocess.Popen[bytes]) -> None:
    signal.signal(signal.SIGINT, lambda *_: None)
    if sys.platform != "win32":
        for name in FORWARDED:
            signal.signal(getattr(signal, name), lambda number, _: child.send_signal(number))
