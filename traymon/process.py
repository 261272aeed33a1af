"""This process: what runs in it, the signals that end it, and the exit that nothing delays."""

from __future__ import annotations

import logging
import os
import platform
import signal
import threading
from collections.abc import Callable

from traymon import __version__

log = logging.getLogger(__name__)


def own_versions() -> str:
    """Return the versions of traymon, Python and the system, in one line."""
    python, system = platform.python_version(), platform.platform()
    return f"traymon {__version__}, Python {python}, {system}"


def on_end_signals(end: Callable[[], None]) -> None:
    """Call `end` at each signal that asks a process to end."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        number = getattr(signal, name, None)
        # what whoever started us lets us ignore stays ignored: SIGHUP after nohup
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda *_: end())


def exit_by_force_after(seconds: float) -> None:
    """End the process if something still holds it then, such as a name server that hangs."""

    def end() -> None:
        log.error("something hangs; ending by force")
        os._exit(0)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError as error:  # no memory for one more thread
        log.warning("what hangs will not be ended by force: %s", error)
