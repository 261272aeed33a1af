"""A real monitor on a simulated Gateway, and real trading programs beside it.

The programs are processes of their own that connect with ib_insync; time is real.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.polling import PATIENCE, wait_for
from traymon.core.facts import Fact, FactKey
from traymon.core.model import Status, Update
from traymon.core.target import IdUse, Limits, Program, Target
from traymon.core.vocabulary import SensorName, Use
from traymon.monitoring.monitor import Monitor
from traymon.sensors.base import ListOwnPrograms, Sensors
from traymon.sensors.client_ids import ClientIds
from traymon.sensors.connection_registry import ConnectionRegistry
from traymon.sensors.handshake import Handshake
from traymon.sensors.listener import Listener
from traymon.sim.behaviour import Conversation
from traymon.sim.gateway import HEALTHY, Behaviour, Running, running
from traymon.sim.script import ORDINARY, Script

START_API = 71
REFUSED_WITHIN = 4.0  # seconds that ib_insync goes on waiting after it was refused
# What a user's program looks like: connects, says how it went, stays until its input ends.
CLIENT = """
import sys
from ib_insync import IB
ib = IB()
codes = []
ib.errorEvent += lambda request, code, text, contract: codes.append(code)
try:
    ib.connect("127.0.0.1", int(sys.argv[1]), clientId=int(sys.argv[2]), timeout=int(sys.argv[3]))
    print("in", flush=True)
except TimeoutError:
    print("refused" if 326 in codes else "timeout", flush=True)
sys.stdin.read()
ib.disconnect()
"""


@dataclass
class Scene:
    """What is played, and what the monitor says of it."""

    gateway: Running
    monitor: Monitor
    sensor: ClientIds
    target: Target
    statuses: list[Status] = field(default_factory=list)

    def hear(self, update: Update) -> None:
        status = update.status
        self.statuses.append(status)

    @property
    def status(self) -> Status:
        return self.statuses[-1]

    @property
    def code(self) -> str:
        return self.status.diagnosis.code

    @property
    def uses(self) -> dict[int, IdUse]:
        """How each configured ID is used, as it was last said."""
        if not self.statuses:
            return {}
        uses = self.status.evidence.fact(SensorName.CLIENT_IDS, Fact.ID_USES)
        return {use.client_id: use for use in uses or ()}

    def shows(self, client_id: int, use: Use, *pids: int) -> bool:
        """Tell whether an ID shows as used so, by exactly these processes."""
        known = self.uses.get(client_id)
        if known is None:
            return False
        return known.use is use and {program.pid for program in known.programs} == set(pids)

    def says(self, client_id: int, words: str) -> bool:
        """Tell whether the detail of an ID, if there is one yet, has these words in it."""
        known = self.uses.get(client_id)
        return known is not None and words in known.detail

    def fact(self, fact: FactKey[tuple[Program, ...]]) -> list[int | None]:
        """Return the process IDs of the programs that a fact of the diagnosis names."""
        programs = fact.of(self.status.diagnosis.facts)
        return [program.pid for program in programs or ()]

    def looks_again(self) -> None:
        """Wait for three more handshakes, in which the sensor of client IDs looks thirty times."""

        def looked_at() -> float:
            return self.status.evidence.readings[SensorName.HANDSHAKE].at

        for _ in range(3):
            before = looked_at()
            wait_for(lambda before=before: looked_at() > before)  # type: ignore[misc]

    def claims(self, *ids: int) -> list[Conversation]:
        """Return the record of the connections in which traymon said one of the IDs."""
        return [
            c
            for c in self.gateway.conversations
            if c.messages == (START_API,) and any(b"\x002\x00%d\x00" % i in c.received for i in ids)
        ]


@contextmanager
def scene(
    env_file: Path | None,
    behaviour: Behaviour = HEALTHY,
    list_own_programs: ListOwnPrograms = tuple,
    quiet: float = 0.5,
    script: Script = ORDINARY,
    at: int | None = None,
    **target: Any,
) -> Iterator[Scene]:
    """Watch a Gateway with the sensors that client IDs need, in a thread of its own.

    `at`: the port of a Gateway that runs already, in place of a new one.
    """
    with running(behaviour, script=script) as gateway:
        aim = Target(
            "bot",
            port=gateway.port if at is None else at,
            env_file=str(env_file or ""),
            limits=Limits(interval=1.0, quick=0.5, timeout=3.0),
            **{"client_ids": (10, 11), **target},
        )
        connections = ConnectionRegistry()
        sensor = ClientIds(connections, list_own_programs, quiet, 0.1, 0.2)
        sensors = Sensors((Listener(connections), Handshake(connections)), (sensor,))
        monitor = Monitor([aim], lambda: sensors)
        played = Scene(gateway, monitor, sensor, aim)
        monitor.subscribe(played.hear)
        thread = threading.Thread(target=lambda: asyncio.run(monitor.run()))
        thread.start()
        try:
            yield played
        finally:
            monitor.stop()
            thread.join()


@contextmanager
def client(
    place: Path, name: str, port: int, client_id: int, says: str = "in"
) -> Iterator[subprocess.Popen[str]]:
    """Run a program `name` in the folder `place` until the context ends; it connects at once."""
    (place / name).write_text(CLIENT, encoding="utf-8")
    patience = REFUSED_WITHIN if says == "refused" else PATIENCE
    command = [sys.executable, name, str(port), str(client_id), f"{patience:.0f}"]
    with subprocess.Popen(
        command,
        cwd=place,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            if says:
                assert process.stdout.readline().strip() == says
            yield process
        finally:
            process.kill()
