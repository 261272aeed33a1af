"""`traymon gate` and the examples of docs/gate.md, beside a traymon and a Gateway that run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from support.polling import wait_for
from support.repository import ROOT
from support.traymon_process import COMMAND_TIMEOUT, IsolatedTraymon, end
from traymon.core.gate import Why
from traymon.sim.gateway import Behaviour, Running, running

PAGE = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
PLACE_ORDER = 3
CALLS = 40
# Seconds for 99 of 100; a busy machine's. benchmarks/gate.py has the figures of a quiet one.
GENEROUS = 5.0
ATTEMPTS = 3

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="its processes end in another way")


class GateUser(IsolatedTraymon):
    """A user whose traymon watches a port."""

    def __init__(self, home: Path, port: int) -> None:
        super().__init__(home, TRAYMON_NOTIFY="off", TRAYMON_REGION="off")
        (home / ".env").write_text(f"IB_PORT={port}\nIB_CLIENT_ID=10\n")
        self.resident = subprocess.Popen(
            self.command("run", "--no-tray"),
            cwd=self.cwd,
            env=self.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, *words: str) -> dict[str, Any]:
        """Ask, with no margin: the weekly login is near once a week.

        Again if no answer came: it has a second, which a busy machine may need for other things.
        """
        for _ in range(ATTEMPTS):
            done = self.run("gate", "--margin", "0", "--json", *words)
            answer: dict[str, Any] = json.loads(done.stdout)
            assert done.returncode == (0 if answer["open"] else 1), done.stderr
            if [reason["code"] for reason in answer["reasons"]] != ["no-answer"]:
                break
        return answer

    def codes(self, *words: str) -> list[str]:
        return [reason["code"] for reason in self.ask(*words)["reasons"]]

    def wait_until_open(self) -> None:
        done = self.run("gate", "--margin", "0", "--wait", "--timeout", "60")
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def gateway() -> Iterator[Running]:
    with running(Behaviour()) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def user(tmp_path_factory: pytest.TempPathFactory, gateway: Running) -> Iterator[GateUser]:
    user = GateUser(tmp_path_factory.mktemp("user"), gateway.port)
    try:
        user.wait_until_open()
        yield user
    finally:
        end(user.resident)


def test_the_answer_is_about_the_target_that_is_asked_for(user: GateUser) -> None:
    port = json.loads(user.run("status", "--json").stdout)[0]["target"]["port"]
    answer = user.ask("--client-id", "10", "--port", str(port), "--env", ".env")
    assert answer["open"]
    assert (answer["target"]["port"], answer["client_id_use"]) == (port, "unknown")
    assert answer["target"]["env_file"] == str(user.home / ".env")
    assert user.codes("--port", "1") == ["not-watched"]
    assert user.codes("--client-id", "77") == ["client-id-not-watched"]
    assert user.codes("--market") == ["market-unknown"]
    for words, says in (
        (("--margin", "soon"), "--margin"),
        (("--env", "no.env"), "There is no file no.env"),
        (("--timeout", "5"), "--timeout belongs to --wait"),
    ):
        done = user.run("gate", *words)
        assert (done.returncode, done.stdout) == (3, "")
        assert says in done.stderr


def test_every_field_and_every_code_is_described(user: GateUser) -> None:
    described = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?) \|", PAGE, re.M))))
    assert set(user.ask("--client-id", "10")) <= described
    codes = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.M))
    assert {*map(str, Why), "not-running", "no-answer"} <= codes


def test_from_the_first_start_to_a_crash(tmp_path: Path) -> None:
    done = IsolatedTraymon(tmp_path).run("gate", "--wait", "--timeout", "0")
    assert (done.returncode, done.stderr) == (1, "closed: traymon is not running\n")
    assert done.stdout == "Closed\n  traymon is not running (not-running)\n"
    with running(Behaviour()) as gateway:
        user = GateUser(tmp_path, gateway.port)
        try:
            user.wait_until_open()
            gateway.stop()
            began = time.monotonic()
            wait_for(lambda: "fault" in user.codes())
            assert time.monotonic() - began < 1 + GENEROUS
            psutil.Process(user.resident.pid).suspend()
            assert user.codes() == ["no-answer"]
        finally:
            user.resident.kill()
            user.resident.wait()
    assert user.codes() == ["not-running"]


def test_it_answers_at_once(user: GateUser) -> None:
    took = []
    for _ in range(CALLS):
        began = time.monotonic()
        user.run("gate", "--margin", "0")
        took.append(time.monotonic() - began)
    p99 = sorted(took)[CALLS * 99 // 100]
    print(f"p99 of {CALLS} calls: {p99 * 1e3:.0f} ms")
    assert p99 < GENEROUS


@pytest.mark.parametrize("example", EXAMPLES, ids=["ib_insync", "ib_async"])
def test_an_example_sends_its_order_while_it_is_open_and_none_while_it_is_closed(
    example: str, user: GateUser, gateway: Running
) -> None:
    program = example.replace("7497", str(gateway.port))
    program = program.replace("client_id=10", "client_id=10, margin_minutes=0, timeout=30")
    (user.home / "bot.py").write_text(program)

    def orders() -> int:
        return sum(c.messages.count(PLACE_ORDER) for c in gateway.conversations)

    def trade() -> int:
        """Run the example; return how many orders it has sent."""
        before = orders()
        subprocess.run(
            [sys.executable, "-W", "ignore", "bot.py"],
            cwd=user.cwd,
            env=user.env,
            check=True,
            stdout=subprocess.DEVNULL,
            timeout=COMMAND_TIMEOUT,
        )
        return orders() - before

    wait_for(lambda: user.codes() == [])
    assert trade() == 1
    gateway.say(1100, "Connectivity between IBKR and Trader Workstation has been lost.")
    wait_for(lambda: "link-down" in user.codes())
    assert trade() == 0
    gateway.say(1102, "Connectivity between IBKR and TWS has been restored - data maintained.")
    wait_for(lambda: user.codes() == [])
