"""The settings folder of real processes: where they say it is, and where it usually is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from traymon.sensors.tws_folder import find_tws_processes, settings_folder, usual_settings_folder

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's process names"),
    pytest.mark.usefixtures("no_other_lookalikes"),
]

GATEWAY = """
import socket
with open("/proc/self/comm", "w") as name:
    name.write("ibgateway")
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
input()
"""


@contextmanager
def gateway(cwd: Path, *arguments: str) -> Iterator[tuple[int, int]]:
    """Run a process called `ibgateway`; give its ID and the port on which it listens."""
    command = [sys.executable, "-c", GATEWAY, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=cwd, stdin=pipe, stdout=pipe) as process:
        try:
            assert process.stdout is not None
            yield process.pid, int(process.stdout.readline())
        finally:
            process.kill()


def folder(path: Path, *names: str) -> Path:
    path.mkdir(parents=True)
    for name in names or ("launcher.log",):
        (path / name).touch()
    return path.resolve()


def test_a_gateway_is_found_with_its_ports(tmp_path: Path) -> None:
    with gateway(tmp_path) as (pid, port):
        (found,) = (one for one in find_tws_processes() if one.pid == pid)
    assert (found.app, found.ports) == ("IB Gateway", frozenset({port}))


def test_the_folder_that_it_runs_in_counts_if_it_has_a_log_or_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gateway(folder(tmp_path / "log")) as (pid, _):
        assert settings_folder(pid) == tmp_path / "log"
    with gateway(folder(tmp_path / "ini", "jts.ini")) as (pid, _):
        assert settings_folder(pid) == tmp_path / "ini"
    home = tmp_path / "home"
    monkeypatch.setattr("traymon.sensors.tws_folder._home", lambda process: home)
    with gateway(folder(tmp_path / "other", "autorestart")) as (pid, _):
        assert settings_folder(pid) is None
        assert settings_folder(pid) != folder(home / "Jts")
        assert settings_folder(pid) == home / "Jts"


def test_the_folder_that_its_command_line_names_counts_alone(tmp_path: Path) -> None:
    here, named = folder(tmp_path / "here"), folder(tmp_path / "named")
    for arguments in (
        ["-DjtsConfigDir=/nowhere", f"-DjtsConfigDir={named}"],  # the last one counts
        [f"-DjtsConfigDir={named}", "-DjtsConfigDir=${installer:jtsConfigDir}"],
        ["-DjtsConfigDir=../named"],
        [f'-VjtsConfigDir="{named}"'],
    ):
        with gateway(here, *arguments) as (pid, _):
            found = settings_folder(pid)
            assert found is not None
            assert found.resolve() == named
    with gateway(here, "-DjtsConfigDir=/nowhere") as (pid, _):
        assert settings_folder(pid) is None


def test_a_process_that_has_ended_has_no_folder(tmp_path: Path) -> None:
    with gateway(folder(tmp_path / "here")) as (pid, _):
        pass
    assert settings_folder(pid) is None


def test_a_user_without_a_running_tws_has_the_usual_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert usual_settings_folder() is None
    expected = folder(tmp_path / "Jts")
    assert usual_settings_folder() == expected


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs root")
def test_a_process_with_files_of_its_own_has_no_folder_here(tmp_path: Path) -> None:
    here = folder(tmp_path / "here")
    command = ["unshare", "--mount", sys.executable, "-c", GATEWAY]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=here, stdin=pipe, stdout=pipe) as process:
        try:
            assert process.stdout is not None
            if not process.stdout.readline():
                pytest.skip("unshare is not allowed here")
            assert settings_folder(process.pid) is None
        finally:
            process.kill()
