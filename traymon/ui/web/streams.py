"""Server-sent events: bring every change of the statuses to the open pages."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence

from traymon.core.model import Status
from traymon.ui import presenter
from traymon.ui.web import render

MAX_STREAMS = 8  # open pages; one more ends the oldest one's stream
MIN_UPDATE_INTERVAL = 0.25  # seconds between two events of a stream
ALIVE_INTERVAL = 4.0  # seconds after which a stream without changes says that it is alive


class Streams:
    """The streams of all open pages. Everything is called on the page's loop."""

    def __init__(
        self,
        statuses: Callable[[], Sequence[Status]],
        now: Callable[[], float],
        set_viewer_present: Callable[[bool], None],
    ) -> None:
        self._statuses, self._now = statuses, now
        self._set_viewer_present = set_viewer_present
        self._changed = asyncio.Event()
        self._ends: list[asyncio.Event] = []  # one per stream, oldest first; set to end it

    def open(self) -> AsyncIterator[str]:
        """Return the events of one more page; the oldest stream ends if there are too many."""
        self._end_oldest(len(self._ends) - MAX_STREAMS + 1)
        return self._events()

    def wake(self) -> None:
        """Let every stream send the statuses as they are now."""
        self._changed.set()
        self._changed = asyncio.Event()

    def end_all(self) -> None:
        """End every stream."""
        self._end_oldest(len(self._ends))

    def _end_oldest(self, count: int) -> None:
        for end in self._ends[: max(count, 0)]:
            end.set()
        self.wake()

    async def _events(self) -> AsyncIterator[str]:
        end = asyncio.Event()
        self._ends.append(end)
        self._set_viewer_present(True)
        try:
            while not end.is_set():
                changed = self._changed
                yield await asyncio.to_thread(self._status_event)
                await asyncio.sleep(MIN_UPDATE_INTERVAL)
                while not await _is_set_within(changed, ALIVE_INTERVAL):
                    yield "event: alive\ndata:\n\n"  # page.js takes silence for a hang
        finally:
            self._ends.remove(end)
            self._set_viewer_present(bool(self._ends))

    def _status_event(self) -> str:
        """Render the part of the page that changes. Off the loop: it takes milliseconds."""
        statuses = presenter.worst_first(self._statuses())
        return f"data: {json.dumps(render.live_event(statuses, self._now()))}\n\n"


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
