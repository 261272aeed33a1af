"""pystray's icon for macOS, fixed.

AppKit kills a program that touches the icon from any thread but the main one.
"""

from __future__ import annotations

from collections.abc import Callable

import pystray
from PyObjCTools import AppHelper

from traymon.core.vocabulary import Light


class DarwinIcon(pystray.Icon):  # type: ignore[misc]
    """An icon in the menu bar, with a menu."""

    light = Light.GREY
    rimmed = False
    marked = False
    has_balloons = False
    has_host = True  # the menu bar is always there

    def post(self, job: Callable[[], None]) -> None:
        """Run `job` on the main thread, as AppKit demands. From any thread; never blocks."""
        AppHelper.callAfter(job)
