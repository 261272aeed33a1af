"""What is seen from outside in a chaotic time: what was shown, and when nothing could be."""

from __future__ import annotations

import time

from support.bus import Notification
from support.chaos.verdict import Shown, Span
from support.virtual_desktop import Desktop

UNSTABLE = "The API comes and goes"  # the title of that notification


class Observer:
    """Writes down what is shown, and when a notification could have been shown."""

    def __init__(self, desktop: Desktop) -> None:
        self.shown: list[Shown] = []
        self.reachable: list[Span] = []
        self._desktop = desktop
        self._known: dict[int, Notification] = {}  # by `id`, kept so that none is used again
        self._on_screen: set[int] = set()  # the service's numbers
        self._reachable_since: float | None = None

    def look(self) -> None:
        """Write down what has been shown since the last look."""
        for each in self._desktop.notifications():
            if each.id is None or id(each) in self._known or each.app_name != "traymon":
                continue
            self._known[id(each)] = each
            replaces = each.id == each.replaces_id and each.id in self._on_screen
            self._on_screen.add(each.id)
            urgent = each.hints.get("urgency") == 2
            unstable = each.title == UNSTABLE
            self.shown.append(Shown(time.monotonic(), each.title, urgent, replaces, unstable))

    def service_changed(self) -> None:
        """Forget what was on the screen: it went with its service."""
        self.look()
        self._on_screen.clear()

    def set_reachable(self, reachable: bool) -> None:
        """Note whether a notification can be shown from now on."""
        now = time.monotonic()
        if reachable and self._reachable_since is None:
            self._reachable_since = now
        elif not reachable and self._reachable_since is not None:
            self.reachable.append(Span(self._reachable_since, now))
            self._reachable_since = None

    def has_announced_since(self, at: float) -> bool:
        """Tell whether a fault was announced since then."""
        self.look()
        return any((one.urgent or one.unstable) and one.at >= at for one in self.shown)

    def has_reassured_since(self, at: float) -> bool:
        """Tell whether something that is not urgent was shown since then."""
        self.look()
        return any(not one.urgent and one.at >= at for one in self.shown)
