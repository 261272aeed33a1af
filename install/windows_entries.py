"""Puts traymon on the user's PATH and into the Start menu of Windows, and takes it out again.

Must change nothing else: neither other entries of PATH nor how they are written.
"""

import ctypes
import os
import shutil
import subprocess
import sys
import winreg
from pathlib import Path
from uuid import UUID

from environment import ROOT
from installers import data_folder, remove_tree

assert sys.platform == "win32"  # mypy skips the rest on other platforms

ENVIRONMENT = "Environment"  # a key of HKEY_CURRENT_USER
WINDOWS_THAT_HANG_ARE_LEFT_OUT, BROADCAST, SETTING_CHANGED = 2, 0xFFFF, 0x001A
BROADCAST_TIMEOUT = 2000  # milliseconds for each window

PROGRAMS_FOLDER = 2  # CSIDL_PROGRAMS: the user's Start menu
SHELL_LINK = UUID("{00021401-0000-0000-C000-000000000046}")
I_SHELL_LINK = UUID("{000214F9-0000-0000-C000-000000000046}")  # IShellLinkW
I_PERSIST_FILE = UUID("{0000010B-0000-0000-C000-000000000046}")
IN_PROCESS = 1
# Positions in the tables of methods, as ShObjIdl_core.h and ObjIdl.h order them.
QUERY_INTERFACE, RELEASE = 0, 2
SET_DESCRIPTION, SET_FOLDER, SET_ARGUMENTS, SET_ICON, SET_PATH = 7, 9, 11, 17, 20
SAVE = 6


def add_entries(command: Path, settings: "Path | None") -> None:
    """Make an installed command be found; an update without settings leaves those of the entry."""
    folder = programs_folder()
    folder.mkdir(parents=True, exist_ok=True)
    tray, icon = folder / "traymon-tray.exe", folder / "traymon.ico"
    for program in (command, command.with_name(tray.name)):
        shutil.copy(str(program), str(folder))  # a launcher names its Python, wherever it lies
    shutil.copy(str(ROOT / "assets" / "icons" / icon.name), str(icon))
    add_to_path(folder)
    if settings or not start_menu_entry().exists():
        options = ["--env", str(settings.absolute())] if settings else []
        add_to_start_menu(tray, subprocess.list2cmdline(options), icon)


def remove_entries() -> None:
    """Undo what `add_entries` did."""
    remove_from_path(programs_folder())
    remove_from_start_menu()
    if programs_folder().exists():
        remove_tree(programs_folder())


def programs_folder() -> Path:
    """Return the folder for PATH. The environment's own has a python.exe, which must not be."""
    return data_folder() / "bin"


# --- PATH


def add_to_path(folder: Path) -> None:
    """Append the folder to the user's PATH, unless it is there; tell programs that start others.

    Terminals that are open keep the PATH that they were started with.
    """
    value, kind = _read_path()
    if any(_is_same(entry, folder) for entry in (value or "").split(";")):
        return
    # The end is written such that `remove_from_path` can restore what was there before.
    if value is None:
        _write_path(str(folder), kind)
    elif not value or value.endswith(";"):
        _write_path(f"{value}{folder};", kind)
    else:
        _write_path(f"{value};{folder}", kind)


def remove_from_path(folder: Path) -> None:
    """Remove the folder from the user's PATH; everything else there stays as it is written."""
    value, kind = _read_path()
    entries = (value or "").split(";")
    kept = [entry for entry in entries if not _is_same(entry, folder)]
    if kept != entries:
        _write_path(";".join(kept) if kept else None, kind)


def _is_same(entry: str, folder: Path) -> bool:
    path = winreg.ExpandEnvironmentStrings(entry.strip().strip('"'))
    return bool(path) and os.path.normcase(os.path.normpath(path)) == os.path.normcase(folder)


def _read_path() -> "tuple[str | None, int]":
    """Return the user's PATH as it is written, or None, and the kind of its value."""
    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, ENVIRONMENT) as key:
        try:
            value, kind = winreg.QueryValueEx(key, "Path")
        except FileNotFoundError:
            return None, winreg.REG_EXPAND_SZ
    if not isinstance(value, str):
        raise OSError(0, "it is not text", rf"HKCU\{ENVIRONMENT}\Path")
    return value, kind


def _write_path(value: "str | None", kind: int) -> None:
    access = winreg.KEY_SET_VALUE
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, ENVIRONMENT, 0, access) as key:
        if value is None:
            winreg.DeleteValue(key, "Path")
        else:
            winreg.SetValueEx(key, "Path", 0, kind, value)
    ctypes.windll.user32.SendMessageTimeoutW(
        *(BROADCAST, SETTING_CHANGED, None, ctypes.c_wchar_p(ENVIRONMENT)),
        *(WINDOWS_THAT_HANG_ARE_LEFT_OUT, BROADCAST_TIMEOUT, None),
    )


# --- the Start menu


def start_menu_entry() -> Path:
    """Return the file that is traymon's entry in the user's Start menu."""
    folder = ctypes.create_unicode_buffer(260)
    ctypes.oledll.shell32.SHGetFolderPathW(None, PROGRAMS_FOLDER, None, 0, folder)
    return Path(folder.value, "traymon.lnk")


def add_to_start_menu(program: Path, arguments: str, icon: Path) -> None:
    """Make or replace traymon's entry. Raises OSError."""
    entry = start_menu_entry()
    entry.parent.mkdir(parents=True, exist_ok=True)
    ole = ctypes.oledll.ole32
    ole.CoInitialize(None)
    link, file = ctypes.c_void_p(), ctypes.c_void_p()
    try:
        ole.CoCreateInstance(
            *(_guid(SHELL_LINK), None, IN_PROCESS, _guid(I_SHELL_LINK), ctypes.byref(link))
        )
        _call(link, SET_PATH, ctypes.c_wchar_p(str(program)))
        _call(link, SET_ARGUMENTS, ctypes.c_wchar_p(arguments))
        _call(link, SET_FOLDER, ctypes.c_wchar_p(os.path.expanduser("~")))
        _call(link, SET_DESCRIPTION, ctypes.c_wchar_p("Monitors the API of TWS / IB Gateway"))
        _call(link, SET_ICON, ctypes.c_wchar_p(str(icon)), ctypes.c_int(0))
        _call(link, QUERY_INTERFACE, _guid(I_PERSIST_FILE), ctypes.byref(file))
        _call(file, SAVE, ctypes.c_wchar_p(str(entry)), ctypes.c_int(1))
    finally:
        for interface in (file, link):
            if interface:
                _release(interface)
        ole.CoUninitialize()


def remove_from_start_menu() -> None:
    """Remove traymon's entry, if there is one."""
    start_menu_entry().unlink(missing_ok=True)


def _guid(name: UUID) -> "ctypes.Array[ctypes.c_char]":
    return ctypes.create_string_buffer(name.bytes_le, 16)


def _call(interface: ctypes.c_void_p, position: int, *arguments: object) -> None:
    """Call a COM method by its position. Raises OSError if it fails."""
    kinds = [ctypes.c_void_p, *(_kind(argument) for argument in arguments)]
    method = ctypes.WINFUNCTYPE(ctypes.HRESULT, *kinds)
    method(_address(interface, position))(interface, *arguments)


def _kind(argument: object) -> type:
    is_plain = isinstance(argument, ctypes.c_wchar_p | ctypes.c_int)
    return type(argument) if is_plain else ctypes.c_void_p


def _release(interface: ctypes.c_void_p) -> None:
    ctypes.WINFUNCTYPE(ctypes.c_ulong, ctypes.c_void_p)(_address(interface, RELEASE))(interface)


def _address(interface: ctypes.c_void_p, position: int) -> int:
    """Return the address of a method, from the table that an interface begins with."""
    table = ctypes.cast(interface, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p))).contents
    address: int = table[position]
    return address
