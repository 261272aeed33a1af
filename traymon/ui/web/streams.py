"""Server-sent events: bring every change of the statuses to the open pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence

from traymon.core.model import Status
from traymon.ui import coming_up, presenter
from traymon.ui.calendar_source import CalendarSource
from traymon.ui.dashboard import Dashboard
from traymon.ui.drill import DrillDesk
from traymon.ui.web import live_html
from traymon.ui.web.dashboards import Dashboards

# Open pages that are kept up to date; one more lets the oldest rest. A browser has six connections
# to one server, for all its tabs: the next page, and what the open ones ask for, need some of them.
MAX_STREAMS = 4
MIN_UPDATE_INTERVAL = 0.25  # seconds between two events of a stream
ALIVE_INTERVAL = 4.0  # seconds after which a stream without changes says that it is alive


class Streams:
    """The streams of all open pages. Everything is called on the page's loop."""

    def __init__(
        self,
        statuses: Callable[[], Sequence[Status]],
        now: Callable[[], float],
        set_viewer_present: Callable[[bool], None],
        calendars: CalendarSource,
        dashboards: Dashboards,
        trouble: Callable[[], str],
        drills: DrillDesk | None = None,
    ) -> None:
        self._statuses, self._now = statuses, now
        self._set_viewer_present, self._calendars = set_viewer_present, calendars
        self._dashboards, self._trouble, self._drills = dashboards, trouble, drills
        self._changed = asyncio.Event()
        self._is_over = False
        self._ends: list[asyncio.Event] = []  # one per stream, oldest first; set to end it

    def wake(self) -> None:
        """Let every stream send the statuses as they are now."""
        self._changed.set()
        self._changed = asyncio.Event()

    def end_all(self) -> None:
        """End every stream, for good."""
        self._is_over = True
        self._end_oldest(len(self._ends))

    def _end_oldest(self, count: int) -> None:
        for end in self._ends[: max(count, 0)]:
            end.set()
            self.wake()

    async def events(self, target: str = "") -> AsyncIterator[str]:
        """Yield the events of one more page; the oldest stream ends if there are too many.

        The page is the named target's; the one of all if there is none of this name.
        """
        end = asyncio.Event()
        self._ends.append(end)  # counted as it begins: many can be asked for in one moment
        self._end_oldest(len(self._ends) - MAX_STREAMS)
        self._set_viewer_present(True)
        shown: tuple[Dashboard, ...] = ()
        try:
            while not end.is_set():
                changed = self._changed
                yield await asyncio.to_thread(self._status_event, target)
                boards = await asyncio.to_thread(self._read_dashboards, target)
                if boards != shown:
                    shown = boards
                    yield await asyncio.to_thread(_history_event, boards)
                    # it names some figures
                    yield await asyncio.to_thread(self._status_event, target)
                await asyncio.sleep(MIN_UPDATE_INTERVAL)
                while not await _is_set_within(changed, ALIVE_INTERVAL):
                    yield "event: alive\ndata:\n\n"  # page.js takes silence for a hang
            if not self._is_over:
                yield "event: rest\ndata:\n\n"  # page.js then leaves the others their turn
        finally:
            self._ends.remove(end)
            self._set_viewer_present(bool(self._ends))

    def _status_event(self, target: str) -> str:
        """Render the part of the page that changes. Off the loop: it takes milliseconds."""
        statuses, now = self._statuses(), self._now()
        meant = presenter.named_or_all(statuses, target)
        plan = coming_up.plan_of(meant, self._calendars, now)
        boards = self._dashboards.latest(meant) if len(meant) == 1 else ()
        several = len(statuses) > 1
        event = live_html.live_event(
            meant, now, plan, boards, several=several, gone=target if len(meant) > 1 else ""
        )
        view = None if self._drills is None else self._drills.view()
        event |= {"trouble": self._trouble(), "drill": live_html.drill_part(view)}
        return f"data: {json.dumps(event)}\n\n"

    def _read_dashboards(self, target: str) -> tuple[Dashboard, ...]:
        """Return what the history says of one target. Off the loop: it waits for the disk."""
        meant = presenter.named_or_all(self._statuses(), target)
        return self._dashboards.read(meant) if len(meant) == 1 else ()


def _history_event(dashboards: Sequence[Dashboard]) -> str:
    return f"event: history\ndata: {json.dumps(live_html.history(dashboards))}\n\n"


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
