"""The one-folder program for Windows: built and started by a real Windows Python's PyInstaller."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support.colours import GREEN
from support.polling import wait_for
from support.repository import ROOT
from support.wine import SLOW, Windows, windows_path
from traymon.sim.gateway import running

BUILT_WITHIN = 500.0  # seconds

pytestmark = pytest.mark.timeout(BUILT_WITHIN + 200)


def test_the_built_program_explains_watches_and_plays(windows: Windows) -> None:
    folder = build(windows)
    program = str(folder / "traymon.exe")

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return windows.finished(["wine", program, *arguments], SLOW * 2)

    explained = run("explain", "wrong-port")
    assert (explained.returncode, explained.stderr) == (0, b"")
    assert "IB_PORT" in explained.stdout.decode("cp1252")
    assert run("demo", "--once", "--no-tray", "--speed", "10").returncode == 0
    with running() as gateway:
        port = "--port", str(gateway.port)
        assert run("check", *port).returncode == 0
        with windows.started_by_explorer(folder / "traymon-tray.exe", *port):
            windows.wait_until_it_shows(GREEN)
            wait_for(lambda: run("status").returncode == 0, "its status", timeout=SLOW)


def build(windows: Windows) -> Path:
    """Build the program and return its folder."""
    made = windows.desktop.folder / "made"
    spec = windows_path(ROOT / "install" / "windows" / "traymon.spec")
    done = windows.finished(
        windows.command(
            *("-m", "PyInstaller", "--noconfirm", spec),
            *("--distpath", windows_path(made), "--workpath", windows_path(made / "work")),
        ),
        BUILT_WITHIN,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    folder = made / "traymon"
    # Windows has it in its own folder; Wine 8 does not, see wine_setup.py
    shutil.copy(windows.setup / "python" / "bcryptprimitives.dll", folder)
    return folder
