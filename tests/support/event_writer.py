"""A program that writes events until it is killed: `python -m support.event_writer HISTORY`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from traymon.core.events import Event, EventType
from traymon.storage.history.recorder import HistoryRecorder
from traymon.ui.past import describe

AHEAD = 50  # events that are posted at once; more would only fill the queue
PAUSE = 0.02  # seconds


def main() -> None:
    """Write events, as fast as they are kept."""
    recorder, number = HistoryRecorder(Path(sys.argv[1]), describe, "test"), 0
    while True:
        for _ in range(AHEAD):
            event = Event(EventType.PAUSE, time.time(), "bot", {"number": number})
            recorder.record_event(event)
            number += 1
        while recorder._writer._waiting:
            time.sleep(PAUSE)


if __name__ == "__main__":
    main()
