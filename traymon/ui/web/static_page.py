"""The fix page as a file in the state folder, for when the live page cannot be served.

Renewed with every change of the headline; the page reloads itself, so an open one follows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from traymon.core.model import Change, Status
from traymon.storage.files import write_atomically
from traymon.ui.web import render


class StaticPages:
    """One HTML file per target. A surface."""

    name = "static page"
    shows = Change.HEADLINE
    names_times = False  # the page says of when it is

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self._folder, self._now = folder, now

    def show(self, statuses: Sequence[Status], changes: Mapping[str, Change]) -> None:
        """Renew the page of every target that has a new headline."""
        for status in statuses:
            if self.shows & changes.get(status.target.name, Change.NOTHING):
                self.write(status)

    def path(self, target: str) -> Path:
        """Return the path of a target's page."""
        return self._folder / f"fix-{re.sub(r'[^A-Za-z0-9_-]+', '-', target).strip('-')}.html"

    def write(self, status: Status) -> Path:
        """Write the target's page as it is now and return its path. Raises OSError."""
        path = self.path(status.target.name)
        write_atomically(path, render.page(status, self._now()))
        return path
