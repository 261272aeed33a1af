"""The user's own programs, in processes of their own: which of them does not come back."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.gateway_process import GatewayProcess
from support.polling import wait_for
from support.traymon_process import IsolatedTraymon, end
from traymon.cli.control import ask_running
from traymon.sim.stage_props import HOLDER_SCRIPT
from traymon.storage.single_instance import Instance

FAST: dict[str, Any] = {
    "TRAYMON_SESSION": "off",
    "TRAYMON_NOTIFY": "off",  # they go to the log
    "TRAYMON_INTERVAL": "5",
    "TRAYMON_QUICK": "2",
    "TRAYMON_JUST_STARTED": "0",
    "TRAYMON_PROGRAMS": "0.1",
}


class Project:
    """A trading project whose programs are started and killed, and the traymon that watches."""

    def __init__(self, home: Path, port: int) -> None:
        self._folder = home / "project"
        self._folder.mkdir()
        (self._folder / ".env").write_text(f"IB_CLIENT_ID=10,11\nIB_PORT={port}\n")
        self.traymon = IsolatedTraymon(home, self._folder, **FAST)
        self._port = port
        self._programs: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, client_id: int) -> None:
        """Start a program; return once it holds its ID."""
        shutil.copyfile(HOLDER_SCRIPT, self._folder / name)
        self._programs[name] = program = subprocess.Popen(
            [sys.executable, name, str(self._port), str(client_id)],
            cwd=self._folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert program.stdout is not None
        assert program.stdout.readline() == f"holds {client_id}\n".encode()

    def kill(self, name: str) -> None:
        """Kill a program, or do away with what is left of it."""
        with self._programs.pop(name) as program:
            program.kill()

    def kill_all(self) -> None:
        for name in list(self._programs):
            self.kill(name)

    def programs(self) -> dict[str, Any]:
        """Return what traymon says of each program, once it has looked again."""
        ask_running(self._instance(), "POST", "/check-now")
        (status,) = ask_running(self._instance(), "GET", "/status")
        return {one["name"]: one for one in status["programs"] or ()}

    def _instance(self) -> Instance:
        return Instance([Path(self.traymon.env["XDG_STATE_HOME"]) / "traymon" / "run"])

    def wait_until(self, holds: Callable[[dict[str, Any]], bool], what: str) -> None:
        def look() -> bool:
            time.sleep(1)
            return holds(self.programs())

        wait_for(look, what)

    def notifications(self) -> list[str]:
        """Return the notifications about programs so far."""
        log = Path(self.traymon.env["XDG_STATE_HOME"]) / "traymon" / "log" / "traymon.log"
        lines = [line for line in log.read_text().splitlines() if "notification: bot_" in line]
        return [line.partition("notification: ")[2] for line in lines]


@contextmanager
def watched(project: Project) -> Iterator[None]:
    process = subprocess.Popen(
        project.traymon.command("run", "--no-tray"),
        cwd=project.traymon.cwd,
        env=project.traymon.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: project.traymon.run("status").returncode != 3, "the page")
        yield
    finally:
        project.kill_all()
        end(process)


def test_the_user_is_told_of_the_one_program_that_does_not_come_back(tmp_path: Path) -> None:
    with GatewayProcess() as gateway:
        project = Project(tmp_path, gateway.port)
        with watched(project):
            project.start("bot_a.py", 10)
            project.wait_until(lambda seen: _has(seen, "bot_a.py", client_id=10), "bot A's ID")
            project.start("bot_b.py", 11)
            project.wait_until(lambda seen: _has(seen, "bot_b.py", client_id=11), "bot B's ID")
            project.wait_until(lambda seen: _has_stayed(seen["bot_a.py"]), "its time as a visitor")

            project.kill("bot_a.py")
            project.wait_until(lambda seen: _has(seen, "bot_a.py", state="missing"), "A missing")
            wait_for(lambda: len(project.notifications()) == 1, "a notification")
            (first,) = project.notifications()
            assert first.startswith("bot_a.py has not reconnected since ")
            assert "It has ended" in first
            assert "client ID was 10" in first
            assert project.traymon.run("status").returncode == 0  # green all the same

            project.start("bot_a.py", 10)
            wait_for(lambda: project.programs() and len(project.notifications()) == 2, "its return")
            assert project.notifications()[1].startswith("bot_a.py is connected again")
            gateway.play()  # a restart, which ends both
            project.kill_all()
            project.start("bot_a.py", 10)
            project.wait_until(lambda seen: _has(seen, "bot_b.py", state="missing"), "B missing")
            wait_for(lambda: len(project.notifications()) == 3, "a notification")
            assert project.notifications()[2].startswith("bot_b.py has not reconnected since ")
            assert _has(project.programs(), "bot_a.py", state="connected")
        assert len(project.notifications()) == 3


def _has_stayed(one: dict[str, Any]) -> bool:
    """Tell whether a program was connected for as long as its grace, and so counts."""
    return time.time() - float(one["since"]) > 7


def _has(seen: dict[str, Any], name: str, **values: object) -> bool:
    return name in seen and all(seen[name][key] == value for key, value in values.items())
