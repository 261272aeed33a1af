"""PATH after the setup program and after its uninstaller; with an empty program, which is quick."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.setup_program import SetupProgram, build
from support.wine import Windows, windows_path

pytestmark = pytest.mark.timeout(600)

# Runs in the Windows Python: setup, uninstaller, folder.
PATHS = r"""
import subprocess, sys, winreg
SETUP, FOLDER = sys.argv[1:]
TEXT, EXPAND = winreg.REG_SZ, winreg.REG_EXPAND_SZ

def read():
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, "Environment") as key:
        try:
            return winreg.QueryValueEx(key, "Path")
        except FileNotFoundError:
            return None

def write(before):
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, "Environment") as key:
        if before is None:
            if read() is not None:
                winreg.DeleteValue(key, "Path")
        else:
            winreg.SetValueEx(key, "Path", 0, before[1], before[0])

def install():
    subprocess.run([SETUP, "/S"], check=True)

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
write(None)
"""


def test_path_gets_the_folder_and_nothing_else_in_it_changes(
    windows: Windows, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.mkdir()
    for name in ("traymon.exe", "traymon-tray.exe"):
        (program / name).write_bytes(b"")
    setup = SetupProgram(windows, build(tmp_path / "made", "--program", str(program)))
    try:
        done = windows.finished(
            windows.command("-c", PATHS, windows_path(setup.path), setup.windows_folder), 500
        )
        assert (done.returncode, done.stderr) == (0, b"")
    finally:
        setup.run()
        assert setup.uninstall() == 0
