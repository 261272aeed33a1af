"""A user's folders, in which traymons run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from support.polling import wait_for
from traymon.sim.gateway import Running


class User:
    """A user's folders, in which traymons run."""

    def __init__(self, folder: Path, gateway: Running) -> None:
        self.folder, self.gateway = folder, gateway
        (folder / "run").mkdir(mode=0o700)
        browser = folder / "browser"
        browser.write_text(f'#!/bin/sh\necho "$1" >> {folder}/opened\n')
        browser.chmod(0o755)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("TRAYMON_", "IB_"))}
        self.env = kept | {
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "BROWSER": f"{browser} %s",
            "TRAYMON_SESSION": "off",
            "TRAYMON_NOTIFY": "off",
            "TRAYMON_INTERVAL": "5",
            "TRAYMON_QUICK": "5",
            "TRAYMON_TIMEOUT": "0.5",
        }

    def command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "traymon", *words]

    def start(self, **env: str) -> subprocess.Popen[str]:
        """Start a traymon and wait until it serves its page."""
        process = subprocess.Popen(
            self.command("run", "--no-tray", "--port", str(self.gateway.port)),
            cwd=self.folder,
            env=self.env | env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        wait_for(lambda: self.run("status").returncode != 3)
        return process

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    def opened(self) -> list[Path]:
        path = self.folder / "opened"
        lines = path.read_text().splitlines() if path.exists() else []
        return [Path(line.removeprefix("file://")) for line in lines]


def end(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
