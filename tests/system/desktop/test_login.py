"""A TWS that waits for its user, on a virtual desktop: its log is read, and told in time."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from support.colours import RED
from support.desktop_traymon import Traymon, wait_until_it_shows
from support.login_logs import ENCRYPTED, NOISE, SECRETS
from support.polling import wait_for
from support.virtual_desktop import Desktop
from traymon.sim import launcher_log
from traymon.sim.gateway import running
from traymon.sim.stage_props import IDLE_GATEWAY

pytestmark = pytest.mark.usefixtures("no_other_lookalikes")

IN_TIME = 10.0  # seconds from the line in the log to the notification


class Gateway:
    """A process called `ibgateway` that has not opened its port, and its launcher log."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "launcher.log"

    def write(self, *messages: str) -> float:
        """Append messages of now, among others that nobody may see; return when."""
        now = datetime.now().astimezone()
        lines = launcher_log.written([(0.0, words) for words in (*NOISE, *messages)], now)
        with self._log.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        return time.monotonic()


@contextmanager
def waiting_gateway(folder: Path) -> Iterator[Gateway]:
    """Run a Gateway that has just begun to log in."""
    folder.mkdir()
    gateway = Gateway(folder)
    command = [sys.executable, "-c", IDLE_GATEWAY]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, stdin=pipe, stdout=pipe) as process:
        try:
            assert process.stdout is not None
            process.stdout.readline()
            gateway.write(launcher_log.RESTART, launcher_log.STARTED, launcher_log.LOGIN)
            yield gateway
        finally:
            process.kill()


def test_a_pending_two_factor_approval_is_in_tray_and_notification_within_ten_seconds(
    desktop: Desktop,
) -> None:
    desktop.start_tray()
    desktop.start_dunst()
    with running() as served:
        port = served.port
    with waiting_gateway(desktop.folder / "Jts") as gateway:
        traymon = Traymon(desktop, port, TRAYMON_QUICK="5")
        wait_until_it_shows(desktop, RED, "red")
        first = wait_for(lambda: desktop.notifications()[-1:], "the first notification")[0]
        assert first.title == f"IB Gateway is running, but port {port} is closed"

        written = gateway.write(launcher_log.AUTH_IB_KEY, launcher_log.CHALLENGE)
        second = wait_for(lambda: desktop.notifications()[1:], "the next notification", 30)[0]
        assert time.monotonic() - written < IN_TIME
        assert second.title == "IB Gateway is waiting for your two-factor approval"
        assert second.body.startswith("Approve the sign-in with IBKR Mobile on your phone now.")
        assert second.hints["urgency"] == 2
        wait_until_it_shows(desktop, RED, "red")

        desktop.click_notification()
        page = wait_for(traymon.opened, "the fix page")[0]
        assert "waits for its second factor, since" in page
        gateway.write(ENCRYPTED)
        with running(port=port):
            wait_for(lambda: desktop.notifications()[2:], "the recovery", 30)
        assert traymon.end() == 0
    shown = [page, *(f"{one.title} {one.body}" for one in desktop.notifications())]
    written_files = [path for path in desktop.folder.rglob("*") if path.is_file()]
    kept = [path.read_bytes() for path in written_files if path.name != "launcher.log"]
    assert kept
    for secret in SECRETS:
        assert not [text for text in shown if secret in text]
        assert not [data for data in kept if secret.encode() in data]
