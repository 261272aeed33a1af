"""Opens pages and folders with the desktop's own programs, and notices if nothing opened.

Blocks for a few seconds at most: a program that still runs then is taken to have opened it.
"""

from __future__ import annotations

import logging
import os
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from html import escape
from pathlib import Path

from platformdirs import user_downloads_path

from traymon.storage.files import write_atomically

log = logging.getLogger(__name__)

PATIENCE = 2.0  # seconds in which a program says by its exit code that it cannot open something
REDIRECT_FILE_LIFETIME = 60.0  # seconds
REDIRECT_FILE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>traymon</title>'
    '<meta name="referrer" content="no-referrer">'
    '<meta http-equiv="refresh" content="0; url={url}"></head>'
    '<body><a href="{url}">traymon</a></body></html>'
)
# These need a terminal. Never in the running traymon's: they would take its keys.
TEXT_BROWSERS = {
    *("www-browser", "w3m", "lynx", "links", "links2", "elinks"),
    *("browsh", "carbonyl", "chawan", "cha", "edbrowse", "retawq", "netrik"),
}
GRAPHICAL_BROWSERS = ("x-www-browser", "firefox", "chromium", "chromium-browser", "google-chrome")


class CannotOpen(Exception):
    """Nothing could be opened; the message says why."""


def open_secret_address(url: str, folder: Path, *, in_terminal: bool = False) -> None:
    """Open an address that no other user may see. Raises CannotOpen.

    Other users can read command lines, so the browser gets a file that redirects to the address
    and that only this user can read. `in_terminal`: see `open_in_browser`.
    """
    path = _write_redirect(REDIRECT_FILE.format(url=escape(url)), folder)
    removal = threading.Timer(REDIRECT_FILE_LIFETIME, path.unlink, kwargs={"missing_ok": True})
    removal.daemon = True
    removal.start()
    open_in_browser(path, in_terminal=in_terminal)


def remove_old_redirects(folder: Path) -> None:
    """Remove the files of `open_secret_address` whose process ended before their time was up."""
    for place in _redirect_folders(folder):
        with suppress(OSError):
            for old in place.glob("traymon-????????.html"):
                if old.stat().st_mtime < time.time() - REDIRECT_FILE_LIFETIME:
                    old.unlink()


def _write_redirect(text: str, folder: Path) -> Path:
    """Write the file into the first folder that takes it. Raises CannotOpen."""
    remove_old_redirects(folder)
    reasons = []
    for place in _redirect_folders(folder):
        path = place / f"traymon-{secrets.token_hex(4)}.html"
        try:
            write_atomically(path, text)
            return path
        except OSError as error:
            reasons.append(str(error))
    raise CannotOpen("; ".join(reasons))


def _redirect_folders(folder: Path) -> Iterator[Path]:
    """Yield where the file may lie, the best place first.

    A browser from a snap cannot read hidden folders: if this user has snaps, that is Downloads.
    """
    if (Path.home() / "snap").is_dir():
        yield user_downloads_path()
    yield folder
    yield Path(tempfile.gettempdir())


def open_in_browser(path: Path, *, in_terminal: bool = False) -> None:
    """Open a page in the user's browser. Raises CannotOpen.

    `in_terminal`: this process has a terminal that a browser for terminals may use, until the user
    leaves it. Only one that the user has named in BROWSER is used.
    """
    _open_with_first(_browser_commands(path.as_uri()), str(path), in_terminal=in_terminal)


def open_address(url: str) -> None:
    """Open a public address in the user's browser. Raises CannotOpen."""
    _open_with_first(_browser_commands(url), url, in_terminal=False)


def open_folder(path: Path) -> None:
    """Show a folder in the file manager. Raises CannotOpen."""
    _open_with_first(iter(_desktop_commands(str(path))), str(path), in_terminal=False)


def _open_with_first(commands: Iterator[list[str]], what: str, *, in_terminal: bool) -> None:
    """Open something with the first command that does not fail. Raises CannotOpen."""
    reasons = []
    for command in commands:
        if _needs_terminal(command[0]) and not in_terminal:
            reasons.append(f"{command[0]} needs a terminal")
        elif reason := _run(command):
            reasons.append(reason)
        else:
            return
    if sys.platform == "win32":
        try:
            os.startfile(what)
            return
        except OSError as error:
            reasons.append(str(error))
    reason = "; ".join(reasons) or "this session has no display, and no BROWSER is set"
    log.warning("cannot open %s: %s", what, reason)
    raise CannotOpen(reason)


def _browser_commands(address: str) -> Iterator[list[str]]:
    """Yield the commands that open an address in a browser, the best one first."""
    for entry in os.environ.get("BROWSER", "").split(os.pathsep):
        with suppress(ValueError):  # an open quote
            if words := shlex.split(entry, posix=sys.platform != "win32"):
                filled = [word.replace("%s", address) for word in words]
                yield filled if filled != words else [*words, address]
    yield from _desktop_commands(address)
    if _has_display():
        yield from ([name, address] for name in GRAPHICAL_BROWSERS if shutil.which(name))


def _desktop_commands(address: str) -> list[list[str]]:
    """Return the commands that open anything with the program that the desktop has for it."""
    if sys.platform == "darwin":
        return [["open", address]]
    if sys.platform == "win32" or not _has_display():
        return []
    return [
        command
        for command in (["xdg-open", address], ["gio", "open", address])
        if shutil.which(command[0])
    ]


def _has_display() -> bool:
    has_one = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return sys.platform not in ("win32", "darwin") and bool(has_one)


def _needs_terminal(program: str) -> bool:
    found = shutil.which(program) or program
    return not TEXT_BROWSERS.isdisjoint({Path(program).name, Path(os.path.realpath(found)).name})


def _run(command: list[str]) -> str:
    """Run an opener; return why nothing opened, or ""."""
    try:
        code = subprocess.call(command) if _needs_terminal(command[0]) else _start_apart(command)
    except OSError as error:
        return f"{command[0]}: {error.strerror or error}"
    return f"{command[0]} ended with exit code {code}" if code else ""


def _start_apart(command: list[str]) -> int:
    """Start a program without our terminal; return its exit code, or 0 if it still runs."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        # xdg-open itself would fall back to a browser for terminals
        env={**os.environ, "BROWSER": os.pathsep.join(GRAPHICAL_BROWSERS)},
    )
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        threading.Thread(target=process.wait, name="opener", daemon=True).start()
        return 0
