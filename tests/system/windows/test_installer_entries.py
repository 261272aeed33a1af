"""traymon on the user's PATH and in the Start menu, as the installer puts it there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support.polling import wait_for
from support.repository import ROOT
from support.wine import SLOW, Windows, windows_path

pytestmark = pytest.mark.timeout(300)

BEGIN = f"""
import sys, winreg
import json
from pathlib import Path
from typing import Any
sys.path[:0] = {[windows_path(ROOT / "install"), windows_path(ROOT / "tests")]!r}
import windows_entries as entries
"""
PATH = """
from support.user_path import EXPAND, TEXT, read, write

FOLDER = Path(r"C:\\Users\\J\xf6rg O'Neil\\AppData\\Local\\traymon\\bin")

found = read()
try:
    for before in (
        None,
        ("", TEXT),
        ("", EXPAND),
        (r"C:\\Tools", TEXT),
        (r"%USERPROFILE%\\bin;C:\\Tools", EXPAND),
        (r"C:\\Tools;", EXPAND),
        (r";;C:\\Tools;;", TEXT),
        ('"C:\\\\with ; in it";C:\\\\Tools', TEXT),
        (r"C:\\a;C:\\A;c:\\a\\\\;" + "x" * 3000, EXPAND),
    ):
        write(before)
        entries.add_to_path(FOLDER)
        value, kind = read()
        assert str(FOLDER) in value.split(";"), value
        assert value.startswith(before[0] if before else ""), (before, value)
        assert kind == (before[1] if before else EXPAND), (before, kind)
        entries.add_to_path(FOLDER)
        assert read() == (value, kind)
        entries.remove_from_path(FOLDER)
        assert read() == before, (before, read())
        entries.remove_from_path(FOLDER)
        assert read() == before, (before, read())
    for spelled in (str(FOLDER).upper(), f"{FOLDER}\\\\", f'"{FOLDER}"'):
        before = (f"C:\\\\Tools;{spelled};C:\\\\more", EXPAND)
        write(before)
        entries.add_to_path(FOLDER)
        assert read() == before, (before, read())
        entries.remove_from_path(FOLDER)
        assert read() == (r"C:\\Tools;C:\\more", EXPAND)
finally:
    write(found)
"""


def test_path_gets_the_folder_and_is_left_as_it_was(windows: Windows) -> None:
    done = windows.run("-c", BEGIN + PATH)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_new_terminal_finds_what_lies_in_the_folder_until_it_is_removed(
    windows: Windows,
) -> None:
    folder = windows.folder / "bin"
    folder.mkdir()
    (folder / "traymon.cmd").write_bytes(b"@echo found\r\n")

    def change(call: str) -> None:
        code = f"entries.{call}(Path({windows_path(folder)!r}))"
        done = windows.run("-c", BEGIN + code)
        assert (done.returncode, done.stderr) == (0, b"")

    def is_found() -> bool:
        windows.end()  # so that the next program starts with the environment of the registry
        done = windows.finished(["wine", "cmd", "/c", "traymon"], SLOW)
        return b"found" in done.stdout

    assert not is_found()
    change("add_to_path")
    try:
        assert is_found()
    finally:
        change("remove_from_path")
    assert not is_found()


def test_the_start_menu_starts_it_with_its_settings_and_forgets_it(windows: Windows) -> None:
    written = windows.folder / "written"
    program = windows_path(windows.pythonw)
    script = windows.folder / "écrire.py"
    script.write_text("import sys; open(sys.argv[1], 'w', encoding='utf-8').write(sys.argv[2])")
    icon = windows_path(ROOT / "assets" / "icons" / "traymon.ico")
    arguments = f'"{windows_path(script)}" "{windows_path(written)}" "Jörg\'s Handel"'
    code = f"""
entries.add_to_start_menu(Path({program!r}), "is replaced", Path({icon!r}))
entries.add_to_start_menu(Path({program!r}), {arguments!r}, Path({icon!r}))
print(entries.start_menu_entry())
"""
    done = windows.run("-c", BEGIN + code)
    assert done.returncode == 0, done.stderr  # Wine has words of its own there
    path = done.stdout.decode("cp1252").strip()
    assert path.endswith(r"\Start Menu\Programs\traymon.lnk")
    entry = windows.setup / "prefix" / "drive_c" / Path(path[3:].replace("\\", "/"))
    assert entry.is_file()
    with windows.started_by_explorer(entry):
        wait_for(written.exists, "what the program writes", timeout=SLOW)
        wait_for(lambda: written.read_text() == "Jörg's Handel", "its words", timeout=SLOW)
    remove = "entries.remove_from_start_menu(); entries.remove_from_start_menu()"
    done = windows.run("-c", BEGIN + remove)
    assert (done.returncode, done.stderr) == (0, b"")
    assert not entry.exists()


INSTALL = """
import json, os, shutil
import install, installers

class Fake:
    name, kind = "venv", "private venv"

    def folder(self):
        return installers.data_folder() / "venv"

    def install(self):
        scripts = self.folder() / "Scripts"
        scripts.mkdir(parents=True, exist_ok=True)
        for name in ("traymon.exe", "traymon-tray.exe"):
            shutil.copy(sys.executable, scripts / name)

    def uninstall(self):
        shutil.rmtree(self.folder())

fake = Fake()
install.INSTALLERS = installers.INSTALLERS = (fake,)
install.choose_installer = lambda: fake
code = install.main(sys.argv[1:])
try:
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, "Environment") as key:
        path = winreg.QueryValueEx(key, "Path")[0]
except FileNotFoundError:
    path = ""
left = sorted(os.listdir(p)) if (p := installers.data_folder()).exists() else []
found = {"code": code, "path": path, "left": left}
print("FOUND", json.dumps({**found, "entry": entries.start_menu_entry().exists()}))
"""


def test_installing_adds_both_and_uninstalling_leaves_neither(windows: Windows) -> None:
    def install(*arguments: str) -> tuple[str, dict[str, Any]]:
        done = windows.run("-c", BEGIN + INSTALL, *arguments)
        assert done.returncode == 0, done.stderr
        said, found = done.stdout.decode("cp1252").split("FOUND ")
        return said, json.loads(found)

    before = install("--uninstall")[1]
    assert not before["entry"]
    said, found = install("--no-start-at-login")
    assert "Start it from the Start menu, or open a NEW PowerShell window" in said
    assert found["code"] == 0
    assert found["entry"]
    assert found["path"].endswith(r"\AppData\Local\traymon\bin")
    assert set(found["left"]) >= {"bin", "venv"}
    assert install("--no-start-at-login")[1] == found  # an update
    said, found = install("--uninstall")
    assert found == before
