"""Writers of a history that are killed at random moments: what they had observed, and the file.

A program: `python -m support.killed_writers FOLDER KILLS SEED`. It prints what each of its children
had observed when it was killed, as JSON, one per line. Their clock is a script: with each update a
second passes, and each writer begins a quarter of an hour after the last one.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from traymon.core.model import Change, Diagnosis, Evidence, Flip, Reading, Status, Update
from traymon.core.target import Target
from traymon.core.vocabulary import Light, SensorName, Symptom
from traymon.storage.history.recorder import HistoryRecorder
from traymon.ui.past import describe

BEGAN = 1_790_000_000.0
UP_FOR, DOWN_FOR = 20, 7  # updates
BETWEEN = 900.0  # seconds
PACE = 0.0002  # seconds of real time between updates
LONGEST = 0.06  # seconds of real time that a writer lives
TARGET = Target("bot")
HEALTHY = Diagnosis("healthy", Light.GREEN, announce=False)
GONE = Diagnosis("port-refused", Light.RED)


def is_up(update: int) -> bool:
    """Tell whether the API can be used at the update with this number."""
    return update % (UP_FOR + DOWN_FOR) < UP_FOR


def write(folder: Path, began: float, observed: int) -> None:
    """Observe and record until killed; each observation is first written to `observed`, a pipe."""
    recorder = HistoryRecorder(folder / "history.db", describe, "killed")
    shown, since = HEALTHY, began
    number = 0
    while True:
        now = began + number
        diagnosis = HEALTHY if is_up(number) else GONE
        flip = None if diagnosis is shown else Flip(now, shown, diagnosis)
        since = since if flip is None else now
        reading = Reading(SensorName.HANDSHAKE, Symptom.OK, took=0.003, at=now)
        evidence = Evidence(TARGET, now).with_reading(reading)
        status = Status(TARGET, diagnosis, since, since, evidence, now)
        os.write(observed, b"x")
        recorder.on_update(Update(status, flip, Change.DETAILS))
        shown, number = diagnosis, number + 1
        time.sleep(PACE)


def main() -> None:
    """Let writers write, one after the other, and kill each of them."""
    if sys.platform == "win32":
        raise NotImplementedError
    folder, kills, chance = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
    began = BEGAN
    for _ in range(kills):
        reader, observed = os.pipe()
        writer = os.fork()
        if writer == 0:
            os.close(reader)
            write(folder, began, observed)
        os.close(observed)
        os.read(reader, 1)  # it has begun
        time.sleep(LONGEST * chance.random())
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
        updates = 1
        while data := os.read(reader, 65536):
            updates += len(data)
        os.close(reader)
        print(json.dumps({"began": began, "updates": updates}), flush=True)
        began += updates + BETWEEN


if __name__ == "__main__":
    main()
