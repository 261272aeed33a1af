"""The addresses of the week ahead: as JSON, as a calendar file, and the address of that file.

Calendar programs send no header, so the file's key is in its address. It opens nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from traymon.core.model import Status
from traymon.core.week_ahead import MAX_DAYS
from traymon.ui import coming_up
from traymon.ui.calendar_source import CalendarSource
from traymon.ui.coming_up import DAYS_ALLOWED, FILE_DAYS, SHOWN_DAYS, Planned
from traymon.ui.web.auth import CALENDAR_PATH

ADDRESS_PATH = "/calendar-address"


class CalendarRoutes:
    """Answers requests that have passed the guard; in threads, since these are plain functions."""

    def __init__(
        self,
        source: CalendarSource,
        statuses: Callable[[], Sequence[Status]],
        now: Callable[[], float],
        port: int,
    ) -> None:
        self._source, self._statuses, self._now, self._port = source, statuses, now, port

    def routes(self) -> list[Route]:
        """Return the routes of all addresses."""
        return [
            Route("/calendar", self._plan),
            Route(CALENDAR_PATH, self._file),
            Route(ADDRESS_PATH, self._address, methods=["POST"]),
            Route(f"{ADDRESS_PATH}/new", self._new_address, methods=["POST"]),
        ]

    def _plan_of(self, days: int) -> list[Planned]:
        return coming_up.plan_of(self._statuses(), self._source, self._now(), days)

    def _plan(self, request: Request) -> Response:
        text = request.query_params.get("days", str(SHOWN_DAYS))
        if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MAX_DAYS):
            return PlainTextResponse(f"days is {DAYS_ALLOWED}", 400)
        days = int(text)
        return JSONResponse(coming_up.as_json(self._plan_of(days), days))

    def _file(self, request: Request) -> Response:
        from traymon.ui import ics

        return Response(
            ics.calendar_file(self._plan_of(FILE_DAYS), self._now()),
            media_type=f"{ics.MEDIA_TYPE}; charset=utf-8",
            headers={"content-disposition": 'inline; filename="traymon.ics"'},
        )

    def _address(self, request: Request) -> Response:
        return self._address_with(self._source.key() or self._source.create_key())

    def _new_address(self, request: Request) -> Response:
        return self._address_with(self._source.create_key())

    def _address_with(self, key: str) -> Response:
        """Answer with the file's address, and whether that outlives a restart of traymon."""
        url = f"http://127.0.0.1:{self._port}{CALENDAR_PATH}?key={key}"
        return JSONResponse({"url": url, "lasts": self._source.page_port == self._port})
