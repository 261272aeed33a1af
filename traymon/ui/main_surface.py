"""The surface that owns the main thread: the icon, or the terminal where there is none."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from traymon.core.releases import NewRelease
from traymon.core.vocabulary import StartAtLogin
from traymon.diagnosis import fix_pages
from traymon.ui.desktop import login_session_has_ended
from traymon.ui.terminal_lines import TerminalSurface
from traymon.ui.tray.backend import NoTray
from traymon.ui.tray.tray import Tray

log = logging.getLogger(__name__)

TRAY_RETRY_INTERVAL = 1.0  # seconds


class MainSurface:
    """`run` blocks the main thread; the rest may come from any thread."""

    def __init__(self, terminal: TerminalSurface, patience: float | None) -> None:
        """`patience`: seconds to wait for a tray that may still start; None: no icon is wanted."""
        self.stopping = threading.Event()  # set as soon as traymon is to end
        self._terminal, self._patience = terminal, patience
        self._tray: Tray | None = None
        self._display_is_gone = False

    @property
    def has_icon(self) -> bool:
        """Whether there is an icon, or was until its display went away."""
        return self._tray is not None

    def open_tray(self, new_tray: Callable[[], Tray]) -> Tray | None:
        """Return the icon, made once a tray can be reached; None, and say so, if there is none."""
        if self._patience is None:
            return None
        started = time.monotonic()
        while True:
            try:
                self._tray = new_tray()
            except NoTray as error:
                waited = time.monotonic() - started
                if waited < self._patience and not self.stopping.wait(TRAY_RETRY_INTERVAL):
                    continue
                self.report(
                    f"No system tray here ({error}), so there is no icon. Showing the status here."
                )
            return self._tray

    def run(self, notify_user: Callable[[str, str], None]) -> None:
        """Show the status until `stop`, or until nobody could see it any more."""
        if self._tray is not None:
            if self._tray.run(lambda: self._report_no_host(notify_user), self._patience or 0.0):
                return
            self._display_is_gone = True
            if not self._terminal.is_seen:  # in the next session a new one starts, or is started
                log.warning("the display is gone, and there is no terminal: traymon ends")
                return
            self.report("The display is gone, and the icon with it. Showing the status here.")
        self._terminal.run(self.stopping)

    def stop(self) -> None:
        """End `run`; returns at once. From a signal handler, too."""
        self.stopping.set()
        if self._tray is not None:
            self._tray.stop()

    def give_way(self) -> None:
        """End, since another traymon has taken this one's place."""
        self.report("Another traymon has started for this user, so this one ends.")
        self.stop()

    def make_room(self) -> bool:
        """End, for a traymon that has a desktop, if this one should have one and has none."""
        wants_desktop = self._patience is not None
        is_unseen = self._tray is None and not self._terminal.is_seen
        if not wants_desktop or not (
            self._display_is_gone or is_unseen or login_session_has_ended()
        ):
            return False
        self.report("Another traymon has started in a session with a desktop, so this one ends.")
        self.stop()
        return True

    def report(self, line: str) -> None:
        """Print a line, and log it: there may be no terminal."""
        log.info("%s", line)
        self._terminal.print_line(line)

    def _report_no_host(self, notify_user: Callable[[str, str], None]) -> None:
        self.report("No tray on this desktop yet: the icon will appear as soon as there is one.")
        notify_user(*fix_pages.notification_text("no-tray"))

    def show_start_at_login(self, state: StartAtLogin) -> None:
        """Show whether traymon starts at login, in the icon's menu."""
        if self._tray is not None:
            self._tray.show_start_at_login(state)

    def show_newer(self, newer: NewRelease | None) -> None:
        """Show in the icon's menu that a newer traymon was released."""
        if self._tray is not None:
            self._tray.show_newer(newer)

    def show_trouble(self, why: str, warning: str) -> None:
        """Show what is wrong with traymon itself, and that for which the icon is amber."""
        if self._tray is not None:
            self._tray.show_trouble(why, warning)
