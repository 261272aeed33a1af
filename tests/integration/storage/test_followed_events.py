"""`traymon events --follow`, whose writer and whose reader are both killed at any moment."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from support.polling import wait_for
from support.traymon_process import IsolatedTraymon
from traymon.storage.history.reader import HistoryFile

EVENTS = 10_000
LIFE = (0.3, 2.5)  # seconds for which a writer or a reader lives
DEADLINE = 240.0


class Writer:
    """Writes events, killed again and again, until there are enough."""

    def __init__(self, path: Path, chance: random.Random) -> None:
        self._path, self._chance = path, chance
        self.kills = 0
        self._thread = threading.Thread(target=self._write)

    def start(self) -> None:
        self._thread.start()

    def join(self) -> None:
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive()

    def _write(self) -> None:
        reader, first = HistoryFile(self._path), 0
        while (reader.last_event() or 0) - first < EVENTS:
            command = [sys.executable, "-m", "support.event_writer", str(self._path)]
            writer = subprocess.Popen(command, cwd=Path(__file__).parents[2])
            wait_for(lambda: reader.read_events(0, 1), "the first event")
            first = first or (reader.read_events(0, 1)[0].number or 0) - 1
            time.sleep(self._chance.uniform(*LIFE))
            writer.kill()
            writer.wait()
            self.kills += 1


def read_until_killed(user: IsolatedTraymon, since: int, life: float) -> list[dict[str, object]]:
    """Return the events that a reader printed before it was killed."""
    process = user.start("events", "--json", "--follow", "--since", str(since))
    killer = threading.Timer(life, process.kill)
    killer.start()
    out, err = process.communicate()
    killer.cancel()
    assert err == ""
    return [json.loads(line) for line in out.splitlines(keepends=True) if line.endswith("\n")]


@pytest.mark.timeout(2 * DEADLINE)
def test_ten_thousand_events_are_read_once_each_whoever_is_killed(tmp_path: Path) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    chance = random.Random(seed)
    user = IsolatedTraymon(tmp_path)
    path = Path(user.env["XDG_STATE_HOME"]) / "traymon" / "history.db"
    writer = Writer(path, random.Random(seed + 1))
    writer.start()
    wait_for(lambda: HistoryFile(path).read_events(0, 1), "the first event")

    seen: list[dict[str, object]] = []
    readers, deadline = 0, time.monotonic() + DEADLINE
    while len(seen) < EVENTS and time.monotonic() < deadline:
        since = int(str(seen[-1]["id"])) if seen else 0
        seen += read_until_killed(user, since, chance.uniform(*LIFE))
        readers += 1
    writer.join()

    written = [event.number for event in HistoryFile(path).read_events(0, 10 * EVENTS)]
    read = [event["id"] for event in seen]
    assert {event["type"] for event in seen} == {"pause"}, "nothing was missed"
    assert read == written[: len(read)]
    assert len(read) >= EVENTS
    assert written == list(range(written[0] or 0, (written[0] or 0) + len(written)))
    assert readers > 2
    assert writer.kills > 2
