"""The fix page as a file in the state folder, for when the live page cannot be served.

Written whole or not at all; renewed at every change, so that an open page follows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from traymon.core.model import Status
from traymon.storage.files import write_atomically
from traymon.ui.web import render


class PageFiles:
    """One HTML file per target."""

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self._folder, self._now = folder, now

    def path(self, target: str) -> Path:
        """Return where a target's page stands."""
        return self._folder / f"fix-{re.sub(r'[^A-Za-z0-9_-]+', '-', target).strip('-')}.html"

    def write(self, status: Status) -> Path:
        """Write the target's page as it is now and return its path. Raises OSError."""
        path = self.path(status.target.name)
        write_atomically(path, render.page(status, self._now()))
        return path
