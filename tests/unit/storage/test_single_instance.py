"""One traymon per user: who gets the lock."""

from __future__ import annotations

import threading
from pathlib import Path

from traymon.storage.single_instance import Instance


def test_a_command_that_asks_whether_one_runs_never_keeps_one_from_starting(tmp_path: Path) -> None:
    enough = threading.Event()

    def ask() -> None:
        asking = Instance(tmp_path)
        while not enough.is_set():
            asking.find_running()

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        for _ in range(60):
            starting = Instance(tmp_path)
            assert starting.acquire()
            starting.release()
    finally:
        enough.set()
        asker.join()
