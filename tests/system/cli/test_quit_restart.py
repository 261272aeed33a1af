"""`traymon quit` and `traymon restart`: the running one ends in good order, or begins anew."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

if sys.platform == "win32":
    pytest.skip("its processes end in another way", allow_module_level=True)

from support.polling import PATIENCE, wait_for
from support.traymon_process import ResidentTraymon, end
from traymon.cli import quit_restart
from traymon.sim.gateway import running
from traymon.storage.single_instance import Instance, InstanceInfo


@pytest.fixture
def user(tmp_path: Path) -> Iterator[ResidentTraymon]:
    with running() as gateway:
        yield ResidentTraymon(tmp_path, gateway)


def log_of(user: ResidentTraymon) -> str:
    return "".join(path.read_text() for path in user.home.rglob("traymon.log"))


def test_quit_ends_the_running_one_in_good_order_and_leaves_room_for_the_next(
    user: ResidentTraymon,
) -> None:
    first = user.start_resident()
    try:
        done = user.run("quit")
        assert (done.returncode, done.stdout, done.stderr) == (0, "traymon has ended.\n", "")
        assert first.wait(PATIENCE) == 0
        assert log_of(user).rstrip().endswith("ended")
    finally:
        end(first)
    second = user.start_resident()
    end(second)


def test_quit_is_content_where_nothing_runs_and_restart_says_how_to_start(
    user: ResidentTraymon,
) -> None:
    done = user.run("quit")
    assert (done.returncode, done.stdout) == (0, "traymon is not running.\n")
    done = user.run("restart")
    assert done.returncode == 3
    assert done.stderr.startswith("traymon is not running. Start it with: ")


def test_restart_begins_anew_with_the_same_options_and_what_the_settings_say_now(
    user: ResidentTraymon,
) -> None:
    settings = user.cwd / ".env"
    settings.write_text("TRAYMON_NAME=before\n")
    first = user.start_resident()
    try:
        settings.write_text("TRAYMON_NAME=after\n")
        done = user.run("restart")
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("traymon has restarted (pid ")
        pid = int(done.stdout.split("pid ")[1].split(")")[0])
        (target,) = json.loads(user.run("status", "--json").stdout)
        assert target["target"]["name"] == "after"
        assert target["target"]["port"] == user.gateway.port
        arguments = psutil.Process(pid).cmdline()
        assert arguments[-4:] == ["run", "--no-tray", "--port", str(user.gateway.port)]
        assert user.run("quit").returncode == 0
        assert first.wait(PATIENCE) == 0
    finally:
        end(first)


def test_quit_is_content_with_one_that_another_quit_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    running_one = Instance([tmp_path])
    assert running_one.acquire()

    class Ending(Instance):
        def find_info(self) -> InstanceInfo | None:
            running_one.release()
            return super().find_info()

    monkeypatch.setattr(quit_restart, "this_users_instance", lambda: Ending([tmp_path]))
    quit_restart.quit_traymon()
    assert capsys.readouterr().out == "traymon has ended.\n"


def test_restart_asks_nothing_of_a_program_that_has_the_port_of_one_that_crashed(
    user: ResidentTraymon,
) -> None:
    first = user.start_resident()
    first.kill()
    first.wait(PATIENCE)
    (file,) = user.home.rglob("traymon.json")
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        info = json.loads(file.read_text()) | {"port": stranger.getsockname()[1]}
        file.write_text(json.dumps(info))
        done = user.run("restart")
        assert done.returncode == 3
        assert done.stderr.startswith("traymon is not running. Start it with: ")
        stranger.settimeout(0)
        with pytest.raises(BlockingIOError):
            stranger.accept()


def test_one_that_does_not_answer_is_named_with_the_way_to_end_it(user: ResidentTraymon) -> None:
    first = user.start_resident()
    try:
        first.send_signal(signal.SIGSTOP)
        done = user.run("quit")
        assert done.returncode == 3
        assert f"(pid {first.pid}) does not answer" in done.stderr
        assert f"kill -9 {first.pid}" in done.stderr
    finally:
        first.send_signal(signal.SIGCONT)
        end(first)


def test_a_page_may_not_quit_only_this_users_commands_may(user: ResidentTraymon) -> None:
    first = user.start_resident()
    try:
        (file,) = user.home.rglob("traymon.json")
        port = json.loads(file.read_text())["port"]
        for path in ("/quit", "/restart"):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
            connection.request("POST", path, headers={"Authorization": "Bearer x"})
            assert connection.getresponse().status in (401, 403)
            connection.close()
        wait_for(lambda: first.poll() is None, "it still runs")
        assert user.run("status").returncode == 0
    finally:
        end(first)
