"""A real traymon with alerts.toml: pings that cease when it is killed, programs that it runs."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.polling import wait_for
from support.push_server import PushServer, push_server
from support.traymon_process import ResidentTraymon, end
from traymon.sim.gateway import HEALTHY, Running, running

EVERY, GRACE = 15, 5  # seconds; of the check at the service that is pinged
LATE = 2.0 * (EVERY + GRACE)  # seconds until it is late for certain


class Check:
    """A check at a service like Healthchecks: late once it has heard nothing for too long."""

    def __init__(self, server: PushServer) -> None:
        self.server = server

    @property
    def is_late(self) -> bool:
        return time.time() - self.server.received[-1].at > EVERY + GRACE

    @property
    def heard(self) -> list[str]:
        """What it was told, in order: the last part of each address."""
        return [one.path.rpartition("/")[2] for one in self.server.received]


@pytest.fixture
def check() -> Iterator[Check]:
    with push_server() as server:
        yield Check(server)


@pytest.fixture
def gateway() -> Iterator[Running]:
    with running(HEALTHY) as gateway:
        yield gateway


@contextmanager
def resident(
    home: Path, gateway: Running, alerts: str
) -> Iterator[tuple[ResidentTraymon, subprocess.Popen[bytes]]]:
    """A traymon with this alerts.toml; it is killed at the end if it still runs."""
    path = home / "alerts.toml"
    path.touch(mode=0o600)
    path.write_text(alerts, encoding="utf-8")
    user = ResidentTraymon(home, gateway)
    process = user.start_resident(TRAYMON_ALERTS=str(path), TRAYMON_REGION="off")
    try:
        yield user, process
    finally:
        process.kill()
        process.wait()


def pings(check: Check) -> str:
    return f'[ping]\nurl = "{check.server.url}"\nevery = {EVERY}\n'


def test_a_traymon_that_is_killed_is_late(tmp_path: Path, gateway: Running, check: Check) -> None:
    with resident(tmp_path, gateway, pings(check)) as (_, process):
        wait_for(lambda: len(check.heard) >= 2, "the second ping", timeout=LATE)
        assert set(check.heard) == {"topic"}
        process.kill()
        wait_for(lambda: check.is_late, "the alarm", timeout=LATE)


def test_a_gateway_that_ends_is_told_as_a_failure_and_pings_go_on(
    tmp_path: Path, gateway: Running, check: Check
) -> None:
    with resident(tmp_path, gateway, pings(check)) as (_, process):
        wait_for(lambda: check.heard, "the first ping")
        gateway.stop()
        wait_for(lambda: check.heard.count("fail") >= 2, "the failure", timeout=2 * LATE)
        assert not check.is_late
        body = check.server.received[-1].body.decode()
        assert body.startswith("red: ")
        end(process)


def test_a_program_of_the_user_s_runs_when_the_light_turns_red(
    tmp_path: Path, gateway: Running
) -> None:
    note = tmp_path / "note.json"
    program = tmp_path / "stop.py"
    program.write_text(
        "import os, sys\n"
        f"open({str(note) + '.part'!r}, 'w').write(sys.stdin.read())\n"
        f"os.rename({str(note) + '.part'!r}, {str(note)!r})\n",
        encoding="utf-8",
    )
    command = json.dumps([sys.executable, str(program)])
    with resident(tmp_path, gateway, f"[hooks]\non_red = {command}\n") as (user, process):
        wait_for(lambda: user.run("status").returncode == 0, "green")
        assert not note.exists()
        gateway.stop()
        wait_for(note.exists, "the program")
        event = json.loads(note.read_text())
        assert event["data"]["before"]["light"] == "green"
        assert event["data"]["after"]["light"] == "red"
        end(process)


def test_a_program_is_run_for_no_alerts_file_that_a_project_s_dotenv_names(
    tmp_path: Path, gateway: Running
) -> None:
    mark = tmp_path / "ran"
    code = json.dumps([sys.executable, "-c", f"open({str(mark)!r}, 'w')"])
    alerts = tmp_path / "elsewhere.toml"
    alerts.touch(mode=0o600)
    alerts.write_text(f"[hooks]\non_flip = {code}\n", encoding="utf-8")
    (tmp_path / ".env").write_text(f"TRAYMON_ALERTS={alerts}\n", encoding="utf-8")
    shown = ResidentTraymon(tmp_path, gateway).run("config")
    assert "a .env or targets.toml names this file" in shown.stderr
    assert "hooks:" not in shown.stdout
