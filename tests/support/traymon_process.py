"""traymon as processes of its own, run by a user who has no settings but those of the test."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from support.polling import PATIENCE, wait_for
from support.user_env import RecordingBrowser, user_env
from traymon.sim.gateway import Running

COMMAND_TIMEOUT = 90.0  # seconds; generous, for a busy machine
WHERE = """
import dataclasses, json
from traymon.cli.control import this_users_instance
print(json.dumps(dataclasses.asdict(this_users_instance().find_info())))
"""


class IsolatedTraymon:
    """Runs traymon for the user whose files lie in `home`, from the folder `cwd`."""

    def __init__(
        self, home: Path, cwd: Path | None = None, *, dev_mode: bool = False, **settings: str
    ) -> None:
        self.home = home
        self.cwd = cwd or home
        self.env = user_env(home) | settings
        self._python = [sys.executable, *(("-X", "dev") if dev_mode else ())]

    def command(self, *words: str) -> list[str]:
        """Return the command line."""
        return [*self._python, "-m", "traymon", *words]

    def start(self, *words: str, **settings: str) -> subprocess.Popen[str]:
        """Start a command; its output and its errors are pipes."""
        env = self.env | settings
        return subprocess.Popen(
            self.command(*words),
            cwd=self.cwd,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding=env["PYTHONIOENCODING"],
        )

    def run(self, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        with self.start(*words, **settings) as process:
            try:
                out, err = process.communicate(timeout=COMMAND_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)


class ResidentTraymon(IsolatedTraymon):
    """A user at whose login a traymon starts that watches the simulated Gateway."""

    def __init__(self, home: Path, gateway: Running) -> None:
        self.gateway = gateway
        self._where: dict[str, Any] | None = None  # the page of the running one
        self._browser = RecordingBrowser(home)
        super().__init__(
            home,
            TRAYMON_SESSION="off",
            TRAYMON_NOTIFY="off",
            TRAYMON_INTERVAL="5",
            TRAYMON_QUICK="5",
        )
        self.env |= self._browser.env

    def start_resident(self, **settings: str) -> subprocess.Popen[bytes]:
        """Start the traymon that stays; return once it serves its page."""
        process = subprocess.Popen(
            self.command("run", "--no-tray", "--port", str(self.gateway.port)),
            cwd=self.cwd,
            env=self.env | settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for(lambda: self.run("status").returncode != 3, "the page")
        return process

    def ask(self, method: str, path: str) -> bytes:
        """Ask the running one as the commands do, but without a process of its own."""
        if self._where is None:
            where = [sys.executable, "-c", WHERE]
            self._where = json.loads(subprocess.check_output(where, env=self.env, timeout=60))
        page = HTTPConnection("127.0.0.1", self._where["port"], timeout=PATIENCE)
        with closing(page) as connection:
            secret = {"Authorization": f"Bearer {self._where['secret']}"}
            connection.request(method, path, headers=secret)
            return connection.getresponse().read()

    def opened(self) -> list[Path]:
        """Return the files that the browser was asked to open."""
        return self._browser.opened_files()


def end(process: subprocess.Popen[bytes]) -> None:
    """End a traymon as a login session does; it must end well."""
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0
