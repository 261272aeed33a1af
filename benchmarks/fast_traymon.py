"""Runs traymon with a clock that is many times as fast, and says what the process holds.

    python benchmarks/fast_traymon.py SPEED run --port 4002

The sockets, threads, files and the desktop are real. Each line on stdin is answered on stdout with
one JSON object. Used by soak.py, which makes hours of minutes.
"""

from __future__ import annotations

import selectors
import sys
import time
from collections.abc import Callable
from typing import Any

DAY = 86_400.0  # seconds


def speed_up(speed: float) -> None:
    """Make both clocks run faster from now on, and have event loops sleep less in proportion.

    To be called before anything else is imported: many modules keep a clock that they imported.
    Waits of threads keep their real length. All processes of a day agree on the time.
    """
    for name in ("monotonic", "time"):
        setattr(time, name, _faster(getattr(time, name), speed))
    select = selectors.DefaultSelector.select

    def select_less(self: Any, timeout: float | None = None) -> Any:
        return select(self, None if timeout is None else timeout / speed)

    selectors.DefaultSelector.select = select_less  # type: ignore[method-assign]


def _faster(clock: Callable[[], float], speed: float) -> Callable[[], float]:
    midnight = clock() // DAY * DAY  # the same moment for a Gateway's process and traymon's
    return lambda: midnight + (clock() - midnight) * speed


def answer_on_stdin() -> None:
    """Answer each line on stdin with what this process holds."""
    import asyncio
    import gc
    import json
    import threading

    import psutil

    if sys.platform == "win32":
        raise NotImplementedError
    process = psutil.Process()
    for _ in sys.stdin:
        gc.collect()
        tasks = [each for each in gc.get_objects() if isinstance(each, asyncio.Task)]
        held = {
            "threads": threading.active_count(),
            "tasks": sum(not task.done() for task in tasks),
            "sockets": len(process.net_connections("all")),
            "descriptors": process.num_fds(),
            "resident": process.memory_info().rss,
        }
        print(json.dumps(held), flush=True)


def main() -> None:
    """Run traymon's command line."""
    speed_up(float(sys.argv.pop(1)))
    import threading

    from traymon.cli.main import main as command_line

    threading.Thread(target=answer_on_stdin, name="answers", daemon=True).start()
    command_line()


if __name__ == "__main__":
    main()
