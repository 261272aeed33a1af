"""What the setup program and its uninstaller change; with an empty program, which is quick."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.repository import ROOT
from support.setup_program import SetupProgram, build
from support.wine import SLOW, Windows, windows_path

NOTHING_DONE = 2  # exit code
RUN_KEY = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run"

pytestmark = pytest.mark.timeout(600)

# Runs in the Windows Python: folder of the tests, setup, folder.
PATHS = r"""
import atexit, subprocess, sys
TESTS, SETUP, FOLDER = sys.argv[1:]
sys.path.insert(0, TESTS)
from support.user_path import BYTES, EXPAND, TEXT, read, write

atexit.register(write, None)
def install(code=0):
    done = subprocess.run([SETUP, "/S"]).returncode
    assert done == code, (done, read())

def uninstall():
    subprocess.run(FOLDER + r"\uninstall.exe /S _?=" + FOLDER, check=True)

long = ";".join(rf"C:\Überlanger Ordner {number}" for number in range(150))
for before, added, after in (
    (None, FOLDER, None),
    (("", TEXT), FOLDER, None),
    ((r"C:\Tools", TEXT), rf"C:\Tools;{FOLDER}", r"C:\Tools"),
    ((r"%USERPROFILE%\bin;C:\Tools", EXPAND), rf"%USERPROFILE%\bin;C:\Tools;{FOLDER}",
     r"%USERPROFILE%\bin;C:\Tools"),
    ((r"C:\Tools;", EXPAND), rf"C:\Tools;{FOLDER}", r"C:\Tools"),
    ((r"C:\a;;C:\b", TEXT), rf"C:\a;;C:\b;{FOLDER}", r"C:\a;;C:\b"),
    ((long, EXPAND), rf"{long};{FOLDER}", long),
    ((FOLDER + "2", EXPAND), rf"{FOLDER}2;{FOLDER}", FOLDER + "2"),
    ((rf"D:{FOLDER[2:]}", EXPAND), rf"D:{FOLDER[2:]};{FOLDER}", rf"D:{FOLDER[2:]}"),
    ((rf"{FOLDER};C:\b", EXPAND), rf"{FOLDER};C:\b", r"C:\b"),
    ((rf"C:\a;{FOLDER};C:\b", TEXT), rf"C:\a;{FOLDER};C:\b", r"C:\a;C:\b"),
    ((rf"C:\a;{FOLDER.upper()}", EXPAND), rf"C:\a;{FOLDER.upper()}", r"C:\a"),
    ((FOLDER, EXPAND), FOLDER, None),
):
    write(before)
    kind = before[1] if before else EXPAND
    install()
    assert read() == (added, kind), (before, read())
    install()
    assert read() == (added, kind), ("twice", before, read())
    uninstall()
    assert read() == (after and (after, kind)), (before, read())
no_text = (b"C\0:\0", BYTES)
write(no_text)
install(3)
assert read() == no_text
uninstall()
assert read() == no_text
"""


@pytest.fixture
def setup(windows: Windows, tmp_path: Path) -> Iterator[SetupProgram]:
    """A setup program of empty programs."""
    program = tmp_path / "program"
    program.mkdir()
    for name in ("traymon.exe", "traymon-tray.exe"):
        (program / name).write_bytes(b"")
    setup = SetupProgram(windows, build(tmp_path / "made", "--program", str(program)))
    yield setup
    setup.run()
    assert setup.uninstall() == 0


def test_path_gets_the_folder_and_nothing_else_in_it_changes(setup: SetupProgram) -> None:
    folders = windows_path(ROOT / "tests"), windows_path(setup.path), setup.windows_folder
    done = setup.windows.finished(setup.windows.command("-c", PATHS, *folders), 500)
    assert done.returncode == 0, done.stderr.decode(errors="replace")


def test_another_programs_uninstaller_is_neither_run_nor_replaced(setup: SetupProgram) -> None:
    windows = setup.windows
    folder = windows.desktop.folder / "theirs"  # without a space: /D takes no quotation marks
    folder.mkdir()
    theirs = folder / "uninstall.exe"
    shutil.copyfile(windows.setup / "prefix/drive_c/windows/system32/hostname.exe", theirs)
    before = hashes(folder)
    at_login = ["wine", "reg", "add", RUN_KEY, "/v", "traymon", "/d", "as it was", "/f"]
    assert windows.finished(at_login, SLOW).returncode == 0
    try:
        assert setup.run("/AUTOSTART=0", f"/D={windows_path(folder)}") == NOTHING_DONE
        assert hashes(folder) == before
        found = windows.finished(["wine", "reg", "query", RUN_KEY, "/v", "traymon"], SLOW)
        assert b"as it was" in found.stdout
    finally:
        windows.finished(["wine", "reg", "delete", RUN_KEY, "/v", "traymon", "/f"], SLOW)


def hashes(folder: Path) -> dict[str, str]:
    """Return the hash of every file in a folder, by its name."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
