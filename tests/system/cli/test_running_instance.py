"""One traymon per user, and how the others find it: second start, status, open."""

from __future__ import annotations

import http.client
import json
import stat
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from support.polling import PATIENCE, wait_for
from support.traymon_process import ResidentTraymon, end
from traymon.sim.gateway import HEALTHY, Behaviour, Hello, running
from traymon.storage.single_instance import Instance, InstanceInfo


@pytest.fixture
def user(tmp_path: Path) -> Iterator[ResidentTraymon]:
    with running() as gateway:
        yield ResidentTraymon(tmp_path, gateway)


def test_a_second_start_opens_the_page_of_the_first_and_ends(user: ResidentTraymon) -> None:
    first = user.start_resident()
    try:
        second = user.run("run", "--no-tray")
        assert (second.returncode, second.stdout) == (
            0,
            "traymon runs already; its page is opened.\n",
        )
        (lead,) = wait_for(user.opened)
        assert stat.S_IMODE(lead.stat().st_mode) == 0o600
        assert "http://127.0.0.1:" in lead.read_text()
        assert "/open/" not in str(lead)
    finally:
        end(first)


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
        assert "No traymon runs" in done.stderr


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
        with closing(http.client.HTTPConnection(where.netloc, timeout=10)) as connection:
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
    first = user.start_resident()
    try:
        url = urlsplit(user.run("open", "--print-url").stdout.strip())
        with closing(http.client.HTTPConnection(url.netloc, timeout=30)) as connection:
            connection.request("GET", url.path)
            answer = connection.getresponse()
            answer.read()
            cookie = (answer.headers["set-cookie"] or "").partition(";")[0]
            connection.request("GET", "/events", headers={"Cookie": cookie})
            stream = connection.getresponse()
            assert "data: " in stream.readline().decode()
            user.gateway.behaviour = HEALTHY
            user.gateway.start()
            began = time.monotonic()
            while "Programs can connect to port" not in stream.readline().decode():
                assert time.monotonic() < began + PATIENCE
            assert time.monotonic() - began < 4.5  # less than one pause without the page: 5 s
    finally:
        end(first)


def test_the_lock_is_one_persons_and_goes_with_the_process(tmp_path: Path) -> None:
    one, other = Instance(tmp_path), Instance(tmp_path)
    assert one.acquire()
    assert not other.acquire()
    assert other.find_running() is None  # it has not said yet where it is
    one.publish(InstanceInfo(4711, "secret", 1))
    assert other.find_running() == InstanceInfo(4711, "secret", 1)
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "traymon.json").stat().st_mode) == 0o600
    assert one.find_running() is None  # it is not another one
    one.release()
    assert other.find_running() is None
    assert other.acquire()
    other.release()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"port": 1}'])
def test_a_spoiled_announcement_is_no_announcement(text: str, tmp_path: Path) -> None:
    one = Instance(tmp_path)
    assert one.acquire()
    (tmp_path / "traymon.json").write_text(text, encoding="utf-8")
    assert Instance(tmp_path).find_running() is None
    one.release()


def test_a_user_without_a_folder_to_write_to_has_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = Path(__file__) / "no folder"
    for name in ("user_runtime_path", "user_state_path"):
        monkeypatch.setattr(f"traymon.storage.single_instance.{name}", lambda app: nowhere)
    with pytest.raises(OSError, match="no folder"):
        Instance()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps rights in another way")
def test_a_folder_that_others_may_write_to_is_not_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    shared.mkdir()
    shared.chmod(0o777)
    monkeypatch.setattr("traymon.storage.single_instance.user_runtime_path", lambda app: shared)
    monkeypatch.setattr("traymon.storage.single_instance.user_state_path", lambda app: own)
    assert Instance().acquire()
    assert list(shared.iterdir()) == []
    assert (own / "run" / "traymon.lock").exists()
