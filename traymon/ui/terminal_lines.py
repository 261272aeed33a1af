"""Statuses as plain lines, one per change; a live picture once the terminal is all there is.

The library that draws is loaded with that picture: beside an icon in the tray nobody needs it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TextIO

from traymon.core.model import Change, Status
from traymon.ui import presenter

WAKE_INTERVAL = 0.5  # seconds; Windows delivers Ctrl-C only to a main thread that wakes


class TerminalSurface(Protocol):
    """A surface that shows statuses where traymon was started."""

    name: str
    shows: Change
    names_times: bool

    @property
    def is_seen(self) -> bool:
        """Whether somebody may look at it."""

    def print_line(self, line: str) -> None:
        """Print a line of traymon's own."""

    def show(self, statuses: Sequence[Status], changes: Mapping[str, Change]) -> None:
        """Show the statuses; see `hub.Surface`."""

    def run(self, stopping: threading.Event) -> None:
        """Show the statuses until `stopping` is set."""


class TerminalLines:
    """Prints a line for each new headline. A surface; `run` blocks another thread than `show`'s."""

    name = "terminal"
    shows = Change.HEADLINE | Change.DETAILS | Change.MUTE
    names_times = True

    def __init__(self, out: TextIO | None, now: Callable[[], float] = time.time) -> None:
        """`out` None: nobody sees what is printed, so nothing is."""
        self._out, self._now = out, now
        self._statuses: Sequence[Status] = ()
        self._picture: TerminalSurface | None = None

    @property
    def is_seen(self) -> bool:
        """Whether somebody may look at this terminal."""
        return self._out is not None and self._out.isatty()

    def print_line(self, line: str) -> None:
        """Print a line."""
        if self._out is not None:
            self._out.write(f"{line}\n")
            self._out.flush()

    def show(self, statuses: Sequence[Status], changes: Mapping[str, Change]) -> None:
        """Print a line for each new headline, unless the live picture shows it."""
        self._statuses = statuses
        if self._picture is not None:
            self._picture.show(statuses, changes)
            return
        for status in statuses:
            if Change.HEADLINE & changes.get(status.target.name, Change.NOTHING):
                now = self._now()
                at = time.strftime("%H:%M:%S", time.localtime(now))
                self.print_line(f"{at}  {presenter.status_line(status, now)}")

    def run(self, stopping: threading.Event) -> None:
        """Show the statuses until `stopping` is set; on a screen as a live picture."""
        if not self.is_seen:
            while not stopping.wait(WAKE_INTERVAL):
                pass
            return
        from rich.console import Console

        from traymon.ui.terminal import Terminal

        picture = Terminal(Console(file=self._out, highlight=False), self._now)
        picture.show(self._statuses, {})
        self._picture = picture
        picture.run(stopping)
