"""The icon in an X11 tray, for as long as no panel has it: opened and closed while traymon runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from pystray import Menu, MenuItem

from traymon.core.vocabulary import Light
from traymon.ui import icons
from traymon.ui.tray.backend import NoTray, reason

CLOSE_TIMEOUT = 2.0  # seconds


class X11Fallback:
    """An X11 icon in a thread of its own. Used from one thread."""

    def __init__(self, name: str, on_click: Callable[[], None], on_end: Callable[[], None]) -> None:
        """`on_click` and `on_end` (the display is gone) are called in the X11 icon's thread."""
        self._name, self._on_click, self._on_end = name, on_click, on_end
        self._shown = (Light.GREY, False, False), name  # picture and title
        self._icon: Any = None  # an XorgIcon while it is open
        self._thread: threading.Thread | None = None

    @property
    def is_open(self) -> bool:
        """Whether the icon is there, for the X11 tray that stands or that comes."""
        return self._icon is not None

    @property
    def has_host(self) -> bool:
        """Whether an X11 tray shows it."""
        return self._icon is not None and self._icon.has_host

    def show(self, light: Light, rimmed: bool, marked: bool, title: str) -> None:
        """Show this now if it is open, and else once it is."""
        self._shown = (light, rimmed, marked), title
        if self._icon is not None:
            icon = self._icon
            icon.post(lambda: _show(icon, *self._shown))

    def open(self) -> None:
        """Show the icon, as soon as there is an X11 tray. Raises NoTray without a display."""
        if not os.environ.get("DISPLAY"):
            raise NoTray("no display")
        try:
            from traymon.ui.tray.xorg import XorgIcon

            (light, _, _), title = self._shown
            menu = Menu(MenuItem(self._name, self._on_click, default=True))
            icon = XorgIcon(self._name, icon=icons.draw(light), title=title, menu=menu)
        except Exception as error:  # pystray and Xlib raise their own, already on import
            raise NoTray(f"no X11 tray: {reason(error)}") from error
        self._icon = icon
        self._thread = threading.Thread(target=self._run, args=[icon], name="x11", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take the icon away."""
        icon, self._icon = self._icon, None
        if icon is not None and self._thread is not None:
            icon.post(icon.stop)
            self._thread.join(CLOSE_TIMEOUT)

    def _run(self, icon: Any) -> None:
        def show() -> None:
            _show(icon, *self._shown)
            icon.visible = True

        icon.run(lambda icon: icon.post(show))
        icon.close()
        if icon is self._icon:  # nobody has closed it
            self._icon = None
            self._on_end()


def _show(icon: Any, picture: tuple[Light, bool, bool], title: str) -> None:
    """Change what differs, in the icon's own thread."""
    icon.title = title
    if picture != (icon.light, icon.rimmed, icon.marked):
        icon.light, icon.rimmed, icon.marked = picture
        icon.icon = icons.draw(icon.light)
