"""No try ever costs a trading program its ID: programs that start at random beside the tries.

The simulated Gateway lets an ID go only 100 ms after its connection ended, and the sensor looks
far more often than it does for a user, so that the two meet if they can.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from support.client_id_harness import Scene, client, scene
from traymon.sim.gateway import HEALTHY
from traymon.sim.stage_props import HOLDER_SCRIPT

STARTS = 200
LANES = 2  # each a Gateway with its own programs, since processes spend their time importing
RELEASE_DELAY = 0.1  # seconds


@pytest.mark.timeout(600)  # two hundred programs are started
def test_a_program_that_starts_at_any_moment_gets_its_id(tmp_path: Path) -> None:
    with ThreadPoolExecutor(LANES) as lanes:
        tries = list(lanes.map(_run_lane, [tmp_path / f"lane {n}" for n in range(LANES)]))
    print(f"{STARTS} starts beside {sum(tries)} tries of their ID")
    assert all(count >= 5 for count in tries), tries


def _run_lane(folder: Path) -> int:
    """Start the user's own program again and again; return how often its ID was tried."""
    project, elsewhere = folder / "project", folder / "elsewhere"
    for place in (project, elsewhere):
        place.mkdir(parents=True)
    env_file = project / ".env"
    env_file.touch()
    chance = random.Random(4_002)
    behaviour = replace(HEALTHY, release_delay=RELEASE_DELAY)
    with scene(env_file, behaviour, quiet=0.2, client_ids=(10,)) as played:
        over = threading.Event()
        other = threading.Thread(target=_come_and_go, args=(played, elsewhere, over))
        other.start()
        try:
            for _ in range(STARTS // LANES):
                time.sleep(chance.uniform(0.0, 0.7))
                with client(project, "run_live.py", played.gateway.port, 10):  # it says "in"
                    pass
        finally:
            over.set()
            other.join()
        return len(played.claims(10))


def _come_and_go(played: Scene, elsewhere: Path, over: threading.Event) -> None:
    """Let another program connect and leave, which is what makes the ID be tried."""
    chance = random.Random(7_497)
    (elsewhere / "other_app.py").write_bytes(HOLDER_SCRIPT.read_bytes())
    while not over.is_set():
        with subprocess.Popen(
            [sys.executable, "other_app.py", str(played.gateway.port), "77"],
            cwd=elsewhere,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        ) as process:
            over.wait(chance.uniform(0.5, 2.0))
            process.kill()
        over.wait(chance.uniform(0.0, 0.3))
