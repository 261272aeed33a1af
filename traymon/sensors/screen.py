"""Looks at the windows on this user's screen, and raises one of them when the user asks for it.

Passive otherwise: reads titles and owners, never contents, and presses nothing. A screen that
hangs is given up after a moment.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

PATIENCE = 3.0  # seconds for a screen that should answer within milliseconds

T = TypeVar("T")
Belongs = Callable[[int], bool]
"""Tells whether the windows of a process, by its ID, are wanted."""


class NoScreen(Exception):
    """The windows cannot be seen, or one of them cannot be raised; the message says why."""


@dataclass(frozen=True, slots=True)
class ScreenWindow:
    """A top-level window that is open, minimised or not."""

    handle: int  # the screen's own number for it
    pid: int
    title: str  # untrusted, at most a kilobyte
    is_dialog: bool  # it belongs to another window


def list_windows(belongs: Belongs) -> Sequence[ScreenWindow]:
    """Return the open windows of the processes that are wanted. Raises NoScreen."""
    if sys.platform == "win32":
        from traymon.sensors import screen_win32

        return screen_win32.list_windows(belongs)
    _require_x11()
    from traymon.sensors import screen_x11

    return screen_x11.list_windows(belongs)


def raise_window(window: ScreenWindow) -> None:
    """Bring a window to the front. Raises NoScreen."""
    if sys.platform == "win32":
        from traymon.sensors import screen_win32

        return screen_win32.raise_window(window)
    _require_x11()
    from traymon.sensors import screen_x11

    return screen_x11.raise_window(window)


def _require_x11() -> None:
    if sys.platform == "darwin":
        raise NoScreen("macOS does not show one program the windows of another")
    if not os.environ.get("DISPLAY"):
        wayland = os.environ.get("WAYLAND_DISPLAY")
        raise NoScreen("Wayland shows no windows to others" if wayland else "no screen here")


class ScreenLook:
    """Runs one look at a time, each in a thread of its own, and waits for it only so long.

    The thread of a look that hangs is left behind: it ends once the screen answers. Until then
    no other look begins.
    """

    def __init__(self) -> None:
        self._thread: threading.Thread | None = None

    def run(self, look: Callable[[], T]) -> T:
        """Return what `look` returns. Raises NoScreen, also if that takes too long."""
        if self._thread is not None and self._thread.is_alive():
            raise NoScreen("the screen does not answer")
        answers: queue.SimpleQueue[T | BaseException] = queue.SimpleQueue()

        def work() -> None:
            try:
                answers.put(look())
            except BaseException as error:  # belongs to the caller
                answers.put(error)

        self._thread = threading.Thread(target=work, name="screen", daemon=True)
        self._thread.start()
        try:
            answer = answers.get(timeout=PATIENCE)
        except queue.Empty:
            raise NoScreen("the screen does not answer") from None
        self._thread.join()
        if isinstance(answer, BaseException):
            raise answer
        return answer
