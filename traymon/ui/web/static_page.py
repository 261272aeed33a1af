"""The fix page as a file in the state folder, for when the live page cannot be served.

Once it was opened it is renewed with every change of the headline, and every minute: the page
reloads itself, so an open one follows, and one that was left behind says that it is old. The
templates are loaded when a page is first opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from traymon.core.model import Change, Status
from traymon.storage.files import write_atomically
from traymon.ui.calendar_source import NO_CALENDARS, CalendarSource
from traymon.ui.web.dashboards import Dashboards

RENEW_AFTER = 50.0  # seconds; less than the hub's interval, and far less than a page counts as old


class StaticPages:
    """One HTML file per target. A surface."""

    name = "static page"
    shows = Change.HEADLINE
    names_times = True  # the page says of when it is

    def __init__(
        self,
        folder: Path,
        now: Callable[[], float],
        calendars: CalendarSource = NO_CALENDARS,
        dashboards: Dashboards | None = None,
    ) -> None:
        """Without `dashboards` the pages show no history."""
        self._folder, self._now, self._calendars = folder, now, calendars
        self._dashboards = dashboards or Dashboards()
        self._statuses: Sequence[Status] = ()
        self._written: dict[str, float] = {}  # when, by target name

    def show(self, statuses: Sequence[Status], changes: Mapping[str, Change]) -> None:
        """Renew every page that was opened and is old, or whose target has a new headline."""
        self._statuses = statuses
        for status in self._opened():
            name = status.target.name
            is_old = self._now() - self._written[name] >= RENEW_AFTER
            if is_old or self.shows & changes.get(name, Change.NOTHING):
                self.write(status)

    def end(self) -> None:
        """Let every page that was opened say that traymon has ended. Raises OSError."""
        for status in self._opened():
            from traymon.ui.web import render

            board = next(iter(self._dashboards.read([status])), None)
            page = render.ended_page(status, self._now(), board)
            write_atomically(self.path(status.target.name), page)

    def _opened(self) -> list[Status]:
        return [status for status in self._statuses if status.target.name in self._written]

    def path(self, target: str) -> Path:
        """Return the path of a target's page."""
        return self._folder / f"fix-{re.sub(r'[^A-Za-z0-9_-]+', '-', target).strip('-')}.html"

    def write(self, status: Status) -> Path:
        """Write the target's page as it is now and return its path.

        Raises OSError, or ImportError if traymon's files were moved before any page was opened.
        """
        from traymon.ui import coming_up
        from traymon.ui.web import render

        path = self.path(status.target.name)
        now = self._now()
        plan = coming_up.plan_of([status], self._calendars.calendar_of, now)
        board = next(iter(self._dashboards.read([status])), None)
        write_atomically(path, render.page(status, now, board, plan))
        self._written[status.target.name] = now
        return path
