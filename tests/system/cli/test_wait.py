"""`traymon wait` beside the calendar, and what becomes of the program that it has started."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from support.polling import wait_for
from support.traymon_process import IsolatedTraymon
from traymon.sim.gateway import HEALTHY, Running, running

CONNECTS = "import socket, sys, time; s = socket.create_connection(('127.0.0.1', {port})); {then}"
HELLO = r"s.sendall(b'API\0\0\0\0\x09v100..176'); s.recv(99); time.sleep({seconds}); sys.exit(5)"
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="sends signals")


@pytest.fixture
def gateway() -> Iterator[Running]:
    with running(HEALTHY) as gateway:
        yield gateway


@pytest.fixture
def user(tmp_path: Path, gateway: Running) -> IsolatedTraymon:
    (tmp_path / ".env").write_text(f"IB_PORT={gateway.port}\nTRAYMON_SESSION=off\n")
    return IsolatedTraymon(tmp_path)


def python(code: str) -> tuple[str, ...]:
    return ("--", sys.executable, "-c", code)


def connects(gateway: Running, seconds: float) -> tuple[str, ...]:
    return python(CONNECTS.format(port=gateway.port, then=HELLO.format(seconds=seconds)))


def test_it_says_when_the_grace_is_over_and_when_the_program_is_connected(
    user: IsolatedTraymon, gateway: Running
) -> None:
    words = connects(gateway, 5.0)
    late = (*words[:-1], f"import time; time.sleep(1.5); {words[-1]}")
    done = user.run("wait", "--then-watch", "--grace", "0.01", *late)
    assert done.returncode == 5
    ready, overdue, connected = done.stderr.splitlines()[-3:]
    assert "is ready" in ready
    assert f"has not connected to 127.0.0.1:{gateway.port} within 0.6 s" in overdue
    assert "It is still running (pid " in overdue
    assert f"Your program is connected to 127.0.0.1:{gateway.port}." in connected


def test_it_says_that_the_program_ended_before_it_connected(
    user: IsolatedTraymon, gateway: Running
) -> None:
    refused = connects(gateway, 0.0)  # TWS ends what has a client ID that is taken
    for words, code in ((python("raise SystemExit(3)"), 3), (refused, 5)):
        done = user.run("wait", "--then-watch", *words)
        assert done.returncode == code
        assert "ended before it connected" in done.stderr


@posix_only
def test_a_signal_reaches_the_program_and_its_end_is_the_commands(
    user: IsolatedTraymon, gateway: Running
) -> None:
    waiting = user.start("wait", "--then-watch", *python("import time; time.sleep(60)"))
    process = psutil.Process(waiting.pid)

    def child() -> psutil.Process | None:
        return next((c for c in process.children() if "time.sleep(60)" in c.cmdline()[-1]), None)

    wait_for(child, "the program")
    waiting.send_signal(signal.SIGTERM)
    _, errors = waiting.communicate(timeout=60)
    assert waiting.returncode == 128 + signal.SIGTERM
    assert "ended before it connected" in errors


def test_it_needs_a_program_to_watch(user: IsolatedTraymon) -> None:
    done = user.run("wait", "--then-watch")
    assert done.returncode == 3
    assert "--then-watch needs a command" in done.stderr


def test_it_waits_for_the_market_only_if_it_is_told_to(user: IsolatedTraymon) -> None:
    begins, ends = (time.strftime("%H:%M", time.gmtime(time.time() + h * 3600)) for h in (6, 7))
    hours = {"TRAYMON_HOURS": f"{begins}-{ends} UTC"}
    assert user.run("wait", *python("raise SystemExit(0)"), **hours).returncode == 0
    done = user.run("wait", "--market", "--timeout", "2", **hours)
    assert done.returncode == 1
    assert "the market is closed\n" in done.stderr
    assert "Gave up after 2 s: the market is closed" in done.stderr


def test_it_starts_nothing_shortly_before_a_restart(user: IsolatedTraymon) -> None:
    begins = time.strftime("%H:%M", time.gmtime(time.time() + 15 * 60))
    restart = {"TRAYMON_MAINTENANCE": f"{begins}+10m UTC", "TRAYMON_REGION": "off"}
    assert user.run("wait", **restart).returncode == 0
    done = user.run("wait", "--margin", "20", "--timeout", "2", **restart)
    assert done.returncode == 1
    assert "TWS restarts (TRAYMON_MAINTENANCE)" in done.stderr
