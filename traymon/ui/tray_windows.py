"""pystray's icon for Windows, mended.

pystray 0.19.5 answers "may the session end?" with no, and its message loop keeps Python from ever
running a signal handler.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import pystray

from traymon.model import Light

WM_ENDSESSION, WM_QUERYENDSESSION = 0x16, 0x11
TICK = 500  # milliseconds in which Ctrl-C is noticed


class WindowsIcon(pystray.Icon):  # type: ignore[misc]
    """An icon in the notification area, with a menu."""

    light = Light.GREY
    rimmed = False
    has_host = True  # Windows brings the icon back by itself after an Explorer restart

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._message_handlers[WM_QUERYENDSESSION] = lambda wparam, lparam: 1
        self._message_handlers[WM_ENDSESSION] = self._on_end_session

    def post(self, job: Callable[[], None]) -> None:
        """Run `job` here and now: Windows takes icon and title from any thread."""
        job()

    def _mark_ready(self) -> None:
        windll: Any = getattr(ctypes, "windll")  # noqa: B009  (mypy knows it on Windows only)
        windll.user32.SetTimer(ctypes.c_void_p(self._hwnd), 1, TICK, None)
        super()._mark_ready()

    def _on_end_session(self, wparam: int, lparam: int) -> int:
        if wparam:
            self.stop()
        return 0
