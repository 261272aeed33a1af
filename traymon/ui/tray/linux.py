"""pystray's icon for Linux: in a panel that shows StatusNotifierItems, else in an X11 tray.

pystray's own backends for such panels need PyGObject; this one speaks D-Bus. The icon moves when a
panel comes or goes. The panel is preferred, for only there it has a menu.

The main thread runs the jobs that others post. What panels ask is answered by the connection's own
thread, and the X11 icon has a thread to itself: neither waits for the other.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pystray import _base

from traymon.core.vocabulary import Light
from traymon.ui.desktop import login_session_has_ended
from traymon.ui.session_bus import NoBus
from traymon.ui.tray.backend import NoTray
from traymon.ui.tray.dbus_menu import DBusMenu
from traymon.ui.tray.panel_connection import PanelConnection
from traymon.ui.tray.status_notifier import StatusNotifierItem, pixmaps
from traymon.ui.tray.x11_fallback import X11Fallback

log = logging.getLogger(__name__)

PANEL_TIMEOUT = 1.0  # seconds for the desktop to say whether it has a panel
RETRY_INTERVAL = 5.0  # seconds between two looks for a bus or a display
PANEL, X11_TRAY = "in the panel", "in the X11 tray as soon as there is one"
NOWHERE = "nowhere: there is no panel, and no X11"
MAX_CLICKS = 8  # that wait to be handled; no person clicks more often


class LinuxIcon(_base.Icon):  # type: ignore[misc]
    """An icon with a menu in a panel, or one without in an X11 tray."""

    light = Light.GREY
    rimmed = False
    marked = False
    has_balloons = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Raises NoTray if this session has no desktop."""
        super().__init__(*args, **kwargs)
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._clicks = threading.BoundedSemaphore(MAX_CLICKS)
        self._leaving = False
        self._place = ""  # where the icon is, in words
        self._due: dict[Callable[[], None], float] = {}  # jobs for later, on the monotonic clock
        self._dbus_menu = DBusMenu(
            lambda item: self._take_click(self._handler(item)), lambda: self.post(self.update_menu)
        )
        self._item = StatusNotifierItem(
            self.name, self._dbus_menu.object.path, lambda: self._take_click(self)
        )
        self._connection: PanelConnection | None = None
        self._is_connecting = False
        self._x11 = X11Fallback(
            self.name, lambda: self._take_click(self), lambda: self.post(self._find_place)
        )
        if _is_on_a_terminal():  # what is on the user's bus is on another screen
            raise NoTray("no display")
        no_bus = self._connect()
        if not self._has_panel:
            try:
                self._x11.open()
            except NoTray as no_display:
                if self._connection is None or not self._may_get_a_panel(self._connection):
                    raise NoTray("; ".join(filter(None, (str(no_display), no_bus)))) from None

    @property
    def has_host(self) -> bool:
        """Whether the icon is shown now. It appears in a later panel, too."""
        return self._has_panel or self._x11.has_host

    @property
    def _has_panel(self) -> bool:
        return self._connection is not None and self._connection.has_panel

    @staticmethod
    def _may_get_a_panel(connection: PanelConnection) -> bool:
        return connection.has_watcher or bool(os.environ.get("WAYLAND_DISPLAY"))

    # --- the main thread

    def post(self, job: Callable[[], None]) -> None:
        """Run `job` on the icon's loop. From any thread or signal handler; never blocks.

        Does nothing once the loop has ended.
        """
        self._jobs.put(job)

    def _run(self) -> None:
        self._mark_ready()
        self._renew_menu()  # before a panel can ask for it
        try:
            while not self._leaving:
                self._run_next_job()
        finally:
            self._running = False
            self._x11.close()
            if self._connection is not None:
                self._connection.close()

    def _run_next_job(self) -> None:
        timeout = None
        if self._due:
            timeout = max(0.0, min(self._due.values()) - time.monotonic())
        try:
            job = self._jobs.get(timeout=timeout)
        except queue.Empty:
            job = min(self._due, key=lambda job: self._due[job])
            del self._due[job]
        try:
            job()
        except Exception:
            log.exception("a job of the tray icon failed; the icon goes on")

    def _run_later(self, job: Callable[[], None], delay: float | None) -> None:
        """Run `job` after some seconds, instead of when it was due before; None: not at all."""
        self._due.pop(job, None)
        if delay is not None:
            self._due[job] = time.monotonic() + delay

    def _stop(self) -> None:
        def leave() -> None:
            self._leaving = True

        self.post(leave)

    def _take_click(self, action: Callable[[], None]) -> None:
        """Let the main thread run what was clicked. From any thread."""

        def run() -> None:
            self._clicks.release()
            action()

        if self._clicks.acquire(blocking=False):
            self.post(run)

    # --- where the icon is

    def _connect(self) -> str:
        """Go on the bus; return why that is impossible, or ""."""
        try:
            connection = PanelConnection(
                (self._item.object, self._dbus_menu.object),
                lambda: self.post(self._find_place),
                lambda connection: self.post(lambda: self._on_bus_end(connection)),
            )
            connection.begin(PANEL_TIMEOUT)
        except (NoBus, OSError) as error:
            return str(error)
        self._connection = connection
        if connection.is_closed:  # before `_on_bus_end` could see that it is the one
            self._connection = None
            return "the session bus is gone"
        return ""

    def _on_bus_end(self, connection: PanelConnection) -> None:
        if connection is self._connection:
            log.warning("the session bus is gone")
            self._connection = None
            self._find_place()

    def _find_place(self) -> None:
        """Show the icon where it can be seen now."""
        if self._has_panel:
            self._x11.close()
        elif not self._x11.is_open:
            try:
                self._x11.open()
            except NoTray:
                if self._display_is_gone():
                    log.warning("the display is gone")
                    self._leaving = True
        place = PANEL if self._has_panel else X11_TRAY if self._x11.is_open else NOWHERE
        if place != self._place:
            log.info("the icon is %s", place)
            self._place = place
        is_lost = self._connection is None or place is NOWHERE
        self._run_later(self._look_again, RETRY_INTERVAL if is_lost else None)

    def _display_is_gone(self) -> bool:
        """Tell whether this session's desktop has ended, where there is no X11 to be reached."""
        is_x11 = bool(os.environ.get("DISPLAY")) and not os.environ.get("WAYLAND_DISPLAY")
        return is_x11 or login_session_has_ended()

    def _look_again(self) -> None:
        if self._connection is not None or self._is_connecting:
            self._find_place()
            return

        def connect() -> None:  # a bus that hangs must not hold up the light
            if not self._connect():
                log.info("the session bus is back")
                self._show_in_panel()
            self.post(go_on)

        def go_on() -> None:
            self._is_connecting = False
            self._find_place()

        self._is_connecting = True
        threading.Thread(target=connect, name="bus", daemon=True).start()

    # --- what it shows

    def _show(self) -> None:
        self._update_title()
        self._show_in_panel()
        self._find_place()

    def _show_in_panel(self) -> None:
        if self._connection is not None:
            self._connection.offer()

    def _hide(self) -> None:
        """Do nothing: the icon goes with its connections."""

    def _update_icon(self) -> None:
        self._icon_valid = True
        shown = pixmaps(self.light, self.rimmed, self.marked)
        self._item.face = replace(self._item.face, pixmaps=shown)
        self._tell("NewIcon")
        self._follow()

    def _update_title(self) -> None:
        self._item.face = replace(self._item.face, title=self.title)
        self._tell("NewTitle", "NewToolTip")
        self._follow()

    def _update_menu(self) -> None:
        self._run_later(self._renew_menu, 0)  # once for all that comes together: it takes long

    def _renew_menu(self) -> None:
        signals, wait = self._dbus_menu.update(self.menu)
        for signal in signals:
            self._emit(signal)
        self._run_later(self._renew_menu, wait)

    def _tell(self, *signals: str) -> None:
        for name in signals:
            self._emit(self._item.object.signal(name))

    def _emit(self, signal: Any) -> None:
        if self._connection is not None:
            self._connection.emit(signal)

    def _follow(self) -> None:
        """Let the X11 icon, where it is open, show the same."""
        self._x11.show(self.light, self.rimmed, self.marked, self.title)


def _is_on_a_terminal() -> bool:
    """Tell whether this session, by systemd-logind's word, has no screen: as over SSH."""
    screens = (os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return os.environ.get("XDG_SESSION_TYPE") == "tty" and not any(screens)
