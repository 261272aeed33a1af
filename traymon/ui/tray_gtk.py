"""pystray's icon for desktops with AppIndicator or GTK, mended.

pystray 0.19.5 takes SIGINT's handler away there, and hangs at start where the notification service
cannot be reached, although traymon sends its notices itself.
"""

from __future__ import annotations

from collections.abc import Callable

import pystray
from gi.repository import GLib

from traymon.model import Light


class _NoNotices:
    """Stands where pystray keeps its own notification client."""

    def hide(self) -> None:
        """Do nothing: nothing was shown."""


class GtkIcon(pystray.Icon):  # type: ignore[misc]
    """An icon with a menu; the base class is the backend that pystray chose."""

    light = Light.GREY
    rimmed = False
    has_balloons = False
    has_host = True  # cannot be told in time; the panel shows it whenever it comes

    def _initialize(self) -> None:
        self._notifier = _NoNotices()
        self._mark_ready()

    def post(self, job: Callable[[], None]) -> None:
        """Run `job` in GTK's loop. From any thread; never blocks."""

        def once() -> bool:
            job()
            return False

        GLib.idle_add(once)
