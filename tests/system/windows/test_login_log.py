"""TWS's launcher log on Windows: read while TWS writes it, and never in TWS's way."""

from __future__ import annotations

import pytest

from support.wine import Windows

pytestmark = pytest.mark.timeout(600)


def test_a_log_is_read_while_it_is_written_and_can_be_renamed_meanwhile(windows: Windows) -> None:
    done = windows.run("-c", SCRIPT)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().split() == ["pending", "renamed", "two-factor-pending"]


SCRIPT = r"""
import asyncio, os, tempfile, time
from datetime import datetime
from pathlib import Path
from traymon.core.model import Evidence, Reading
from traymon.core.target import Target
from traymon.core.vocabulary import SensorName, Symptom
from traymon.sensors import login_log, tws_files
from traymon.sensors.tws_folder import TwsProcess
from traymon.sim import launcher_log as words

folder = Path(tempfile.mkdtemp())
log = folder / "launcher.log"
lines = [(9, words.RESTART), (9, words.STARTED), (5, words.CHALLENGE)]
writer = open(log, "w")
writer.write("\n".join(words.written(lines, datetime.now().astimezone())) + "\n")
writer.flush()
ending = tws_files.read_ending(folder, "launcher.log")
print("pending" if b"Received CHALLENGE" in ending.data else ending)
writer.close()
with tws_files._opened(folder, "launcher.log") as descriptor:
    log.rename(folder / "launcher.20261127.log")
    print("renamed" if os.fstat(descriptor).st_size == len(ending.data) else "another")

login_log.find_tws_processes = lambda: [TwsProcess(1, "TWS", time.time() - 60, frozenset())]
login_log.settings_folder = lambda pid: folder
evidence = Evidence(Target("bot"), time.time())
for sensor, symptom in (("listener", "nobody-listens"), ("handshake", "refused")):
    reading = Reading(SensorName(sensor), Symptom(symptom), at=time.time())
    evidence = evidence.with_reading(reading)
print(asyncio.run(login_log.LoginLog().poll(evidence)).symptom)
"""
