"""Opens the page in the user's browser: the live one, or the static one without a server."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from traymon.core.model import Status
from traymon.diagnosis.catalogue import STALE
from traymon.ui.openers import open_in_browser, open_secret_address, remove_old_redirects
from traymon.ui.web.anchors import anchor_of
from traymon.ui.web.static_page import StaticPages


class PageOpener:
    """Opens the page of all targets, or of one. Writes files: not for the monitor's loop."""

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

    def open(self, statuses: Sequence[Status], target: str | None) -> None:
        """Open the page of the named target, or else the one of all.

        Raises CannotOpen, or OSError without a page.
        """
        named = next((one for one in statuses if one.target.name == target), None)
        # a monitor that hangs blocks the live page, too: the browser would wait forever
        stale = statuses and all(one.diagnosis.code == STALE.code for one in statuses)
        if not stale and (address := self._live_address()) is not None:
            anchor = anchor_of(named) if named and len(statuses) > 1 else ""
            self._open_address(f"{address}{anchor}", self._folder)
        elif statuses:
            self._open_file(self._static_pages.write(statuses, named))
