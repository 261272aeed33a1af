"""A Windows under Wine on a virtual desktop, in which traymon runs."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from shlex import join, quote
from typing import Any

from support.colours import Colour
from support.polling import wait_for
from support.repository import ROOT
from support.user_env import NO_RESETS, RecordingBrowser
from support.virtual_desktop import Desktop
from support.wine_setup import environment, setup_folder

SLOW = 60.0  # seconds; a Windows that starts under load takes its time
FAST = {
    "TRAYMON_INTERVAL": "5",
    "TRAYMON_QUICK": "2",
    "TRAYMON_TIMEOUT": "1",
    "TRAYMON_SESSION": "off",
    **NO_RESETS,
}


class Windows:
    """The Windows, for one test: a fresh user, nothing running. A context manager."""

    def __init__(self, desktop: Desktop) -> None:
        self.desktop = desktop
        self.setup = setup_folder()
        self.folder = desktop.folder / "Jörg's Handel"  # spaces and umlauts, as on real ones
        self.folder.mkdir()
        site = ";".join(windows_path(path) for path in (ROOT, self.setup / "site"))
        self.env = desktop.env | environment(self.setup) | {"PYTHONPATH": site}
        self.env["LC_ALL"] = "C.UTF-8"
        self.env["PYTHONPYCACHEPREFIX"] = windows_path(self.setup / "bytecode")
        self._scaled = False
        self._note_what_is_opened()

    def __enter__(self) -> Windows:
        self.end()
        (self.home,) = (self.setup / "prefix" / "drive_c" / "users").glob("[!P]*")
        for left in ("Local/traymon", "Local/Temp", "Roaming/traymon"):
            shutil.rmtree(self.home / "AppData" / left, ignore_errors=True)
        (self.home / "AppData" / "Local" / "Temp").mkdir(parents=True)
        self.state.mkdir(parents=True)
        (self.state / "state.json").write_text('{"greeted": true}')
        return self

    def __exit__(self, *_: object) -> None:
        self.end()
        if self._scaled:
            self.set_dpi(96)

    def end(self) -> None:
        """End every program of this Windows."""
        subprocess.run(["wineserver", "--kill"], env=self.env, check=False)
        subprocess.run(["wineserver", "--wait"], env=self.env, check=False, timeout=SLOW)

    def _note_what_is_opened(self) -> None:
        """Be the system's opener, to which Wine hands what Windows would open in a browser."""
        folder = self.desktop.folder / "bin"
        folder.mkdir()
        self._opener = RecordingBrowser(folder, "xdg-open")
        self.env["PATH"] = f"{folder}:{self.env['PATH']}"

    def opened(self) -> list[str]:
        """Return the addresses that were opened so far."""
        return self._opener.opened()

    # Programs

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of the Windows Python."""
        return ["wine", str(self.setup / "python" / "python.exe"), *arguments]

    @contextmanager
    def started_by_explorer(self, program: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """Have a program run without a console: no standard streams, in its own folder."""
        with subprocess.Popen(
            ["wine", "start", "/wait", "/unix", str(program), *words],
            env=self.env | FAST,
            stdin=subprocess.DEVNULL,
        ) as process:
            try:
                yield process
            finally:
                self.end()

    @property
    def pythonw(self) -> Path:
        """The Windows Python without a console."""
        return self.setup / "python" / "pythonw.exe"

    def run(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[bytes]:
        """Run the Windows Python to its end; what it prints comes back as bytes."""
        return self.finished(self.command(*arguments), SLOW, **env)

    def finished(
        self, command: list[str], within: float, **env: str
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a program to its end, within so many seconds.

        Its own end counts, not that of its output: the first program that needs a screen has the
        shell as its child, which holds on to whatever it was given.
        """
        pipe, deadline = subprocess.PIPE, time.monotonic() + within
        with subprocess.Popen(
            command, env=self.env | env, cwd=self.folder, stdin=pipe, stdout=pipe, stderr=pipe
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            said = {process.stdout.fileno(): b"", process.stderr.fileno(): b""}
            listening = list(said)
            ended = False
            while True:
                ready, _, _ = select.select(listening, [], [], 0 if ended else 0.05)
                for stream in ready:
                    heard = os.read(stream, 65536)
                    said[stream] += heard
                    if not heard:
                        listening.remove(stream)
                if ended and not ready:
                    break
                ended = process.poll() is not None  # whatever it has said is in the pipes now
                if time.monotonic() > deadline:
                    process.kill()
                    raise AssertionError(f"{command} did not end within {within:g} s: {said}")
        return subprocess.CompletedProcess(command, process.returncode, *said.values())

    def traymon(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command of traymon to its end."""
        return self.run("-m", "traymon", *arguments, **env)

    def start(self, *arguments: str, name: str = "traymon", **env: str) -> subprocess.Popen[bytes]:
        """Start the Windows Python; its output is the desktop's log of that name.

        Through a pipe: CPython under Wine does not start with a file for its output.
        """
        return self.start_program(self.command(*arguments), name, **env)

    def start_program(
        self, command: list[str], name: str = "traymon", **env: str
    ) -> subprocess.Popen[bytes]:
        """Start any program in the same way."""
        line = f"cd {quote(str(self.folder))} && {join(command)} 2>&1 | cat"
        return self.desktop.spawn(name, "sh", "-c", line, **{**self.env, **FAST, **env})

    def set_dpi(self, dpi: int) -> None:
        """Have the screen scaled; 96 is 100 %. To be said before anything runs."""
        self._scaled = True
        key, value = r"HKCU\Control Panel\Desktop", ["/v", "LogPixels", "/t", "REG_DWORD"]
        subprocess.run(
            ["wine", "reg", "add", key, *value, "/d", str(dpi), "/f"],
            env=self.env,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=SLOW,
        )
        self.end()

    def shell(self, *words: str) -> Any:
        """Ask the shell of this Windows; see windows_shell.py."""
        done = self.run(str(Path(__file__).with_name("windows_shell.py")), *words)
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return json.loads(done.stdout)

    # What is seen

    @property
    def state(self) -> Path:
        """The folder in which traymon keeps what it remembers."""
        return self.home / "AppData" / "Local" / "traymon" / "traymon"

    def log(self) -> str:
        """Return traymon's log."""
        path = self.state / "Logs" / "traymon.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @staticmethod
    def now() -> float:
        """Return the time as the log has it."""
        return time.time()

    def ended_at(self) -> float:
        """Return when traymon wrote that it had ended."""
        line = next(line for line in self.log().splitlines() if line.endswith(": ended"))
        return datetime.fromisoformat(line[:23].replace(",", ".")).timestamp()

    def windows_file(self, name: str) -> str:
        """Return the path of a file in the user's folder, as programs under Wine know it."""
        return windows_path(self.folder / name)

    def colour_of_the_icon(self) -> dict[Colour, int]:
        """Return how many pixels of each colour the docked icon has."""
        box = self.desktop.tray_icon()
        colours = [] if box is None else self.desktop.pixels(box).getcolors(100_000)
        return {seen: count for count, seen in colours or []}  # type: ignore[misc]

    def wait_until_it_shows(self, colour: Colour) -> None:
        """Wait until the icon has the light's colour."""
        try:
            wait_for(
                lambda: self.colour_of_the_icon().get(colour, 0) > 40, f"{colour}", timeout=SLOW
            )
        except AssertionError as error:
            error.add_note(self.desktop.log("traymon") + self.log()[-3000:])
            raise


def windows_path(path: Path) -> str:
    """Return a path as programs under Wine know it."""
    return "Z:" + str(path).replace("/", "\\")
