"""pystray's icon for Windows, fixed.

pystray 0.19.5 refuses to let the session end, keeps Python from ever running a signal handler,
does not notice when the shell refuses its icon, ignores clicks on balloons, destroys a menu that
is open, and draws the icon at the wrong size through a file. Here only the loop's own thread talks
to the shell; other threads post jobs to it.
"""

from __future__ import annotations

import ctypes
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pystray
from pystray._util import win32

from traymon.core.vocabulary import Light
from traymon.ui import icons
from traymon.ui.notification_text import NotificationText
from traymon.ui.tray.balloon_keys import BalloonKeys

log = logging.getLogger(__name__)

# winuser.h
WM_QUERYENDSESSION, WM_ENDSESSION, WM_TIMER, WM_DPICHANGED = 0x11, 0x16, 0x113, 0x2E0
WM_JOBS = 0x8000  # WM_APP: the first number for a program's own messages
SM_CXICON, SM_CXSMICON = 11, 49
PER_MONITOR_AWARE_V2 = -4  # windef.h, DPI_AWARENESS_CONTEXT_PER_MONITOR_AWARE_V2
# shellapi.h
NIN_BALLOONSHOW, NIN_BALLOONHIDE, NIN_BALLOONTIMEOUT, NIN_BALLOONUSERCLICK = range(0x402, 0x406)
NIIF_USER, NIIF_LARGE_ICON = 0x4, 0x20

TICK, RETRY = 1, 2  # the IDs of our timers
TICK_INTERVAL = 500  # milliseconds; Ctrl-C is handled at a tick
RETRY_INTERVAL = 1000  # milliseconds; at login the shell starts slowly
ICON_VERSION = 0x00030000  # the only one that CreateIconFromResourceEx accepts
DOCK_TIMEOUT = 5.0  # seconds for the icon to appear before a balloon


class WindowsIcon(pystray.Icon):  # type: ignore[misc]
    """An icon in the notification area, with a menu and balloons.

    `light`, `rimmed` and `marked` are what is drawn, at the size that the shell wants.
    """

    light = Light.GREY
    rimmed = False
    marked = False
    has_balloons = True
    _icon_handle: int | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._jobs: deque[Callable[[], None]] = deque()
        self._user32: Any = getattr(ctypes, "windll").user32  # noqa: B009  (mypy: Windows only)
        self._declare()
        self.on_session_end: Callable[[], None] = lambda: None
        self.on_balloon_click: Callable[[str], None] = lambda key: None
        self._balloon_keys = BalloonKeys()
        self._docked = threading.Event()
        self._in_menu = self._menu_is_old = False
        self._balloon_icon: int | None = None
        super().__init__(*args, **kwargs)
        self._message_handlers |= {
            WM_JOBS: self._on_jobs,
            WM_TIMER: self._on_timer,
            WM_QUERYENDSESSION: lambda wparam, lparam: 1,
            WM_ENDSESSION: self._on_end_session,
            WM_DPICHANGED: self._on_display_change,
        }

    def _declare(self) -> None:
        """Declare handles, which ctypes would cut to 32 bits, and ask for unscaled pixels."""
        user32 = self._user32
        handle, number = ctypes.c_void_p, ctypes.c_uint
        user32.CreateIconFromResourceEx.restype = handle
        user32.CreateIconFromResourceEx.argtypes = [
            *(ctypes.c_char_p, number, ctypes.c_int, number),
            *(ctypes.c_int, ctypes.c_int, number),
        ]
        user32.SetTimer.argtypes = [handle, handle, number, handle]
        user32.KillTimer.argtypes = [handle, handle]
        if hasattr(user32, "SetProcessDpiAwarenessContext"):  # Windows 10 1703
            user32.SetProcessDpiAwarenessContext(handle(PER_MONITOR_AWARE_V2))
        else:
            user32.SetProcessDPIAware()

    @property
    def has_host(self) -> bool:
        """Whether the shell shows the icon. To be read in a posted job."""
        return self._docked.is_set()

    # --- one thread talks to the shell

    def post(self, job: Callable[[], None]) -> None:
        """Run `job` on the icon's loop. From any thread or signal handler; never blocks.

        Does nothing once the loop has ended.
        """
        self._jobs.append(job)
        if self._hwnd is not None:
            win32.PostMessage(self._hwnd, WM_JOBS, 0, 0)

    def _on_jobs(self, wparam: int, lparam: int) -> None:
        while self._jobs:
            job = self._jobs.popleft()
            try:
                job()
            except Exception:
                log.exception("a job of the tray icon failed; the icon goes on")

    def _mark_ready(self) -> None:
        self._user32.SetTimer(self._hwnd, TICK, TICK_INTERVAL, None)
        super()._mark_ready()
        win32.PostMessage(self._hwnd, WM_JOBS, 0, 0)  # those posted before the window

    def _on_timer(self, wparam: int, lparam: int) -> None:
        """Retry the icon. Any timer also lets Python run its signal handlers."""
        if wparam == RETRY:
            self._show()

    def _on_end_session(self, wparam: int, lparam: int) -> None:
        if wparam:  # the process may be ended as soon as this returns
            self.on_session_end()

    # --- the icon: shown whenever there is a shell, at the size that the shell wants

    def _message(self, code: int, flags: int, **values: Any) -> bool:
        """Send a message to the shell; return whether it accepted it."""
        data = win32.NOTIFYICONDATAW(
            cbSize=ctypes.sizeof(win32.NOTIFYICONDATAW), hWnd=self._hwnd, uFlags=flags, **values
        )
        return bool(win32.Shell_NotifyIcon(code, data))

    def _show(self) -> None:
        """Add the icon; retry while the shell refuses, as at login or after a crash."""
        if not self._icon_handle:
            self._icon_handle = self._load(self.light, SM_CXSMICON, self.rimmed, self.marked)
        if self._message(
            win32.NIM_ADD,
            win32.NIF_MESSAGE | win32.NIF_ICON | win32.NIF_TIP,
            uCallbackMessage=win32.WM_NOTIFY,
            hIcon=self._icon_handle,
            szTip=self.title,
        ):
            self._docked.set()
            self._user32.KillTimer(self._hwnd, RETRY)
        else:
            log.info("the shell has not taken the icon; trying again")
            self._user32.SetTimer(self._hwnd, RETRY, RETRY_INTERVAL, None)

    def _change(self, flags: int, **values: Any) -> None:
        """Change the icon; add it again if the shell has lost it."""
        if self.has_host and not self._message(win32.NIM_MODIFY, flags, **values):
            self._docked.clear()
            self._show()

    def _update_icon(self) -> None:
        # before the old one is released
        fresh = self._load(self.light, SM_CXSMICON, self.rimmed, self.marked)
        self._release_icon()
        self._icon_handle, self._icon_valid = fresh, True
        self._change(win32.NIF_ICON, hIcon=fresh)

    def _update_title(self) -> None:
        self._change(win32.NIF_TIP, szTip=self.title)

    def _on_taskbarcreated(self, wparam: int, lparam: int) -> None:
        self._docked.clear()  # this is a new shell
        super()._on_taskbarcreated(wparam, lparam)

    def _on_display_change(self, wparam: int, lparam: int) -> None:
        if self.visible:
            self._update_icon()

    def _load(self, light: Light, metric: int, rimmed: bool = False, marked: bool = False) -> int:
        """Return a handle to the light's picture, at the size that the shell wants."""
        size = self._pixels(metric)
        bits = icons.windows_bits(light, size, rimmed, marked)
        made = self._user32.CreateIconFromResourceEx(
            bits, len(bits), True, ICON_VERSION, size, size, 0
        )
        if not made:
            raise OSError("Windows made no icon")
        return int(made)

    def _pixels(self, metric: int) -> int:
        if hasattr(self._user32, "GetSystemMetricsForDpi"):  # Windows 10 1607
            dpi = self._user32.GetDpiForWindow(ctypes.c_void_p(self._hwnd))
            if dpi:
                return int(self._user32.GetSystemMetricsForDpi(metric, dpi))
        return int(self._user32.GetSystemMetrics(metric))

    # --- balloons: only the one on the screen can be clicked

    def balloon(self, key: str, text: NotificationText, light: Light) -> Future[str]:
        """Show a notification; a click on it reports its key. Not from the loop's own thread.

        Waits some seconds for the icon to appear first. The future fails if the shell refuses.
        """
        self._docked.wait(DOCK_TIMEOUT)
        taken: Future[str] = Future()

        def show() -> None:
            try:
                if not self._balloon(text, light):
                    raise OSError("the notification area does not take it")
                self._balloon_keys.sent(key, time.monotonic())
                taken.set_result("")
            except Exception as error:  # whatever it is, whoever waits must hear of it
                taken.set_exception(error)

        self.post(show)
        return taken

    def _balloon(self, text: NotificationText, light: Light) -> bool:
        before, self._balloon_icon = self._balloon_icon, self._load(light, SM_CXICON)
        taken = self.has_host and self._message(
            win32.NIM_MODIFY,
            win32.NIF_INFO,
            szInfo=text.body,
            szInfoTitle=text.title,
            dwInfoFlags=NIIF_USER | NIIF_LARGE_ICON,
            hBalloonIcon=self._balloon_icon,
        )
        if before is not None:
            win32.DestroyIcon(before)
        return taken

    def clear_balloon(self, key: str | None) -> None:
        """Take the key's balloon away, or whose ever it is. To be posted as a job."""
        if self._balloon_keys.is_reachable(key):
            self._change(win32.NIF_INFO, szInfo="", szInfoTitle="", dwInfoFlags=0)

    def _on_notify(self, wparam: int, lparam: int) -> None:
        if lparam == NIN_BALLOONSHOW:
            self._balloon_keys.appeared()
            return
        if lparam == NIN_BALLOONUSERCLICK:
            self.on_balloon_click(self._balloon_keys.clicked)
        if lparam in (NIN_BALLOONHIDE, NIN_BALLOONTIMEOUT, NIN_BALLOONUSERCLICK):
            self._balloon_keys.left(time.monotonic())
            return
        self._in_menu = lparam == win32.WM_RBUTTONUP
        try:
            super()._on_notify(wparam, lparam)
        finally:
            self._in_menu = False
            if self._menu_is_old:
                self._update_menu()

    # --- the menu, which must not be destroyed while it is open

    def _update_menu(self) -> None:
        self._menu_is_old = self._in_menu
        if not self._in_menu:
            super()._update_menu()
