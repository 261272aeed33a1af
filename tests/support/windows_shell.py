"""Talks to other programs' windows, as Windows' shell does. Run by the Windows Python under Wine.

Prints its answer as JSON:

    windows_shell windows                          every top-level window: class, text, visible
    windows_shell send MESSAGE WPARAM LPARAM       the tray icon's answer to a message
    windows_shell post MESSAGE WPARAM LPARAM       hands the tray icon a message, does not wait
    windows_shell forget                           takes the tray icon away, as a crash does
    windows_shell broadcast NAME                   posts the message of that name to every window
    windows_shell close TEXT                       closes the visible window with that text
"""

from __future__ import annotations

import ctypes
import json
import sys
import time
from ctypes import wintypes

from pystray._util import win32

assert sys.platform == "win32"  # what follows is there alone

USER32 = ctypes.windll.user32
WM_GETTEXT, WM_CLOSE, WM_QUERYOPEN = 0xD, 0x10, 0x13
SMTO_ABORTIFHUNG, PATIENCE = 2, 5000
TEXT_WITHIN = 300  # milliseconds: some programs never look at their windows
BROADCAST = 0xFFFF

USER32.SendMessageTimeoutW.argtypes = [
    *(wintypes.HWND, wintypes.UINT, wintypes.WPARAM, ctypes.c_void_p),
    *(wintypes.UINT, wintypes.UINT, ctypes.POINTER(ctypes.c_size_t)),
]
USER32.GetClassNameW.argtypes = [wintypes.HWND, wintypes.LPWSTR, ctypes.c_int]
USER32.IsWindowVisible.argtypes = [wintypes.HWND]


def windows() -> list[dict[str, object]]:
    found: list[int] = []

    def add(window: int, _: int) -> bool:
        found.append(window)
        return True

    kind = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)
    USER32.EnumWindows(kind(add), 0)
    return [described(window) for window in found]


def described(window: int) -> dict[str, object]:
    name = ctypes.create_unicode_buffer(256)
    USER32.GetClassNameW(window, name, 256)
    text = ctypes.create_unicode_buffer(1024)
    send(window, WM_GETTEXT, 1024, ctypes.addressof(text), TEXT_WITHIN)
    visible = bool(USER32.IsWindowVisible(window))
    return {"window": window, "class": name.value, "text": text.value, "visible": visible}


def send(
    window: int, message: int, wparam: int, lparam: int, patience: int = PATIENCE
) -> int | None:
    """Return the answer, None where there was none in so many milliseconds."""
    answer = ctypes.c_size_t()
    heard = USER32.SendMessageTimeoutW(
        *(window, message, wparam, lparam, SMTO_ABORTIFHUNG, patience, ctypes.byref(answer))
    )
    return answer.value if heard else None


def icon() -> int:
    """Return the window of the tray icon: pystray makes two, of which the other is the menu's.

    That one answers as windows do by default: yes to the question whether it may be opened.
    """
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline:  # a young desktop does not yet list all its windows
        for window in windows():
            if "SystemTrayIcon" in str(window["class"]):
                handle = int(str(window["window"]))
                if send(handle, WM_QUERYOPEN, 0, 0) == 0:
                    return handle
        time.sleep(0.1)
    raise LookupError("no tray icon")


def main(verb: str, *words: str) -> object:
    if verb == "windows":
        return windows()
    if verb == "broadcast":
        return bool(win32.PostMessage(BROADCAST, win32.RegisterWindowMessage(words[0]), 0, 0))
    if verb == "forget":
        data = win32.NOTIFYICONDATAW(cbSize=ctypes.sizeof(win32.NOTIFYICONDATAW), hWnd=icon())
        return bool(win32.Shell_NotifyIcon(win32.NIM_DELETE, data))
    if verb == "close":
        shown = [w for w in windows() if w["text"] == words[0] and w["visible"]]
        return any(win32.PostMessage(int(str(w["window"])), WM_CLOSE, 0, 0) for w in shown)
    numbers = [int(word, 0) for word in words]
    if verb == "send":
        return send(icon(), *numbers)
    return bool(win32.PostMessage(icon(), *numbers))


if __name__ == "__main__":
    print(json.dumps(main(*sys.argv[1:])))
