"""traymon as the login of a desktop starts it, from files of its own that can be moved away."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import psutil

from support.chaos.verdict import Life, Span, Use
from support.repository import ROOT
from support.user_env import RecordingBrowser
from support.virtual_desktop import Desktop

SETTINGS = {
    "PYSTRAY_BACKEND": "xorg",
    "TRAYMON_INTERVAL": "5",
    "TRAYMON_QUICK": "2",
    "TRAYMON_TIMEOUT": "1",
    "TRAYMON_JUST_STARTED": "2",
    "TRAYMON_REGION": "off",  # or IB's nightly reset would explain the outages
}
PATIENCE = 20.0  # seconds until one of two traymons has given way; the verdict judges if none does
REST = 3.0  # seconds in which one look of every kind ends
INTERVAL = 0.05  # seconds


class Residents:
    """The traymons that were started, of which one should watch.

    `lives` has those that have ended; the clock is `time.monotonic`.
    """

    def __init__(self, desktop: Desktop, port: int) -> None:
        self.lives: list[Life] = []
        self.stopped = False
        self.site = _copy_program(desktop.folder / "site")
        self._desktop = desktop
        self._settings = {
            **SETTINGS,
            **RecordingBrowser(desktop.folder).env,
            "PYTHONPATH": str(self.site),
        }
        self._options = ["--port", str(port)]
        self._started: list[subprocess.Popen[bytes]] = []
        self._began = 0.0
        self._before: Use | None = None

    @property
    def watching(self) -> list[subprocess.Popen[bytes]]:
        """Those that have not ended, the oldest first."""
        return [process for process in self._started if process.poll() is None]

    def log_in(self) -> None:
        """Start traymon as a new session does; return when one of them has given way."""
        earlier = self.watching
        if not earlier:
            self._close_life()
        newest = self._start("run", "--at-login", *self._options)
        if earlier:
            self._await_one()
        if newest.poll() is None:
            self._close_life()
            self._began = time.monotonic()

    def start_again(self) -> None:
        """Start traymon once more in the same session; return when one of them has given way."""
        self._start("run", *self._options)
        self._await_one()

    def status_code(self) -> int:
        """Return the exit code of `traymon status`."""
        return self._start("status").wait(2 * PATIENCE)

    def stop(self) -> None:
        """Stop every traymon, as a debugger or a suspended machine does."""
        self.stopped = True
        for process in self.watching:
            psutil.Process(process.pid).suspend()

    def go_on(self) -> None:
        """Undo `stop`."""
        for process in self.watching:
            psutil.Process(process.pid).resume()
        self.stopped = False

    def note_use(self) -> None:
        """Take what the traymon that watches holds at rest as the measure for later."""
        self._before = _use_at_rest(self.watching[0].pid)

    def end_life(self) -> None:
        """Note what the traymon that watches holds at rest; it lives no longer in the record."""
        after = None
        if self._before is not None and self.watching:
            after = _use_at_rest(self.watching[0].pid, self._before)
        self._close_life(after)

    def logs(self) -> str:
        """Return what the traymons have printed and logged."""
        log = Path(self._desktop.env["XDG_STATE_HOME"]) / "traymon" / "log" / "traymon.log"
        parts = [self._desktop.log(f"traymon-{number}") for number in range(len(self._started))]
        return "\n".join([*parts, log.read_text(errors="replace") if log.exists() else "no log"])

    def _await_one(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while len(self.watching) > 1 and time.monotonic() < deadline:
            time.sleep(INTERVAL)

    def _close_life(self, after: Use | None = None) -> None:
        if self._began:
            span = Span(self._began, time.monotonic())
            self.lives.append(Life(span, self._before, after))
        self._began, self._before = 0.0, None

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        # not the environment's own Python, which would find its own traymon
        python = str(Path(sys.executable).resolve())
        process = self._desktop.spawn(
            f"traymon-{len(self._started)}", python, "-m", "traymon", *words, **self._settings
        )
        self._started.append(process)
        return process


def _copy_program(site: Path) -> Path:
    """Lay out the program as an installation does; return the folder."""
    site.mkdir()
    for installed in Path(sysconfig.get_path("purelib")).iterdir():
        if installed.name != "traymon":
            (site / installed.name).symlink_to(installed)
    shutil.copytree(ROOT / "traymon", site / "traymon")
    shutil.copytree(ROOT / "assets", site / "traymon" / "assets")
    return site


def _use_at_rest(pid: int, wanted: Use | None = None) -> Use:
    """Return the least that a process holds for some time, or for longer than `wanted`."""
    if sys.platform == "win32":
        raise NotImplementedError
    process = psutil.Process(pid)
    seen = []
    deadline = time.monotonic() + (PATIENCE if wanted else REST)
    while time.monotonic() < deadline:
        seen.append(Use(process.num_threads(), process.num_fds()))
        least = Use(min(u.threads for u in seen), min(u.descriptors for u in seen))
        if wanted and least.threads <= wanted.threads and least.descriptors <= wanted.descriptors:
            break
        time.sleep(INTERVAL)
    return least
