"""Opens pages in the user's browser and folders in his file manager. Both return at once."""

from __future__ import annotations

import logging
import os
import secrets
import subprocess
import sys
import threading
import time
import webbrowser
from html import escape
from pathlib import Path

from platformdirs import user_downloads_path

from traymon.storage.files import write_atomically

log = logging.getLogger(__name__)

FORGET_AFTER = 60.0  # seconds until the file that leads to a secret address is taken away
LEAD = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>traymon</title>'
    '<meta name="referrer" content="no-referrer">'
    '<meta http-equiv="refresh" content="0; url={url}"></head>'
    '<body><a href="{url}">traymon</a></body></html>'
)


def open_secret_address(url: str, folder: Path) -> None:
    """Open an address that nobody else may learn; a command line can be read by all.

    The browser is given a file that only this user can read, and which leads on. A browser that
    is a snap cannot read hidden folders, so where there are snaps the file is put into Downloads.
    Raises OSError where no file can be written.
    """
    if (Path.home() / "snap").is_dir():
        folder = user_downloads_path()
    for left in folder.glob("traymon-????????.html"):  # by a traymon that ended meanwhile
        if left.stat().st_mtime < time.time() - FORGET_AFTER:
            left.unlink(missing_ok=True)
    path = folder / f"traymon-{secrets.token_hex(4)}.html"
    write_atomically(path, LEAD.format(url=escape(url)))
    forget = threading.Timer(FORGET_AFTER, path.unlink, kwargs={"missing_ok": True})
    forget.daemon = True
    forget.start()
    open_in_browser(path)


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
