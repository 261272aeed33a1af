"""pystray's icon for desktops with AppIndicator or GTK, fixed.

pystray 0.19.5 removes the SIGINT handler there, and hangs at start if the notification service
cannot be reached, although traymon sends its notifications itself. It keeps the picture in the
temporary folder. GTK ends the process when the display or the session bus is lost.
"""

from __future__ import annotations

import ctypes
import logging
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pystray
from gi.repository import Gdk, Gio, GLib
from Xlib import X
from Xlib.display import Display

from traymon.core.vocabulary import Light
from traymon.ui.tray.icon_files import IconFiles

log = logging.getLogger(__name__)

WITH_INDICATOR = pystray.Icon.__module__.endswith("._appindicator")
WATCHER = "org.kde.StatusNotifierWatcher"  # knows the panels that show indicators
WATCHER_TIMEOUT = 1000  # milliseconds
# Seconds until this thread handles a signal that the system has given to another thread.
SIGNAL_TIMEOUT = 0.5

_LIBX11 = ctypes.CDLL("libX11.so.6")
_IO_ERROR_HANDLER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


class _NoNotifications:
    """Replaces pystray's own notification client."""

    def hide(self) -> None:
        """Do nothing: nothing is shown."""


class GtkIcon(pystray.Icon):  # type: ignore[misc]
    """An icon with a menu; the base class is the backend that pystray chose."""

    light = Light.GREY
    rimmed = False
    marked = False
    has_balloons = False

    def __init__(self, *args: Any, folder: Path, **kwargs: Any) -> None:
        """`folder` is for the pictures."""
        self._files = IconFiles(folder)
        self._ended = threading.Event()
        self._lost = False
        super().__init__(*args, **kwargs)

    @property
    def has_host(self) -> bool:
        """Whether a panel of this desktop shows icons now. The icon docks in a later one, too.

        If no panel shows indicators, the indicator library docks in the X11 tray.
        """
        return (WITH_INDICATOR and _panel_shows_indicators()) or _x11_tray_exists()

    def _initialize(self) -> None:
        self._notifier = _NoNotifications()
        if WITH_INDICATOR:
            _watch_panels(self._restore_picture)
        self._mark_ready()

    def post(self, job: Callable[[], None]) -> None:
        """Run `job` on GTK's loop. From any thread; never blocks.

        Does nothing once the display is lost.
        """

        def once() -> bool:
            job()
            return False

        if not self._lost:
            GLib.idle_add(once)

    # --- the loop, and the loss of the display

    def _run(self) -> None:
        """Show the icon until it is stopped or the display is lost.

        GTK's loop has a thread of its own: when the display is lost, Xlib calls a function that
        must not return, or it would end the process with exit code 1. So that thread stays there.
        """
        self._at_loss = _IO_ERROR_HANDLER(self._stay_here)  # kept here, since Xlib does not
        _LIBX11.XSetIOErrorHandler(self._at_loss)
        threading.Thread(target=self._run_loop, name="gtk", daemon=True).start()
        while not self._ended.wait(SIGNAL_TIMEOUT):
            pass

    def _run_loop(self) -> None:
        try:
            super()._run()
        finally:
            self._ended.set()

    def _stay_here(self, display: int) -> int:
        log.warning("the display is gone")
        # Xlib holds the lock for this thread, and some libraries take it when the process ends.
        _LIBX11.XUnlockDisplay(ctypes.c_void_p(display))
        self._lost = True
        self._ended.set()
        threading.Event().wait()
        return 0

    # --- the picture, as a file

    def _update_fs_icon(self) -> None:
        try:
            self._icon_path = self._files.show(self.light, self.rimmed, self.marked)
        except OSError as error:
            log.warning("the icon's picture cannot be written: %s", error)
            self._icon_path = ""
        self._icon_valid = True

    def _remove_fs_icon(self) -> None:
        self._icon_valid = False  # a panel may read the file at any time

    def _restore_picture(self) -> None:
        """Write the picture's file again if it is gone, and let the panel read it again."""
        try:
            was_gone = self._files.restore()
        except OSError as error:
            log.warning("the icon's picture cannot be written: %s", error)
            return
        if was_gone:
            log.info("the icon's picture was gone")
            self._appindicator.set_icon("")  # the same path again would change nothing
            self._appindicator.set_icon(self._icon_path)


def _watch_panels(on_change: Callable[[], None]) -> None:
    """Call `on_change` whenever a panel that shows indicators starts or ends.

    And let this process live when the bus ends: GLib would end it.
    """
    try:
        bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    except GLib.Error:  # the icon is in the X11 tray
        return
    bus.set_exit_on_close(False)
    for sender, member, argument in (
        ("org.freedesktop.DBus", "NameOwnerChanged", WATCHER),
        (WATCHER, "StatusNotifierHostRegistered", None),
    ):
        bus.signal_subscribe(
            sender,
            sender,
            member,
            None,
            argument,
            Gio.DBusSignalFlags.NONE,
            lambda *_: on_change(),
        )


def _panel_shows_indicators() -> bool:
    wanted = GLib.Variant("(ss)", (WATCHER, "IsStatusNotifierHostRegistered"))
    try:
        answer = Gio.bus_get_sync(Gio.BusType.SESSION).call_sync(
            WATCHER,
            "/StatusNotifierWatcher",
            "org.freedesktop.DBus.Properties",
            "Get",
            wanted,
            GLib.VariantType("(v)"),
            Gio.DBusCallFlags.NO_AUTO_START,
            WATCHER_TIMEOUT,
        )
    except GLib.Error:  # no such panel, or no bus
        return False
    return bool(answer.unpack()[0])


def _x11_tray_exists() -> bool:
    display = Gdk.Display.get_default()
    if display.__gtype__.name != "GdkX11Display":
        return False
    with closing(Display(display.get_name())) as screen:
        tray = screen.intern_atom(f"_NET_SYSTEM_TRAY_S{screen.get_default_screen()}")
        return bool(screen.get_selection_owner(tray) != X.NONE)
