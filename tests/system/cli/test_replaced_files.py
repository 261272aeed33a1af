"""An upgrade under a running traymon: its files are moved away, and back."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

import traymon
from support.polling import PATIENCE, wait_for
from support.user_env import user_env
from traymon import assets
from traymon.sim.gateway import Running

if sys.platform != "linux":
    pytest.skip("needs a session bus", allow_module_level=True)

from support.bus import SessionBus
from support.notification_service import NotificationService

# No session of ib_insync and no list of processes: the alarm's own path is in question.
SETTINGS = {
    "TRAYMON_INTERVAL": "5",
    "TRAYMON_QUICK": "2",
    "TRAYMON_FORWARDED": "yes",
    "TRAYMON_SESSION": "off",
    "TRAYMON_LOG": "info",
}


class Installed:
    """A traymon whose program files, libraries and assets lie in one folder of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.files, self._away = folder / "lib", folder / "away"
        libraries = Path(sysconfig.get_path("purelib"))
        shutil.copytree(libraries, self.files, copy_function=link_or_copy)
        shutil.copytree(Path(traymon.__file__).parent, self.files / "traymon", dirs_exist_ok=True)
        shutil.copytree(assets.folder(), self.files / "traymon" / "assets", dirs_exist_ok=True)
        self.home = folder / "home"
        self.home.mkdir()
        self.env = user_env(self.home) | SETTINGS | {"PYTHONPATH": str(self.files)}

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        # -S: not the libraries of this environment
        command = [sys.executable, "-S", "-m", "traymon", "run", "--no-tray", *arguments]
        output = (self.home / "output").open("wb")
        with output:
            return subprocess.Popen(
                command,
                cwd=self.home,
                env=self.env | settings,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def move_away(self) -> None:
        self.files.rename(self._away)

    def move_back(self) -> None:
        self._away.rename(self.files)

    @property
    def log(self) -> str:
        path = self.home / "state" / "traymon" / "log" / "traymon.log"
        return path.read_text() if path.exists() else ""


def link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copyfile(source, target)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[NotificationService]:
    bus = SessionBus(tmp_path)
    bus.start()
    with NotificationService(bus.address) as service:
        yield service
    bus.stop()


def test_an_alarm_comes_while_all_files_are_away_and_after_they_are_back(
    tmp_path: Path, service: NotificationService, gateway: Running
) -> None:
    installed = Installed(tmp_path)
    process = installed.start(
        *("--port", str(gateway.port)), DBUS_SESSION_BUS_ADDRESS=service.address
    )
    try:
        wait_for(lambda: "healthy" in installed.log, "green")
        wait_for(lambda: "notifications are prepared" in installed.log, "what the alarm needs")
        installed.move_away()
        gateway.stop()
        wait_for(lambda: len(service.sent) == 1, "the alarm")
        (sent,) = service.sent
        assert sent.title == f"127.0.0.1 refuses connections to port {gateway.port}"
        assert Path(sent.icon).read_bytes().startswith(b"\x89PNG")
        gateway.start()
        wait_for(lambda: len(service.sent) == 2, "the recovery")
        installed.move_back()
        gateway.stop()
        wait_for(lambda: len(service.sent) == 3, "the second alarm")
        assert [*service.screen.values()] == [sent.title]
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0
    assert "Traceback" not in (installed.home / "output").read_text()
    assert "notifier failed" not in installed.log
