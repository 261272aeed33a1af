"""traymon on a virtual desktop: how it is started, what its icon shows, what it opens."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.colours import AMBER, GREEN, Colour
from support.launch_file import follow
from support.polling import PATIENCE, wait_for
from support.user_env import RecordingBrowser
from support.virtual_desktop import Desktop
from traymon.sim.gateway import Behaviour, Hello, Running
from traymon.sim.stage_props import HOLDER_SCRIPT

SILENT = Behaviour(hello=Hello.SILENT)
FAST = {
    "TRAYMON_INTERVAL": "5",
    "TRAYMON_QUICK": "2",
    "TRAYMON_TIMEOUT": "1",
    "TRAYMON_SESSION": "off",
}

# Runs a command on a terminal; what it prints is passed on.
ON_A_TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"


class Traymon:
    """A traymon that runs on a desktop, with a browser that only notes what it is to open."""

    def __init__(self, desktop: Desktop, port: int | None, *arguments: str, **env: str) -> None:
        """`port` None: the arguments name what is to be watched."""
        watched = [] if port is None else ["--port", str(port)]
        self._desktop = desktop
        self._browser = RecordingBrowser(desktop.folder)
        self.process = desktop.spawn(
            "traymon",
            *(sys.executable, "-X", "dev", "-m", "traymon", *watched, *arguments),
            **{**FAST, **self._browser.env, "PYSTRAY_BACKEND": "xorg", **env},
        )

    def opened(self) -> list[str]:
        """What the live page showed, each time that the browser was asked to open it."""
        files = self._browser.opened_files()
        assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
        return [follow(file.read_text()) for file in files[-1:]]

    def post(self, path: str) -> None:
        """Ask it for something as its commands do."""
        script = (
            "import sys; from traymon.cli.control import ask_running, this_users_instance; "
            "ask_running(this_users_instance(), 'POST', sys.argv[1])"
        )
        command = [sys.executable, "-c", script, path]
        subprocess.run(command, env=self._desktop.env, check=True, timeout=30)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def log_of(desktop: Desktop) -> str:
    log = Path(desktop.env["XDG_STATE_HOME"]) / "traymon" / "log" / "traymon.log"
    return log.read_text()


def shows(desktop: Desktop, colour: Colour, least: int = 101) -> bool:
    """Tell whether so many pixels of the icon have a colour; a mark leaves fewer of them."""
    box = desktop.tray_icon()
    if box is None:
        return False
    colours = desktop.pixels(box).getcolors(100_000) or []
    return dict((seen, count) for count, seen in colours).get(colour, 0) >= least


def wait_until_it_shows(desktop: Desktop, colour: Colour, what: str) -> None:
    try:
        wait_for(lambda: shows(desktop, colour), f"the {what} icon")
    except AssertionError as error:
        error.add_note(desktop.log("traymon"))
        raise


@contextmanager
def clashing(desktop: Desktop, gateway: Running, **env: str) -> Iterator[int]:
    """Run a traymon and a program that takes its trading project's client ID; give its pid."""
    project, elsewhere = desktop.folder / "project", desktop.folder / "elsewhere"
    for folder in (project, elsewhere):
        folder.mkdir()
    env_file = project / ".env"
    env_file.write_text(f"IB_CLIENT_ID=10\nIB_PORT={gateway.port}\n")
    shutil.copyfile(HOLDER_SCRIPT, elsewhere / "other_app.py")
    Traymon(desktop, gateway.port, "--env", str(env_file), **env)
    wait_until_it_shows(desktop, GREEN, "green")
    command = [sys.executable, "other_app.py", str(gateway.port), "10"]
    with subprocess.Popen(command, cwd=elsewhere, stdin=subprocess.PIPE) as claimable_program:
        try:
            wait_until_it_shows(desktop, AMBER, "amber")
            yield claimable_program.pid
        finally:
            claimable_program.kill()
