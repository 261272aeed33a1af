"""Opens the fix page in the user's browser: the live one, or the static one without a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from traymon.core.model import Status
from traymon.diagnosis.catalogue import STALE
from traymon.ui.openers import open_in_browser, open_secret_address, remove_old_redirects
from traymon.ui.web.static_page import StaticPages


class PageOpener:
    """Opens fix pages. Writes files: not to be called on the monitor's loop."""

    def __init__(
        self,
        live_address: Callable[[], str | None],
        static_pages: StaticPages,
        folder: Path,
        open_address: Callable[[str, Path], None] = open_secret_address,
        open_file: Callable[[Path], None] = open_in_browser,
    ) -> None:
        """`live_address` returns an address that opens the live page once; None without one."""
        self._live_address, self._static_pages, self._folder = live_address, static_pages, folder
        self._open_address, self._open_file = open_address, open_file

    def remove_old_files(self) -> None:
        """Remove the files by which commands that have ended opened the page."""
        remove_old_redirects(self._folder)

    def open(self, status: Status | None) -> None:
        """Open the fix page of a status. Raises CannotOpen, or OSError without a page."""
        # a monitor that hangs blocks the live page, too: the browser would wait forever
        stale = status is not None and status.diagnosis.code == STALE.code
        if not stale and (address := self._live_address()) is not None:
            self._open_address(address, self._folder)
        elif status is not None:
            self._open_file(self._static_pages.write(status))
