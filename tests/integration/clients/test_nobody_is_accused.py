"""Where another client gets in and works, no page says to restart TWS.

Each scenario is played here. ib_insync, in a process of its own, tries it under the client ID that
the scenario's settings name; traymon says what is wrong.
"""

from __future__ import annotations

import asyncio
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from traymon.config import loader
from traymon.diagnosis.fix_pages import page
from traymon.monitoring.one_shot import run_once
from traymon.sim.scenarios import SCENARIOS
from traymon.sim.stage import Scenario, Stage, perform

AT_ONCE = 6
SETTINGS = {"TRAYMON_CLIENT_ID": "9100", "TRAYMON_TIMEOUT": "4"}
# A page may say "do not restart", and "before you restart".
ACCUSES = re.compile(
    r"(?<!not )(?<!need to )(?<!before you )\brestart (TWS|IB Gateway|the Gateway)\b", re.IGNORECASE
)
CLIENT = """
import sys
from ib_insync import IB
host, port, client_id = sys.argv[1:]
ib = IB()
ib.RequestTimeout = 3
try:
    ib.connect(host, int(port), clientId=int(client_id), timeout=4)
    ib.reqCurrentTime()
    print("works")
except Exception as error:
    print(type(error).__name__)
"""
PLAYED = [s for s in SCENARIOS.values() if not s.not_here and not s.machine_wide]


async def client_works(scenario: Scenario, stage: Stage) -> bool:
    client_id = scenario.env.get("IB_CLIENT_ID", "1")
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CLIENT, stage.host, str(stage.port), client_id),
        stdout=PIPE,
        stderr=DEVNULL,
    )
    said, _ = await client.communicate()
    return said.strip() == b"works"


async def play(scenario: Scenario, folder: Path, turns: asyncio.Semaphore) -> tuple[str, str]:
    """Return the scenario's name and the code that traymon shows, where a client works."""
    async with turns, perform(scenario) as stage:
        if not await client_works(scenario, stage):
            return scenario.name, ""
        settings = {
            **SETTINGS,
            **scenario.env,
            "IB_HOST": stage.host,
            "IB_PORT": str(stage.port),
        }
        config = loader.load([folder / ".env"], environ=settings, folder=folder)
        status = await asyncio.to_thread(run_once, config.targets[0].target)
        return scenario.name, status.diagnosis.code


def test_where_another_client_works_no_page_says_to_restart_tws(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()

    async def play_all() -> dict[str, str]:
        turns = asyncio.Semaphore(AT_ONCE)
        return dict(await asyncio.gather(*(play(scenario, tmp_path, turns) for scenario in PLAYED)))

    codes = {name: code for name, code in asyncio.run(play_all()).items() if code}
    assert {"healthy", "ib-link-down", "wrong-environment"} <= codes.keys()
    accusing = {
        code: [text for text in page(code).sections.values() if ACCUSES.search(text)]
        for code in codes.values()
        if code != "healthy"  # accuses nobody: lists what may be wrong with a program all the same
    }
    assert {code: texts for code, texts in accusing.items() if texts} == {}
