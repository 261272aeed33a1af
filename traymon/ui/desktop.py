"""What traymon asks the desktop to do: open pages and folders, fill the clipboard, show a dialog.

Opening returns at once and never raises; a desktop that cannot do it is only logged.
"""

from __future__ import annotations

import ctypes
import logging
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
import webbrowser
from html import escape
from pathlib import Path
from typing import Any

from platformdirs import user_downloads_path

from traymon.storage.files import write_atomically

log = logging.getLogger(__name__)

REDIRECT_FILE_LIFETIME = 60.0  # seconds
REDIRECT_FILE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>traymon</title>'
    '<meta name="referrer" content="no-referrer">'
    '<meta http-equiv="refresh" content="0; url={url}"></head>'
    '<body><a href="{url}">traymon</a></body></html>'
)
CLIPBOARD_TIMEOUT = 5.0  # seconds
FOLDER_TIMEOUT = 30.0  # seconds
MB_ICONERROR, MB_SETFOREGROUND = 0x10, 0x10000  # winuser.h


def open_secret_address(url: str, folder: Path) -> None:
    """Open an address that no other user may see. Raises OSError if no file can be written.

    Other users can read command lines, so the browser gets a file that redirects to the address
    and that only this user can read. A browser from a snap cannot read hidden folders: if this
    user has snaps, the file goes to Downloads instead of `folder`.
    """
    if (Path.home() / "snap").is_dir():
        folder = user_downloads_path()
    for old in folder.glob("traymon-????????.html"):  # left by a traymon that ended too early
        if old.stat().st_mtime < time.time() - REDIRECT_FILE_LIFETIME:
            old.unlink(missing_ok=True)
    path = folder / f"traymon-{secrets.token_hex(4)}.html"
    write_atomically(path, REDIRECT_FILE.format(url=escape(url)))
    removal = threading.Timer(REDIRECT_FILE_LIFETIME, path.unlink, kwargs={"missing_ok": True})
    removal.daemon = True
    removal.start()
    open_in_browser(path)


def open_in_browser(path: Path) -> None:
    """Open a page in the user's browser, in a thread: some openers wait for the browser to end."""

    def open_page() -> None:
        if not webbrowser.open(path.as_uri()):
            log.warning("no browser to be found; the page is %s", path)

    threading.Thread(target=open_page, name="browser", daemon=True).start()


def open_folder(path: Path) -> None:
    """Show a folder in the file manager."""

    def show_folder() -> None:
        if sys.platform == "win32":
            os.startfile(path)
            return
        command = "open" if sys.platform == "darwin" else "xdg-open"
        try:
            subprocess.run([command, str(path)], check=True, timeout=FOLDER_TIMEOUT)
        except (OSError, subprocess.SubprocessError) as error:
            log.warning("cannot show %s: %s", path, error)

    threading.Thread(target=show_folder, name="folder", daemon=True).start()


def copy_text(text: str) -> bool:
    """Put text on the clipboard; return False if this desktop has no command for it."""
    for command, encoding in _clipboard_commands():
        if shutil.which(command[0]) is None:
            continue
        try:
            subprocess.run(
                command,
                input=text.encode(encoding),
                check=True,
                timeout=CLIPBOARD_TIMEOUT,
                # on X11 the command lives on as the clipboard's owner: it must not hold our pipes
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except (OSError, subprocess.SubprocessError):
            continue
        return True
    return False


def _clipboard_commands() -> list[tuple[list[str], str]]:
    """Return the commands to try, each with the encoding that it reads."""
    if sys.platform == "win32":
        return [(["clip"], "utf-16")]
    if sys.platform == "darwin":
        return [(["pbcopy"], "utf-8")]
    return [
        (["wl-copy"], "utf-8"),
        (["xclip", "-selection", "clipboard"], "utf-8"),
        (["xsel", "--clipboard", "--input"], "utf-8"),
    ]


def show_error_dialog(title: str, text: str) -> None:
    """Show a dialog on Windows and wait until the user closes it.

    For errors before there is a terminal or an icon.
    """
    windll: Any = getattr(ctypes, "windll")  # noqa: B009  (mypy: Windows only)
    windll.user32.MessageBoxW(None, text, title, MB_ICONERROR | MB_SETFOREGROUND)
