"""The addresses of the drill, the weekly test alarm: what it has shown, run one, answer one."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from traymon.ui import drill_text
from traymon.ui.drill import DrillDesk, no_drills

CONFLICT = 409  # what is asked for cannot be done now; the answer says why


class DrillRoutes:
    """Answers requests that have passed the guard; in threads, since these are plain functions."""

    def __init__(self, desk: DrillDesk | None) -> None:
        """`desk` None: there are no drills here."""
        self._desk = desk

    def routes(self) -> list[Route]:
        """Return the routes of all addresses."""
        return [
            Route("/drill", self._status),
            Route("/drill/run", self._run, methods=["POST"]),
            Route("/drill/answer", self._answer, methods=["POST"]),
            Route("/drill/answer/{channel:path}", self._answer, methods=["POST"]),
        ]

    def _status(self, request: Request) -> Response:
        view = self._needed().view()
        if view is None:
            return PlainTextResponse(no_drills(), CONFLICT)
        return JSONResponse(drill_text.as_json(view))

    def _run(self, request: Request) -> Response:
        return _answer_with(self._needed().run())

    def _answer(self, request: Request) -> Response:
        return _answer_with(self._needed().answer(request.path_params.get("channel", "")))

    def _needed(self) -> DrillDesk:
        if self._desk is None:
            raise HTTPException(404)
        return self._desk


def _answer_with(why_not: str) -> Response:
    return PlainTextResponse(why_not, CONFLICT) if why_not else Response(status_code=204)
