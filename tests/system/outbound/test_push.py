"""A real traymon without a desktop pushes what happens, takes a new file, and keeps its secrets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from support.polling import wait_for
from support.push_server import HANGS, PushServer, push_server
from support.traymon_process import IsolatedTraymon, ResidentTraymon, end
from traymon.sim.gateway import HEALTHY, Running, running

TOPIC = "private-topic-4711"
TOKEN = "tk_geheim0815"
POSSIBLE = 2.0  # seconds from the fault to the message, on a machine with nothing else to do


@pytest.fixture
def gateway() -> Iterator[Running]:
    with running(HEALTHY) as gateway:
        yield gateway


def alerts_of(user: IsolatedTraymon) -> Path:
    folder = user.home / "config" / "traymon"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "alerts.toml"
    path.touch(mode=0o600)
    return path


def entry(server: PushServer, kind: str = "ntfy", name: str = "phone") -> str:
    url = server.url.replace("topic", TOPIC)
    return f'[[push]]\nname = "{name}"\nkind = "{kind}"\nurl = "{url}"\ntoken = "{TOKEN}"\n'


@contextmanager
def resident(user: ResidentTraymon, **settings: str) -> Iterator[psutil.Process]:
    always = {"TRAYMON_REGION": "off", "TRAYMON_SESSION": "hold", "TRAYMON_NOTIFY": "auto"}
    process = user.start_resident(**always, **settings)
    try:
        wait_for(lambda: user.run("status").returncode == 0, "green")
        yield psutil.Process(process.pid)
    finally:
        end(process)


def log_of(user: IsolatedTraymon) -> str:
    return (user.home / "state" / "traymon" / "log" / "traymon.log").read_text()


def test_a_gateway_that_ends_is_pushed_and_so_is_its_return(
    tmp_path: Path, gateway: Running
) -> None:
    user = ResidentTraymon(tmp_path, gateway)
    with push_server() as server:
        alerts_of(user).write_text(entry(server, "webhook"))
        with resident(user):
            began = time.time()
            gateway.stop()
            (fault,) = wait_for(lambda: list(server.received), "the fault")
            gateway.start()
            wait_for(lambda: server.received[1:], "the recovery")
        assert fault.json["light"] == "red"
        assert fault.json["fix"]
        assert fault.at - began < POSSIBLE * 5  # the figure itself is in docs/push.md
        assert [one.json["kind"] for one in server.received] == ["fault", "recovery"]
    assert "push phone: " in log_of(user)


def test_a_new_file_comes_into_force_and_a_broken_one_leaves_the_last(
    tmp_path: Path, gateway: Running
) -> None:
    user = ResidentTraymon(tmp_path, gateway)
    with push_server() as server, resident(user):
        alerts_of(user).write_text("[[push]\n")
        wait_for(lambda: "is no TOML" in log_of(user), "the mistake")
        alerts_of(user).write_text(entry(server, "webhook"))
        gateway.stop()
        wait_for(lambda: server.received, "the fault")


def command_lines(process: psutil.Process) -> list[str]:
    """Return what the list of processes shows of those that a process has started."""
    lines = []
    for child in process.children():
        with suppress(psutil.NoSuchProcess):  # it ends just now
            lines += child.cmdline()
    return lines


def test_no_secret_is_shown_or_kept_anywhere(tmp_path: Path, gateway: Running) -> None:
    user = ResidentTraymon(tmp_path, gateway)
    with push_server(HANGS) as hanging, push_server(404) as refusing:
        refused = entry(refusing, "webhook", "team")
        alerts_of(user).write_text(entry(hanging) + refused)
        with resident(user, TRAYMON_LOG="debug", TRAYMON_NTFY=f"{refusing.url}/{TOPIC}") as process:
            gateway.stop()
            wait_for(lambda: hanging.received and refusing.received, "the messages")
            shown = wait_for(lambda: command_lines(process), "the process that sends")
            wait_for(lambda: "HTTP 404" in log_of(user), "the refusal")
            for command in (
                *(("status", "--json"), ("config",), ("history",), ("push", "test", "team")),
                *(("incident",), ("check", "--json")),
            ):
                ran = user.run(*command, TRAYMON_NTFY=f"{refusing.url}/{TOPIC}")
                shown += [ran.stdout, ran.stderr]
            kept = [path for path in (tmp_path / "state").rglob("*") if path.is_file()]
            shown += [path.read_bytes().decode("latin-1") for path in kept]
    assert any(path.name == "history.db" for path in kept)
    assert any("push team" in text for text in shown)
    for text in shown:
        assert TOPIC not in text
        assert TOKEN not in text


def test_the_command_says_what_became_of_each_test(tmp_path: Path) -> None:
    user = IsolatedTraymon(tmp_path)
    none = user.run("push", "test")
    assert none.returncode == 3
    assert "There is no push channel in " in none.stderr
    with push_server() as works, push_server(403) as refuses:
        alerts_of(user).write_text(entry(works) + entry(refuses, "webhook", "team"))
        both = user.run("push", "test")
        assert both.returncode == 1
        assert both.stdout.splitlines() == [
            "phone (ntfy): delivered",
            "team (webhook): not delivered: HTTP 403 Forbidden",
        ]
        one = user.run("push", "test", "phone")
        assert one.returncode == 0
        assert refuses.received[0].json["kind"] == "test"
        assert user.run("push", "test", "fone").returncode == 3
        alerts_of(user).write_text(entry(works) + "[[push]]\n")
        broken = user.run("push", "test")
    assert broken.returncode == 3
    assert "phone (ntfy): delivered" in broken.stdout
    assert "alerts.toml, line 6: " in broken.stderr


def test_config_lists_who_is_alerted(tmp_path: Path) -> None:
    user = IsolatedTraymon(tmp_path)
    with push_server() as server:
        alerts_of(user).write_text(f'{entry(server)}lights = ["red"]\ntargets = ["live"]\n')
    shown = user.run("config", TRAYMON_WEBHOOK=f"https://me.example/{TOPIC}")
    assert "push phone: ntfy, red, of live" in shown.stdout
    assert "push webhook: webhook, red and amber" in shown.stdout
    assert "***" in shown.stdout
    assert TOPIC not in shown.stdout + shown.stderr
