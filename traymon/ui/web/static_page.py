"""The fix page as a file in the state folder, for when the live page cannot be served.

Once it was opened it is renewed with every change of the headline, and every minute: the page
reloads itself, so an open one follows, and one that was left behind says that it is old. The
templates are loaded when a page is first opened.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from zlib import crc32

from traymon.core.model import Change, Status
from traymon.storage.files import write_atomically
from traymon.ui.calendar_source import NO_CALENDARS, CalendarSource
from traymon.ui.web.dashboards import Dashboards

OF_ALL = "targets.html"
RENEW_AFTER = 50.0  # seconds; less than the hub's interval, and far less than a page counts as old


class StaticPages:
    """One HTML file per target, and one of all if there are several. A surface."""

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
        self._written: dict[str | None, float] = {}  # when, by target name; None: the page of all

    def show(self, statuses: Sequence[Status], changes: Mapping[str, Change]) -> None:
        """Renew every page that was opened and is old, or that has a new headline."""
        self._statuses = statuses
        new = {name for name, change in changes.items() if change & self.shows}
        if None in self._written and (new or self._is_old(None)):
            self._write_all(statuses)
        for status in self._opened():
            if status.target.name in new or self._is_old(status.target.name):
                self._write_one(status)

    def _is_old(self, page: str | None) -> bool:
        return self._now() - self._written[page] >= RENEW_AFTER

    def end(self) -> None:
        """Let every page that was opened say that traymon has ended. Raises OSError."""
        if not self._written:
            return
        from traymon.ui.web import static_html

        now = self._now()
        for status in self._opened():
            board = next(iter(self._dashboards.read([status])), None)
            page = static_html.ended_page(status, now, board, self._back())
            write_atomically(self.path(status.target.name), page)
        if None in self._written:
            page = static_html.overview_page(self._statuses, now, self._href, ended=True)
            write_atomically(self._folder / OF_ALL, page)

    def _opened(self) -> list[Status]:
        return [status for status in self._statuses if status.target.name in self._written]

    def path(self, target: str) -> Path:
        """Return the path of a target's page."""
        slug = re.sub(r"[^A-Za-z0-9_-]+", "-", target).strip("-")
        if slug != target:  # another name may be cut down to the same
            slug += f"-{crc32(target.encode('utf-8', 'surrogatepass')):08x}"
        return self._folder / f"fix-{slug}.html"

    def write(self, statuses: Sequence[Status], named: Status | None = None) -> Path:
        """Write the page of all targets, and those that it leads to; return the named one's path.

        Without a name that is the page of all. Raises OSError, or ImportError if traymon's files
        were moved before any page was opened.
        """
        self._statuses = statuses
        several = len(statuses) > 1
        if several:
            self._write_all(statuses)
        for status in statuses:
            self._write_one(status)
        if several and named is None:
            return self._folder / OF_ALL
        return self.path((named or statuses[0]).target.name)

    def _write_all(self, statuses: Sequence[Status]) -> None:
        from traymon.ui import coming_up
        from traymon.ui.web import static_html

        now = self._now()
        plan = coming_up.plan_of(statuses, self._calendars, now)
        page = static_html.overview_page(statuses, now, self._href, plan)
        write_atomically(self._folder / OF_ALL, page)
        self._written[None] = now

    def _write_one(self, status: Status) -> None:
        from traymon.ui import coming_up
        from traymon.ui.web import static_html

        now = self._now()
        plan = coming_up.plan_of([status], self._calendars, now)
        board = next(iter(self._dashboards.read([status])), None)
        page = static_html.page(status, now, board, plan, self._back())
        write_atomically(self.path(status.target.name), page)
        self._written[status.target.name] = now

    def _back(self) -> str:
        return OF_ALL if None in self._written else ""

    def _href(self, status: Status) -> str:
        return self.path(status.target.name).name
