"""The windows of an X11 screen; on Wayland, those of programs that use X11, as Java does.

Opens a connection for each look and closes it. Works with and without a window manager.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any

from Xlib import X, xauth
from Xlib.error import (
    ConnectionClosedError,
    DisplayError,
    XauthError,
    XError,
    XNoAuthError,
)
from Xlib.protocol import request
from Xlib.protocol.display import Display
from Xlib.protocol.event import ClientMessage
from Xlib.xobject.drawable import Window

from traymon.sensors.screen import Belongs, NoScreen, ScreenWindow

log = logging.getLogger(__name__)
xauth.print = log.debug  # it would print warnings, and a command's output is its own

MAX_WORDS = 1024  # of four bytes, that are read of a property
MAX_DEPTH = 3  # how deep below the screen's root a window manager may put a window
ICONIC = 3  # WM_STATE of a window that is minimised
ASKED_BY_USER = 2  # source of an _NET_ACTIVE_WINDOW request
GONE_WRONG = (
    *(ConnectionClosedError, DisplayError, XauthError, XNoAuthError, XError),
    *(OSError, AssertionError),  # the library asserts what it expects of a server
)


def list_windows(belongs: Belongs) -> Sequence[ScreenWindow]:
    """Return the open windows of the processes that are wanted. Raises NoScreen."""
    with _screen() as screen:
        return [seen for window in screen.top_windows() if (seen := screen.read(window, belongs))]


def raise_window(window: ScreenWindow) -> None:
    """Ask the window manager to bring a window to the front; without one, do it. Raises NoScreen.

    The request says that the user has asked for it, so that it is not taken for a stolen focus.
    """
    with _screen() as screen:
        screen.activate(window.handle)


class _Connection(Display):  # type: ignore[misc]
    """A connection without extensions, for two reasons.

    The library keeps the extensions' numbers for the whole process, so that it fails with the
    second of two X servers; and loading them takes longer than a look.
    """

    resource_classes: Mapping[str, type] = MappingProxyType({"window": Window})

    def __init__(self) -> None:
        super().__init__()
        self.set_error_handler(lambda error, _: log.debug("%s", error))  # it would print it
        self._atoms: dict[str, int] = {}

    def atom(self, name: str) -> int:
        """Return the server's number for a name."""
        if name not in self._atoms:
            answer = request.InternAtom(display=self, name=name, only_if_exists=False)
            self._atoms[name] = answer.atom
        return self._atoms[name]

    def wait_until_done(self) -> None:
        """Wait until the server has done what was asked; `close` may leave something unsent."""
        request.GetInputFocus(display=self)


@contextmanager
def _screen() -> Iterator[_Screen]:
    try:
        display = _Connection()
    except GONE_WRONG as error:
        raise NoScreen("the screen cannot be reached") from error
    try:
        yield _Screen(display)
        display.wait_until_done()
    except GONE_WRONG as error:
        raise NoScreen("the screen is gone, or the window is") from error
    finally:
        with suppress(*GONE_WRONG):  # it is closed then
            display.close()


class _Screen:
    """One connection to the X server. A window that vanishes meanwhile is no window."""

    def __init__(self, display: _Connection) -> None:
        self._display = display
        self._roots = [screen.root for screen in display.info.roots]
        self._host = socket.gethostname().partition(".")[0].lower()

    def top_windows(self) -> Iterator[Any]:
        """Yield the windows of programs: as the window manager lists them, else all of them."""
        for root in self._roots:
            managed = self._managed_windows(root)
            if managed is None:
                yield from self._open_windows_below(root, MAX_DEPTH)
            else:
                yield from (Window(self._display, handle) for handle in managed)

    def _managed_windows(self, root: Any) -> Sequence[int] | None:
        """Return the window manager's list; None without a window manager that keeps one."""
        manager = self._numbers(root, "_NET_SUPPORTING_WM_CHECK")
        if not manager:
            return None
        check = Window(self._display, manager[0])
        if self._numbers(check, "_NET_SUPPORTING_WM_CHECK") != manager:
            return None  # what an earlier one left behind
        return self._numbers(root, "_NET_CLIENT_LIST")

    def _open_windows_below(self, parent: Any, depth: int) -> Iterator[Any]:
        try:
            children = parent.query_tree().children
        except XError:
            return
        for window in children:
            if self._numbers(window, "_NET_WM_PID"):
                if self._is_open(window):
                    yield window
            elif depth > 1:
                yield from self._open_windows_below(window, depth - 1)

    def _is_open(self, window: Any) -> bool:
        try:
            attributes = window.get_attributes()
        except XError:
            return False
        if attributes.override_redirect:  # a menu or a tooltip
            return False
        state = self._numbers(window, "WM_STATE") or [X.NONE]
        return attributes.map_state != X.IsUnmapped or state[0] == ICONIC

    def read(self, window: Any, belongs: Belongs) -> ScreenWindow | None:
        """Return a window; None if it is not wanted, or gone."""
        pid = self._numbers(window, "_NET_WM_PID")
        # the number is that of the program's own computer
        if not pid or not self._is_from_here(window) or not belongs(pid[0]):
            return None
        title = self._text(window, "_NET_WM_NAME") or self._text(window, "WM_NAME")
        if title is None or _is_helper(title):
            return None
        types = self._numbers(window, "_NET_WM_WINDOW_TYPE") or []
        is_dialog = (
            self._numbers(window, "WM_TRANSIENT_FOR") is not None
            or self._display.atom("_NET_WM_WINDOW_TYPE_DIALOG") in types
        )
        return ScreenWindow(window.id, pid[0], title, is_dialog)

    def _is_from_here(self, window: Any) -> bool:
        machine = self._text(window, "WM_CLIENT_MACHINE")
        return not machine or machine.partition(".")[0].lower() in (self._host, "localhost")

    def activate(self, handle: int) -> None:
        """Bring a window to the front."""
        window = Window(self._display, handle)
        root = window.query_tree().root
        activate = self._display.atom("_NET_ACTIVE_WINDOW")
        if activate in (self._numbers(root, "_NET_SUPPORTED") or ()):
            message = ClientMessage(
                window=window,
                client_type=activate,
                data=(32, [ASKED_BY_USER, X.CurrentTime, 0, 0, 0]),
            )
            mask = X.SubstructureRedirectMask | X.SubstructureNotifyMask
            root.send_event(message, event_mask=mask)
        else:
            window.map()
            window.configure(stack_mode=X.Above)

    def _numbers(self, window: Any, name: str) -> Sequence[int] | None:
        value = self._property(window, name)
        return None if value is None or value.format != 32 else [*value.value]

    def _text(self, window: Any, name: str) -> str | None:
        value = self._property(window, name)
        if value is None or value.format != 8:
            return None
        latin = self._display.atom("STRING")
        encoding = "latin-1" if value.property_type == latin else "utf-8"
        return bytes(value.value).decode(encoding, "replace")

    def _property(self, window: Any, name: str) -> Any:
        atom = self._display.atom(name)
        try:
            return window.get_property(atom, X.AnyPropertyType, 0, MAX_WORDS)
        except XError:
            return None


def _is_helper(title: str) -> bool:
    """Tell whether Java named the window itself: a tooltip or a splash is `win0`."""
    return title.startswith("win") and title[3:].isdecimal()
