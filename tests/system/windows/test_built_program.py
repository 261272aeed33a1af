"""The one-folder program for Windows: built and started by a real Windows Python's PyInstaller."""

from __future__ import annotations

import http.client
import json
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.colours import GREEN
from support.polling import wait_for
from support.push_server import push_server
from support.setup_program import BUILT_WITHIN
from support.wine import SLOW, Windows, windows_path
from traymon.sim.gateway import running
from traymon.storage.single_instance import INFO_NAME

pytestmark = pytest.mark.timeout(BUILT_WITHIN + 400)


def test_the_built_program_explains_watches_and_plays(
    program_folder: Path, windows: Windows
) -> None:
    program = str(program_folder / "traymon.exe")

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return windows.finished(["wine", program, *arguments], SLOW * 2)

    explained = run("explain", "wrong-port")
    assert (explained.returncode, explained.stderr) == (0, b"")
    assert "IB_PORT" in explained.stdout.decode("cp1252")
    assert run("demo", "--once", "--no-tray", "--speed", "10").returncode == 0
    with running() as gateway:
        port = "--port", str(gateway.port)
        assert run("check", *port).returncode == 0
        with windows.started_by_explorer(program_folder / "traymon-tray.exe", *port):
            windows.wait_until_it_shows(GREEN)
            wait_for(lambda: run("status").returncode == 0, "its status", timeout=SLOW)


def test_its_processes_read_changed_settings_and_send_messages(
    program_folder: Path, windows: Windows
) -> None:
    program = str(program_folder / "traymon.exe")
    env, alerts = windows.folder / ".env", windows.folder / "alerts.toml"

    def ask(method: str, path: str) -> bytes:
        """Ask the running traymon as its commands do."""
        info = json.loads((windows.state / "run" / INFO_NAME).read_text(encoding="utf-8"))
        with closing(http.client.HTTPConnection("127.0.0.1", info["port"], timeout=SLOW)) as page:
            page.request(method, path, headers={"Authorization": f"Bearer {info['secret']}"})
            return page.getresponse().read()

    def shown() -> Any:
        return json.loads(ask("GET", "/status"))[0]

    with running() as one, running() as other, push_server() as phone:
        env.write_text(f"IB_PORT={one.port}\n")
        tray = program_folder / "traymon-tray.exe"
        with windows.started_by_explorer(tray, "--env", windows_path(env)):
            windows.wait_until_it_shows(GREEN)
            wait_for((windows.state / "run" / INFO_NAME).exists, "its page", timeout=SLOW)
            env.write_text(f"IB_PORT={other.port}\n")
            assert ask("POST", "/use-settings") == b""
            wait_for(lambda: shown()["target"]["port"] == other.port, "the new port", timeout=SLOW)
        alerts.write_text(f'[[push]]\nkind = "webhook"\nurl = "{phone.url}/x"\n')
        sent = windows.finished(
            ["wine", program, "push", "test"], SLOW * 2, TRAYMON_ALERTS=windows_path(alerts)
        )
        assert sent.returncode == 0, sent.stdout + sent.stderr
        assert phone.received[0].json["kind"] == "test"
