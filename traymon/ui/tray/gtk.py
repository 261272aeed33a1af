"""pystray's icon for desktops with AppIndicator or GTK, fixed.

pystray 0.19.5 removes the SIGINT handler there, and hangs at start if the notification service
cannot be reached, although traymon sends its notifications itself.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pystray
from gi.repository import Gdk, Gio, GLib
from Xlib import X
from Xlib.display import Display

from traymon.core.vocabulary import Light

WITH_INDICATOR = pystray.Icon.__module__.endswith("._appindicator")
WATCHER = "org.kde.StatusNotifierWatcher"  # knows the panels that show indicators
WATCHER_TIMEOUT = 1000  # milliseconds


class _NoNotifications:
    """Replaces pystray's own notification client."""

    def hide(self) -> None:
        """Do nothing: nothing is shown."""


class GtkIcon(pystray.Icon):  # type: ignore[misc]
    """An icon with a menu; the base class is the backend that pystray chose."""

    light = Light.GREY
    rimmed = False
    has_balloons = False

    @property
    def has_host(self) -> bool:
        """Whether a panel of this desktop shows icons now. The icon docks in a later one, too.

        If no panel shows indicators, the indicator library docks in the X11 tray.
        """
        return (WITH_INDICATOR and _panel_shows_indicators()) or _x11_tray_exists()

    def _initialize(self) -> None:
        self._notifier = _NoNotifications()
        self._mark_ready()

    def post(self, job: Callable[[], None]) -> None:
        """Run `job` on GTK's loop. From any thread; never blocks."""

        def once() -> bool:
            job()
            return False

        GLib.idle_add(once)


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
