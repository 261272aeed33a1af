"""The icon in the system tray: shows the worst light, opens the fix steps.

With tray_<backend>.py the only importer of pystray, and only when an icon is wanted: the import
itself connects to the display.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from traymon.model import Light, Status
from traymon.ui import icons, view

log = logging.getLogger(__name__)

NAME = "traymon"
BACKENDS = {"win32": ("win32",), "darwin": ("darwin",)}
LINUX_BACKENDS = ("appindicator", "gtk", "xorg")  # the first two have a menu


class NoTray(Exception):
    """This session has no tray that can be reached; the text says why."""


@dataclass(frozen=True, slots=True)
class Actions:
    """What the menu can ask for. Each returns at once."""

    open_fix: Callable[[], None]
    check_now: Callable[[], None]
    that_one_is_mine: Callable[[], None]
    pause_or_resume: Callable[[], None]
    snooze: Callable[[str], None]  # a wish as `windows.snooze_until` takes it
    copy_report: Callable[[], None]
    open_logs: Callable[[], None]
    about: Callable[[], None]
    quit: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Look:
    """What the icon shows; it is touched only where this changes."""

    light: Light
    tooltip: str
    headline: str
    rimmed: bool
    paused: bool
    silence: str  # why and until when there are no notices
    hours_known: bool  # when the market opens next
    trouble: str
    ids: tuple[str, ...]  # a line for each configured client ID
    stranger: str  # who holds one of them and could be the user's own


class Tray:
    """The icon. `run` blocks the main thread; everything else may come from any thread."""

    def __init__(self, actions: Actions) -> None:
        """Raises NoTray where no tray can be reached."""
        self._look = _Look(Light.GREY, NAME, NAME, False, False, "", False, "", (), "")
        self._trouble = ""
        self._lock = threading.Lock()
        self._stopped = False
        self._icon = _icon_class()(
            NAME, icon=icons.draw(Light.GREY), title=NAME, menu=self._menu(actions)
        )

    def run(self, on_waiting: Callable[[], None]) -> bool:
        """Show the icon until `stop`; return False if the display went away instead.

        `on_waiting` is called where there is no tray host yet: the icon docks when one comes.
        """

        def show() -> None:
            self._icon.visible = True
            if not self._icon.has_host:
                on_waiting()

        self._icon.run(lambda icon: icon.post(show))
        return self._stopped

    def stop(self) -> None:
        """Take the icon away; `run` returns."""
        self._stopped = True
        self._icon.post(self._icon.stop)

    def trouble(self, why: str) -> None:
        """Show in the menu that notifications do not come out; "" when they do."""
        self._trouble = why

    def show(self, statuses: Sequence[Status]) -> None:
        """Show the statuses; touches the icon only where something changed."""
        worst, now = view.worst_first(statuses), time.time()
        look = _Look(
            light=view.light(statuses),
            tooltip=view.tooltip(statuses, now),
            headline=view.headline(worst[0].diagnosis) if worst else NAME,
            rimmed=bool(worst) and worst[0].closed,
            paused=all(status.paused for status in statuses),
            silence=view.silence(worst[0], now) if worst else "",
            hours_known=any(status.opens_at is not None for status in statuses),
            trouble=self._trouble,
            ids=tuple(line for status in worst for line in view.id_uses(status)),
            stranger=next((p.label for s in worst if (p := view.stranger(s))), ""),
        )
        with self._lock:
            before, self._look = self._look, look
        if look != before:
            self._icon.post(lambda: self._apply(before, look))

    def _apply(self, before: _Look, look: _Look) -> None:
        """Bring the icon from one look to the next; runs where the platform wants it."""
        self._icon.light, self._icon.rimmed = look.light, look.rimmed
        if (look.light, look.rimmed) != (before.light, before.rimmed):
            self._icon.icon = icons.draw(look.light, rimmed=look.rimmed)
        self._icon.title = look.tooltip
        if _in_menu(look) != _in_menu(before):
            self._icon.update_menu()

    def _menu(self, actions: Actions) -> Any:
        from pystray import Menu, MenuItem

        return Menu(
            MenuItem(
                lambda item: f"{view.MARKS[self._look.light]} {self._look.headline}",
                lambda: actions.open_fix(),
                default=True,
            ),
            MenuItem(
                "Notifications do not come out here: see the log",
                lambda: actions.open_logs(),
                visible=lambda item: bool(self._look.trouble),
            ),
            Menu.SEPARATOR,
            MenuItem(
                "Client IDs",
                Menu(lambda: [MenuItem(line, None, enabled=False) for line in self._look.ids]),
                visible=lambda item: bool(self._look.ids),
            ),
            MenuItem(
                lambda item: f"{self._look.stranger}: that one is mine",
                lambda: actions.that_one_is_mine(),
                visible=lambda item: bool(self._look.stranger),
            ),
            MenuItem("Check now", lambda: actions.check_now()),
            MenuItem(
                lambda item: "Resume" if self._look.paused else "Pause",
                lambda: actions.pause_or_resume(),
            ),
            MenuItem(
                lambda item: f"Notices: {self._look.silence}" if self._look.silence else "Snooze",
                Menu(
                    MenuItem("15 minutes", lambda: actions.snooze("15m")),
                    MenuItem("1 hour", lambda: actions.snooze("1h")),
                    MenuItem(
                        "Until the market opens",
                        lambda: actions.snooze("open"),
                        visible=lambda item: self._look.hours_known,
                    ),
                    MenuItem(
                        "End the snooze",
                        lambda: actions.snooze("off"),
                        visible=lambda item: self._look.silence.startswith("snoozed"),
                    ),
                ),
            ),
            MenuItem("Copy diagnosis", lambda: actions.copy_report()),
            MenuItem("Open log folder", lambda: actions.open_logs()),
            MenuItem("About traymon", lambda: actions.about()),
            Menu.SEPARATOR,
            MenuItem("Quit", lambda: actions.quit()),
        )


def _in_menu(look: _Look) -> _Look:
    """Return what of a look stands in the menu."""
    return replace(look, light=Light.GREY, tooltip="", rimmed=False)


def _icon_class() -> Any:
    """Return the mended icon for the best backend that works here."""
    backend = _import_pystray()
    log.info("tray backend: %s", backend)
    if backend == "xorg":
        from traymon.ui.tray_xorg import XorgIcon

        return XorgIcon
    if backend == "win32":
        from traymon.ui.tray_windows import WindowsIcon

        return WindowsIcon
    if backend == "darwin":
        from traymon.ui.tray_darwin import DarwinIcon

        return DarwinIcon
    if backend in ("gtk", "appindicator"):
        from traymon.ui.tray_gtk import GtkIcon

        return GtkIcon
    raise NoTray(f"pystray's backend {backend} shows no icon")


def _import_pystray() -> str:
    """Import pystray with the first backend that works, and return the backend's name.

    pystray itself goes on to the next only after an ImportError: it ends at a missing display
    (Xlib's own errors) and at a PyGObject without AppIndicator (a ValueError).
    """
    wish = os.environ.get("PYSTRAY_BACKEND")
    reasons = []
    for backend in [wish] if wish else BACKENDS.get(sys.platform, LINUX_BACKENDS):
        # GTK docks in an X11 tray only as an X11 program, which it is not by itself on Wayland
        with _unless_set("PYSTRAY_BACKEND", backend), _unless_set("GDK_BACKEND", "x11,*"):
            try:
                import pystray
            except Exception as error:
                log.info("no tray through %s: %r", backend, error)
                reasons.append(str(error) or type(error).__name__)
            else:
                return str(pystray.Icon.__module__.rpartition("._")[2])
    raise NoTray(reasons[-1])


@contextmanager
def _unless_set(name: str, value: str) -> Iterator[None]:
    """Set an environment variable for a while, if it has no value."""
    before = os.environ.get(name)
    os.environ[name] = before or value
    try:
        yield
    finally:
        del os.environ[name]
        if before is not None:
            os.environ[name] = before
