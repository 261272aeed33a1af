"""One traymon per user, and how the others find it: second start, status, open."""

from __future__ import annotations

import http.client
import http.server
import json
import os
import pickle
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

if sys.platform == "win32":
    pytest.skip("its processes end in another way", allow_module_level=True)

from support.launch_file import key
from support.polling import PATIENCE, wait_for
from support.traymon_process import ResidentTraymon, end
from support.user_env import RecordingBrowser
from traymon.cli import resident
from traymon.cli.settings_process import SettingsRequest
from traymon.config.in_force import Config, OwnSettings, TargetConfig
from traymon.core.calendar import Calendar
from traymon.core.target import Target
from traymon.sim.gateway import HEALTHY, Behaviour, Hello, running
from traymon.storage.single_instance import Instance

# What nohup does, without its file.
NOHUP = (
    "import os, signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


@pytest.fixture
def user(tmp_path: Path) -> Iterator[ResidentTraymon]:
    with running() as gateway:
        yield ResidentTraymon(tmp_path, gateway)


def test_a_second_start_opens_the_page_of_the_first_and_ends(user: ResidentTraymon) -> None:
    first = user.start_resident()
    try:
        second = user.run("run", "--no-tray")
        watching = f"pid {first.pid}, watching 127.0.0.1:{user.gateway.port}"
        said = f"traymon is already running ({watching}). Opening its page.\n"
        assert (second.returncode, second.stdout) == (0, said)
        (lead,) = wait_for(user.opened)
        assert stat.S_IMODE(lead.stat().st_mode) == 0o600
        assert "http://127.0.0.1:" in lead.read_text()
        assert "/open/" not in str(lead)
    finally:
        end(first)


@pytest.mark.parametrize("words", ["another port", "another .env"])
def test_a_second_start_with_other_settings_says_what_is_not_watched(
    user: ResidentTraymon, tmp_path: Path, words: str
) -> None:
    env_file = tmp_path / "other.env"
    env_file.write_text(f"IB_PORT={user.gateway.port}\n")
    other = {"another port": ("--port", "23602"), "another .env": ("--env", str(env_file))}[words]
    new = "127.0.0.1:23602" if words == "another port" else str(env_file)
    first = user.start_resident()
    try:
        for options in ((), ("--no-tray",)):
            second = user.run("run", *options, *other)
            assert (second.returncode, second.stdout) == (3, "")
            assert f"traymon does NOT watch {new}. " in second.stderr
            assert f"(pid {first.pid}) and watches 127.0.0.1:{user.gateway.port}." in second.stderr
        assert user.opened() == []
        same = user.run("run", "--no-tray", "--port", str(user.gateway.port))
        assert same.returncode == 0
    finally:
        end(first)


@pytest.mark.parametrize("broken", ["no browser", "a browser that fails"])
def test_where_no_browser_opens_it_prints_a_one_time_address_and_why(
    user: ResidentTraymon, broken: str
) -> None:
    first = user.start_resident()
    browser = "" if broken == "no browser" else "/bin/false"
    try:
        for words, code in ((("run", "--no-tray"), 0), (("open",), 3)):
            done = user.run(*words, BROWSER=browser)
            assert done.returncode == code
            assert "Opening" not in done.stdout
            why = "no display" if broken == "no browser" else "exit code 1"
            assert "No browser could be opened: " in done.stdout
            assert why in done.stdout
            url = urlsplit(done.stdout.splitlines()[-1])
            with closing(http.client.HTTPConnection(url.netloc, timeout=PATIENCE)) as connection:
                connection.request("GET", url.path)
                assert connection.getresponse().status == 200
    finally:
        end(first)


def test_the_browser_is_that_of_whoever_asks(user: ResidentTraymon) -> None:
    first = user.start_resident()
    asker = RecordingBrowser(user.home, "asker")
    try:
        assert user.run("open", **asker.env).returncode == 0
        assert user.run("run", "--no-tray", **asker.env).returncode == 0
        wait_for(lambda: len(asker.opened()) == 2, "both pages")
        assert user.opened() == []
    finally:
        end(first)


@pytest.mark.parametrize("count", [2, 5])
def test_of_several_starts_in_one_moment_one_watches_and_the_others_open_its_page(
    user: ResidentTraymon, count: int
) -> None:
    words = ("run", "--no-tray", "--port", str(user.gateway.port))
    started = [user.start(*words) for _ in range(count)]
    try:
        wait_for(lambda: sum(start.poll() is not None for start in started) == count - 1)
        for start in started:
            if start.poll() is not None:
                out, err = start.communicate(timeout=PATIENCE)
                assert (start.returncode, err) == (0, "")
                assert out.startswith("traymon is already running (pid ")
                assert out.endswith(f":{user.gateway.port}). Opening its page.\n")
        wait_for(lambda: user.run("status").returncode == 0, "green")
        wait_for(lambda: len(user.opened()) == count - 1, "its page, opened by all others")
    finally:
        for start in started:
            start.terminate()
            start.communicate(timeout=PATIENCE)
    assert 0 in [start.returncode for start in started]


@pytest.mark.parametrize("runtime", ["missing", "another one", "removed"])
def test_the_runtime_folder_plays_no_part(user: ResidentTraymon, runtime: str) -> None:
    first = user.start_resident()
    folder = Path(user.env["XDG_RUNTIME_DIR"])
    other = user.home / "another"
    other.mkdir(mode=0o700)
    env = {"missing": "", "another one": str(other), "removed": str(folder)}[runtime]
    if runtime == "removed":
        shutil.rmtree(folder)
    try:
        wait_for(lambda: user.run("status", XDG_RUNTIME_DIR=env).returncode == 0, "green")
        second = user.run("run", "--no-tray", XDG_RUNTIME_DIR=env)
        assert (second.returncode, second.stdout[:26]) == (0, "traymon is already running")
    finally:
        end(first)


def test_after_its_state_folder_was_removed_it_is_found_again(user: ResidentTraymon) -> None:
    first = user.start_resident()
    try:
        shutil.rmtree(user.home / "state" / "traymon")
        wait_for(lambda: user.run("status").returncode == 0, "the place to be written again")
        assert user.run("run", "--no-tray").stdout.startswith("traymon is already running")
    finally:
        end(first)


def test_the_one_whose_place_was_taken_ends_in_good_order(user: ResidentTraymon) -> None:
    first = user.start_resident()
    shutil.rmtree(user.home / "state" / "traymon")
    other = Instance([user.home / "state" / "traymon" / "run"])
    if other.acquire():  # else the first one was faster
        assert first.wait(PATIENCE) == 0
        other.release()
    else:
        end(first)


def test_it_survives_the_end_of_its_terminal_if_nohup_says_so(user: ResidentTraymon) -> None:
    ignoring = [sys.executable, "-c", NOHUP, *user.command("run", "--no-tray", "--port")]
    process = subprocess.Popen(
        [*ignoring, str(user.gateway.port)],
        cwd=user.cwd,
        env=user.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: user.run("status").returncode == 0, "the page")
        process.send_signal(signal.SIGHUP)
        assert user.run("status").returncode == 0
        assert process.poll() is None
    finally:
        end(process)


def test_one_that_hangs_is_named_and_nothing_starts_beside_it(user: ResidentTraymon) -> None:
    first = user.start_resident()
    first.send_signal(signal.SIGSTOP)
    try:
        done = user.run("run", "--no-tray")
        assert (done.returncode, done.stdout) == (3, "")
        assert f"The running traymon (pid {first.pid}) does not answer: " in done.stderr
    finally:
        first.send_signal(signal.SIGCONT)
        end(first)


def test_another_program_on_the_port_of_one_that_crashed_is_no_traymon(
    user: ResidentTraymon,
) -> None:
    first = user.start_resident()
    first.kill()
    first.wait()
    (place,) = user.home.rglob("traymon.json")
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as stranger:
        threading.Thread(target=stranger.serve_forever, daemon=True).start()
        info = json.loads(place.read_text()) | {"port": stranger.server_port, "pid": os.getpid()}
        place.write_text(json.dumps(info))
        done = user.run("status")
        assert done.returncode == 3
        assert done.stderr.startswith("traymon is not running. Start it with: ")
        end(user.start_resident())
        stranger.shutdown()


def test_status_is_that_of_the_running_one(user: ResidentTraymon) -> None:
    first = user.start_resident()
    try:
        wait_for(lambda: user.run("status").returncode == 0)
        assert user.run("status").stdout.startswith("green: Programs can connect to port")
        (target,) = json.loads(user.run("status", "--json").stdout)
        assert (target["code"], target["target"]["port"]) == ("healthy", user.gateway.port)
        user.gateway.behaviour = Behaviour(hello=Hello.CLOSE)
        wait_for(lambda: user.run("status").returncode == 1)
    finally:
        end(first)


def test_without_a_running_one_that_is_said(user: ResidentTraymon) -> None:
    for words in (("status",), ("open",), ("open", "--print-url")):
        done = user.run(*words)
        assert (done.returncode, done.stdout) == (3, "")
        assert "traymon is not running" in done.stderr


def test_a_crashed_one_leaves_nothing_that_hinders(user: ResidentTraymon) -> None:
    first = user.start_resident()
    first.kill()
    first.wait()
    assert user.run("status").returncode == 3
    end(user.start_resident())


def test_open_prints_an_address_for_one_visit_and_no_secret_goes_into_the_log(
    user: ResidentTraymon,
) -> None:
    first = user.start_resident()
    try:
        url = user.run("open", "--print-url").stdout.strip()
        assert user.run("open").returncode == 0
        wait_for(user.opened)
        where = urlsplit(url)
        with closing(http.client.HTTPConnection(where.netloc, timeout=PATIENCE)) as connection:
            connection.request("GET", where.path)
            assert connection.getresponse().status == 200
        line = Path(f"/proc/{first.pid}/cmdline")
        secret = where.path.rpartition("/")[2]
        assert secret not in (line.read_text() if line.exists() else "")
        log = (user.home / "state" / "traymon" / "log" / "traymon.log").read_text()
        assert secret not in log
        assert "page is served" in log
    finally:
        end(first)


def test_with_the_page_open_a_fault_is_looked_at_every_second(user: ResidentTraymon) -> None:
    user.gateway.stop()
    first = user.start_resident(TRAYMON_QUICK=str(2 * PATIENCE))  # a pause without the page
    try:
        url = urlsplit(user.run("open", "--print-url").stdout.strip())
        with closing(http.client.HTTPConnection(url.netloc, timeout=PATIENCE)) as connection:
            bearer = f"Bearer {key(url.netloc, url.path.rpartition('/')[2])}"
            connection.request("GET", "/events", headers={"Authorization": bearer})
            stream = connection.getresponse()
            assert "data: " in stream.readline().decode()
            user.gateway.behaviour = HEALTHY
            user.gateway.start()
            began = time.monotonic()
            while "Programs can connect to port" not in stream.readline().decode():
                assert time.monotonic() < began + PATIENCE
    finally:
        end(first)


def test_the_traymon_that_stays_is_the_process_that_was_started(user: ResidentTraymon) -> None:
    process = user.start_resident()
    try:
        started = user.command("run", "--no-tray", "--port", str(user.gateway.port))
        assert psutil.Process(process.pid).cmdline() == started
    finally:
        end(process)


def test_one_that_loses_its_place_while_it_begins_again_opens_the_page_of_the_winner(
    user: ResidentTraymon, tmp_path: Path
) -> None:
    first = user.start_resident()
    try:
        own = OwnSettings("off", 0, "ask", "on", "info")
        bot = Target("bot", port=user.gateway.port)
        plan = resident.Plan(
            config=Config(own, (TargetConfig(bot, Calendar(), {}, None),)),
            request=SettingsRequest(folder=str(tmp_path)),
            want_tray=False,
            patience=0.0,
            unseen=False,
            has_place=True,
            releases=None,
        )
        pipe, end_to_write = os.pipe()
        with open(end_to_write, "wb") as file:
            file.write(pickle.dumps(plan))
        done = subprocess.run(
            user.command("run", "--no-tray"),
            cwd=user.cwd,
            env=user.env | {resident.PLAN: str(pipe)},
            pass_fds=[pipe],
            capture_output=True,
            text=True,
            timeout=60,
        )
        os.close(pipe)
        assert (done.returncode, done.stderr) == (0, "")
        assert f"pid {first.pid}" in done.stdout
        assert done.stdout.endswith("Opening its page.\n")
        assert first.poll() is None
    finally:
        end(first)


def test_a_plan_of_somebody_else_is_no_plan(user: ResidentTraymon) -> None:
    done = user.run("run", "--no-tray", **{resident.PLAN: "none"})
    assert done.returncode == 3
    assert f"{resident.PLAN}=none: no such setting" in done.stderr
