"""The setup program for Windows, and what it leaves in the Windows under Wine."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from support.repository import ROOT
from support.wine import SLOW, Windows

BUILD = ROOT / "install" / "windows" / "build.py"
NOT_OURS_IN_REGISTRY = re.compile(
    r"^\[Console|MenuOrder|Shell Folders|\\\\Wine|RecentDocs|Sessions"
)
BUILT_WITHIN, INSTALLED_WITHIN = 900.0, 240.0  # seconds; both take all of a busy core
# What Windows, Wine or NSIS itself notes and leaves; no part of it is traymon's.
NOT_OURS = re.compile(
    r"drive_c/users/[^/]+/(?:AppData/Local/(?:Temp|Programs$|traymon)|AppData/Roaming/wine)"
    r"|\.update-timestamp|^system\.reg$|^userdef\.reg$|^user\.reg$|drive_c/windows/temp"
)


def build(folder: Path, *options: str) -> Path:
    """Run build.py, which packs quickly; return the path of what it has made."""
    done = subprocess.run(
        [sys.executable, str(BUILD), "--folder", str(folder), "--quick", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILT_WITHIN,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return Path(done.stdout.strip())


class SetupProgram:
    """A setup program and the folder that it installs into, for one Windows."""

    def __init__(self, windows: Windows, path: Path) -> None:
        self.windows = windows
        self.path = path
        self.folder = windows.home / "AppData" / "Local" / "Programs" / "traymon"
        programs = "AppData/Roaming/Microsoft/Windows/Start Menu/Programs"
        self.menu_entry = windows.home / programs / "traymon.lnk"

    def run(self, *options: str) -> int:
        """Run it without a window; return its exit code."""
        command = ["wine", str(self.path), "/S", *options]
        return self.windows.finished(command, INSTALLED_WITHIN).returncode

    def uninstall(self, *options: str) -> int:
        """Run the uninstaller where it is, so that it can be waited for; return its exit code."""
        where = rf"_?={self.windows_folder}"
        program = str(self.folder / "uninstall.exe")
        command = ["wine", program, "/S", *options, where]
        code = self.windows.finished(command, INSTALLED_WITHIN).returncode
        if code == 0:  # what runs cannot remove itself; without `_?=` a copy would do it
            (self.folder / "uninstall.exe").unlink()
            if not any(self.folder.iterdir()):
                self.folder.rmdir()
        return code

    @property
    def windows_folder(self) -> str:
        """The folder as programs under Wine know it."""
        inside = self.folder.relative_to(self.windows.setup / "prefix" / "drive_c")
        return "C:\\" + str(inside).replace("/", "\\")

    def traymon(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """Run a command of the installed traymon to its end."""
        program = str(self.folder / "traymon.exe")
        return self.windows.finished(["wine", program, *arguments], SLOW * 2)


def files(windows: Windows) -> dict[str, str]:
    """Return the hash of every file of this Windows, by its path; folders have none."""
    prefix = windows.setup / "prefix"
    found: dict[str, str] = {}
    for path in prefix.rglob("*"):
        name = path.relative_to(prefix).as_posix()
        if NOT_OURS.search(name) or path.is_symlink():
            continue
        found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
    return found


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the paths of the files that were added, removed or changed."""
    return sorted({name for name, _ in before.items() ^ after.items()})


def registry(windows: Windows) -> list[str]:
    """Return what the user's registry says, without the notes that Windows makes for itself."""
    windows.end()  # it is written at the end
    text = (windows.setup / "prefix" / "user.reg").read_text(encoding="utf-8", errors="replace")
    sections: list[str] = []
    for section in text.split("\n\n"):
        name, *values = section.strip().splitlines()
        kept = [line for line in values if not line.startswith("#")]
        if kept and not NOT_OURS_IN_REGISTRY.search(name):
            sections.append("\n".join([name.rpartition("]")[0], *kept]))
    return sorted(sections)
