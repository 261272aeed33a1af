"""The fix page as a file in the state folder, opened in the browser.

Written whole or not at all; renewed at every change, so that an open page follows.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

from traymon.model import Status
from traymon.ui import render

log = logging.getLogger(__name__)


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
        write_whole(path, render.page(status, self._now()))
        return path


def write_whole(path: Path, text: str) -> None:
    """Replace a file in one step, readable by its owner only: a reader never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".new")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def open_in_browser(path: Path) -> None:
    """Open a page in the user's browser; returns at once, since some openers wait for theirs."""

    def open_it() -> None:
        if not webbrowser.open(path.as_uri()):
            log.warning("no browser to be found; the page is %s", path)

    threading.Thread(target=open_it, name="browser", daemon=True).start()


def open_folder(path: Path) -> None:
    """Show a folder in the file manager; returns at once."""

    def open_it() -> None:
        if sys.platform == "win32":
            os.startfile(path)
            return
        command = "open" if sys.platform == "darwin" else "xdg-open"
        try:
            subprocess.run([command, str(path)], check=True, timeout=30)
        except (OSError, subprocess.SubprocessError) as error:
            log.warning("cannot show %s: %s", path, error)

    threading.Thread(target=open_it, name="folder", daemon=True).start()
