"""The windows of a Windows desktop, by the functions of user32.

Reads the titles that Windows keeps itself, so that a program that hangs delays nothing.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import PureWindowsPath
from typing import Any

from traymon.sensors.screen import Belongs, NoScreen, ScreenWindow

MAX_TITLE = 512  # characters
MAX_PATH = 32_768
OWNER = 4  # GetWindow: the window to which a dialog belongs
RESTORE = 9  # ShowWindow
TOPMOST, NOT_TOPMOST = -1, -2  # SetWindowPos
KEEP_SIZE, KEEP_PLACE, NOT_ACTIVE, WITHOUT_WAITING = 0x1, 0x2, 0x10, 0x4000
QUERY_LIMITED_INFORMATION = 0x1000


def list_windows(belongs: Belongs) -> Sequence[ScreenWindow]:
    """Return the open windows of the processes that are wanted. Raises NoScreen."""
    user32 = _library("user32")
    handles: list[int] = []

    def add(handle: int | None, _: int) -> bool:
        handles.append(handle or 0)
        return True

    kind = getattr(ctypes, "WINFUNCTYPE")  # noqa: B009  (mypy: Windows only)
    callback = kind(ctypes.c_int, ctypes.c_void_p, ctypes.c_ssize_t)(add)
    if not user32.EnumWindows(callback, 0):
        raise NoScreen("Windows does not list its windows")
    return [window for handle in handles if (window := _read(user32, handle, belongs))]


def _read(user32: Any, handle: int, belongs: Belongs) -> ScreenWindow | None:
    window, pid = ctypes.c_void_p(handle), ctypes.c_ulong()
    if not user32.IsWindowVisible(window):
        return None
    user32.GetWindowThreadProcessId(window, ctypes.byref(pid))
    if not belongs(pid.value):
        return None
    title = ctypes.create_unicode_buffer(MAX_TITLE)
    user32.GetWindowTextW(window, title, MAX_TITLE)
    user32.GetWindow.restype = ctypes.c_void_p
    is_dialog = bool(user32.GetWindow(window, OWNER))
    return ScreenWindow(handle, pid.value, title.value, is_dialog)


def raise_window(window: ScreenWindow) -> None:
    """Bring a window to the front. Raises NoScreen.

    Windows gives the keyboard's focus only to a program that the user is working with. Without
    it the window is put above the others, and its button in the taskbar flashes.
    """
    user32, handle = _library("user32"), ctypes.c_void_p(window.handle)
    if not user32.IsWindow(handle):
        raise NoScreen("the window is gone")
    if user32.IsIconic(handle):
        user32.ShowWindowAsync(handle, RESTORE)
    if user32.SetForegroundWindow(handle):
        return
    flags = KEEP_SIZE | KEEP_PLACE | NOT_ACTIVE | WITHOUT_WAITING
    for place in (TOPMOST, NOT_TOPMOST):
        if not user32.SetWindowPos(handle, ctypes.c_void_p(place), 0, 0, 0, 0, flags):
            raise NoScreen("Windows does not bring it to the front")


def program_name(pid: int) -> str:
    """Return the file name of a process's program: `ibgateway.exe`; "" if Windows hides it."""
    kernel32 = _library("kernel32")
    kernel32.OpenProcess.restype = ctypes.c_void_p
    process = ctypes.c_void_p(kernel32.OpenProcess(QUERY_LIMITED_INFORMATION, False, pid))
    if not process:
        return ""
    try:
        path = ctypes.create_unicode_buffer(MAX_PATH)
        length = ctypes.c_ulong(MAX_PATH)
        found = kernel32.QueryFullProcessImageNameW(process, 0, path, ctypes.byref(length))
        return PureWindowsPath(path.value).name if found else ""
    finally:
        kernel32.CloseHandle(process)


def _library(name: str) -> Any:
    return getattr(ctypes, "WinDLL")(name)  # noqa: B009  (mypy: Windows only)
