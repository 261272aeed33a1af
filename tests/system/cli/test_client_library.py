"""`traymon check` and `traymon wait` let a client library in, as processes of a user."""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

import pytest

from support.interpreters import folder_of, python_with, script
from support.polling import wait_for
from support.traymon_process import IsolatedTraymon
from traymon.sim.connection import Connection
from traymon.sim.gateway import Running, running
from traymon.sim.script import Script

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the interpreters are scripts")

IB_INSYNC, TRAYMON = "v157..176", "v100..176"  # their hellos


@pytest.fixture
def traymon(tmp_path: Path) -> IsolatedTraymon:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot" / ".env").write_text("IB_ACCOUNT=DU123456\n")
    return IsolatedTraymon(tmp_path, tmp_path / "bot", TRAYMON_NOTIFY="off")


class KeepsOut(Script):
    """Answers every client's hello, and starts a session for all but those with one hello."""

    def __init__(self, hello: str) -> None:
        self.hello_of = hello
        self.kept_out = threading.Event()

    def start(self, connection: Connection, client_id: int) -> None:
        if connection.conversation.hello == self.hello_of:
            connection.hang_up()
            self.kept_out.set()
        else:
            connection.start_session(client_id)


def words_of(out: str) -> str:
    return " ".join(out.split())


def libraries(gateway: Running) -> list[tuple[int, ...]]:
    """Return what the clients sent that are no traymon."""
    return [c.messages for c in gateway.conversations if c.hello not in (TRAYMON, "v100..226")]


def test_check_lets_ib_insync_in_and_names_it(traymon: IsolatedTraymon) -> None:
    with running() as gateway:
        port = str(gateway.port)
        done = traymon.run("check", "--port", port)
        as_json = traymon.run("check", "session", "--json", "--port", port)
        traymon.run("check", "handshake", "--port", port)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Test 4: Client Library" in done.stdout
    assert "ib_insync 0.9.86 connected" in done.stdout
    (reading,) = (
        one for one in json.loads(as_json.stdout)["readings"] if one["sensor"] == "client_library"
    )
    (library,) = reading["facts"]["libraries"]
    assert (library["name"], library["version"]) == ("ib_insync", "0.9.86")
    assert library["outcome"] == "connected"
    assert libraries(gateway) == [(71,)] * 2, "not for the handshake alone"


def test_check_is_amber_where_the_library_alone_is_kept_out(traymon: IsolatedTraymon) -> None:
    with running(script=KeepsOut(IB_INSYNC)) as gateway:
        done = traymon.run("check", "--port", str(gateway.port))
    assert (done.returncode, done.stderr) == (2, "")
    assert "! Test 4: Client Library" in done.stdout
    assert "The fault lies between this library and this version of TWS" in words_of(done.stdout)


def test_check_shows_a_library_that_gets_in_where_traymon_does_not(
    traymon: IsolatedTraymon,
) -> None:
    with running(script=KeepsOut(TRAYMON)) as gateway:
        done = traymon.run("check", "--port", str(gateway.port))
    assert (done.returncode, done.stderr) == (1, "")
    assert "✗ Test 3: Full Connection" in done.stdout
    assert "although traymon's own session does not" in words_of(done.stdout)


def test_the_environment_beside_the_settings_is_used_by_itself(traymon: IsolatedTraymon) -> None:
    python = python_with(traymon.cwd / ".venv" / "bin" / "python", folder_of("ib_async"))
    with running() as gateway:
        done = traymon.run("check", "session", "--port", str(gateway.port))
    assert done.returncode == 0, done.stdout
    assert "ib_async 2.1.0 connected" in done.stdout
    assert "".join(python.split()) in "".join(done.stdout.split()), "whole, over several lines"


def test_a_python_that_crashes_is_amber_for_the_user_who_named_it(
    traymon: IsolatedTraymon,
) -> None:
    python = script(traymon.home / "python", "kill -SEGV $$")
    with running() as gateway:
        done = traymon.run("check", "session", "--python", python, "--port", str(gateway.port))
    assert (done.returncode, done.stderr) == (2, "")
    assert "crashed: signal 11" in words_of(done.stdout)


def test_a_python_that_hangs_is_stopped(traymon: IsolatedTraymon) -> None:
    pid = traymon.home / "pid"
    python = script(traymon.home / "python", f'echo $$ > "{pid}"', "exec sleep 1000")
    began = time.monotonic()
    with running() as gateway:
        done = traymon.run("check", "library", "--python", python, "--port", str(gateway.port))
    assert (done.returncode, done.stderr) == (2, "")
    assert "did not finish in time" in words_of(done.stdout)
    assert time.monotonic() - began < 60
    wait_for(lambda: not Path("/proc", pid.read_text().strip()).exists(), "its end")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["session", "--python", "nowhere"], "--python nowhere: no Python found there."),
        (["port", "--python", sys.executable], "applies only to the checks session and library"),
        (["librarry"], "Use port, handshake, session, library, ids or settings"),
    ],
)
def test_misuse_is_exit_code_3(arguments: list[str], words: str, traymon: IsolatedTraymon) -> None:
    done = traymon.run("check", *arguments, "--port", "1")
    assert (done.returncode, done.stdout) == (3, "")
    assert words in done.stderr


def test_a_closed_port_needs_no_library(traymon: IsolatedTraymon) -> None:
    done = traymon.run("check", "--port", "1")
    assert (done.returncode, done.stderr) == (1, "")
    assert "Test 4: Client Library: not reached" in done.stdout


def test_wait_starts_its_command_once_a_library_is_let_in(traymon: IsolatedTraymon) -> None:
    command = ("--timeout", "60", "--", "echo", "started")
    script = KeepsOut(IB_INSYNC)
    with (
        running(script=script) as gateway,
        traymon.start("wait", "--port", str(gateway.port), *command) as process,
    ):
        # Its hello alone is too early: with another script by then, its first try gets in.
        wait_for(script.kept_out.is_set, "the library to be kept out")
        assert process.poll() is None
        gateway.script = Script()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "started\n"), err
    assert "Client Library: ib_insync 0.9.86 got no session" in err
    assert libraries(gateway)[-1] == (71,)
