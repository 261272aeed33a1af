"""The addresses of the live page, and what each answers.

Handlers that render are plain functions, which starlette runs in a thread of its pool: the page
shares its loop with the monitor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from traymon import assets
from traymon.core.history import HistoryError
from traymon.core.model import Status
from traymon.core.target import USUAL_COMMANDS, Commands
from traymon.diagnosis.catalogue import ENTRIES
from traymon.diagnosis.fix_pages import clean
from traymon.ui import presenter
from traymon.ui.actions import UserActions
from traymon.ui.calendar_source import CalendarSource
from traymon.ui.status_json import as_json
from traymon.ui.web import live_html, side_pages
from traymon.ui.web.auth import EXPLAIN_PATH, INCIDENTS_PATH, KEY_PATH, Guard, bearer_of
from traymon.ui.web.calendar_routes import CalendarRoutes
from traymon.ui.web.dashboards import Dashboards
from traymon.ui.web.drill_routes import DrillRoutes
from traymon.ui.web.errors import Refusals
from traymon.ui.web.keys import OPEN_PATH, Keys
from traymon.ui.web.phone_routes import PhoneRoutes
from traymon.ui.web.reports import diagnosis_markdown, incident_html, incident_markdown
from traymon.ui.web.streams import Streams

MAX_DIGITS = 18  # of an incident's number; those of SQLite fit


class Routes:
    """Answers requests that have passed the guard."""

    def __init__(
        self,
        actions: UserActions,
        statuses: Callable[[], Sequence[Status]],
        now: Callable[[], float],
        keys: Keys,
        one_time_address: Callable[[], str | None],
        streams: Streams,
        calendars: CalendarSource,
        dashboards: Dashboards,
    ) -> None:
        self._actions, self._statuses, self._now = actions, statuses, now
        self._keys, self._one_time_address, self._streams = keys, one_time_address, streams
        self._calendars, self._dashboards = calendars, dashboards

    def app(self, port: int) -> Starlette:
        """Return the ASGI application that is served on `port`, the guard included."""
        actions = self._actions
        routes = [
            Route("/", self._page),
            Route(f"{OPEN_PATH}{{token}}", self._page),  # page.js trades the token for the key
            Route(KEY_PATH, self._key, methods=["POST"]),
            Route("/events", self._events),
            Route(f"{EXPLAIN_PATH}{{code}}", self._explain),
            Route(f"{INCIDENTS_PATH}{{number}}", self._incident_page),
            Route("/incident/{number}", self._incident),  # what page.js puts into that page
            Route("/incident/{number}/report", self._incident_report),
            Route("/incident/{number}/report.html", self._incident_report),
            Route("/report", self._report),
            Route("/status", self._status),
            Route("/page.css", _asset("page.css", "text/css")),
            Route("/page.js", _asset("page.js", "text/javascript")),
            Route("/actions.js", _asset("actions.js", "text/javascript")),
            Route("/phone.js", _asset("phone.js", "text/javascript")),
            Route("/check-now", self._act_on(actions.check_now), methods=["POST"]),
            Route("/pause", self._pause, methods=["POST"]),
            Route("/resume", self._resume, methods=["POST"]),
            Route("/mute/{target:path}/{word}", self._mute, methods=["POST"]),
            Route("/mine/{target:path}", self._mark_as_mine, methods=["POST"]),
            Route("/programs/{key}/{word}", self._expect_program, methods=["POST"]),
            Route("/show-window/{target:path}", self._show_window, methods=["POST"]),
            Route("/snooze/{wish:path}", self._snooze, methods=["POST"]),
            Route("/tws-settings", self._act_on(actions.look_at_tws_settings), methods=["POST"]),
            Route("/use-settings", _act(actions.use_new_settings), methods=["POST"]),
            Route("/open-tws-logs", self._act_on(actions.open_tws_logs), methods=["POST"]),
            Route("/open-page", _act(lambda: actions.open_fix_page(None)), methods=["POST"]),
            Route("/one-time", self._one_time, methods=["POST"]),
            Route("/make-room", self._make_room, methods=["POST"]),
            Route("/quit", _act_for_owner(actions.quit), methods=["POST"]),
            Route("/restart", _act_for_owner(actions.restart), methods=["POST"]),
            Route("/watch-too", self._watch_too, methods=["POST"]),
            *CalendarRoutes(self._calendars, self._statuses, self._now, port).routes(),
            *DrillRoutes(actions.drills).routes(),
            *PhoneRoutes(actions.phone, lambda: self._commands().traymon).routes(),
        ]
        refusals = Refusals(lambda: self._commands().traymon)
        return Starlette(
            routes=routes,
            middleware=[Middleware(Guard, self._keys, port, refusals, self._calendars.key)],
            exception_handlers={HTTPException: refusals.on_http_error, 500: refusals.on_failure},
        )

    def _worst_first(self) -> Sequence[Status]:
        return presenter.worst_first(self._statuses())

    def _commands(self) -> Commands:
        """Return what starts this traymon in a terminal."""
        return next((status.target.commands for status in self._statuses()), USUAL_COMMANDS)

    def _page(self, request: Request) -> Response:
        phone, newer = self._actions.phone is not None, self._actions.newer()
        return HTMLResponse(live_html.live_page(self._commands().traymon, phone=phone, newer=newer))

    async def _key(self, request: Request) -> Response:
        if not self._keys.redeem(bearer_of(request)):
            return PlainTextResponse(
                f"This link was used already or has expired. Run: {self._commands().traymon} open",
                401,
            )
        return PlainTextResponse(self._keys.page)

    async def _events(self, request: Request) -> Response:
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        target = request.query_params.get("target", "")
        return StreamingResponse(self._streams.events(target), media_type="text/event-stream")

    def _explain(self, request: Request) -> Response:
        code = request.path_params["code"]
        if code not in ENTRIES:
            raise HTTPException(404)
        return HTMLResponse(side_pages.explain_page(code, self._commands()))

    def _incident_page(self, request: Request) -> Response:
        return HTMLResponse(side_pages.incident_page(_number(request), self._commands().traymon))

    def _incident(self, request: Request) -> Response:
        try:
            found = self._dashboards.find_incident(self._statuses(), _number(request))
        except HistoryError as error:
            return HTMLResponse(side_pages.incident_contents("", None, clean(str(error))))
        target, incident = found or ("", None)
        return HTMLResponse(side_pages.incident_contents(target, incident))

    def _incident_report(self, request: Request) -> Response:
        """Answer with an incident's report, which page.js copies or saves: never shown here."""
        try:
            report = self._dashboards.report_incident(self._statuses(), _number(request))
        except HistoryError as error:
            return PlainTextResponse(clean(str(error)), 503)
        if report is None:
            raise HTTPException(404)
        write = incident_html if request.url.path.endswith(".html") else incident_markdown
        return PlainTextResponse(write(report, self._now()))

    def _report(self, request: Request) -> Response:
        reports = [diagnosis_markdown(status, self._now()) for status in self._meant(request)]
        return PlainTextResponse("\n".join(reports))

    def _status(self, request: Request) -> Response:
        return JSONResponse([as_json(status) for status in self._worst_first()])

    def _meant(self, request: Request) -> Sequence[Status]:
        """Return the target that a request names, or else all of them, the worst first.

        Raises HTTPException if that target is not watched: nothing is done to others in its place.
        """
        name = _target(request)
        if name is None:
            return self._worst_first()
        named = [one for one in self._statuses() if clean(one.target.name) == name]
        if not named:
            raise HTTPException(404)
        return named

    def _name(self, request: Request) -> str | None:
        """Return the target that an action is for; None: all. Raises HTTPException, as above."""
        return None if _target(request) is None else self._meant(request)[0].target.name

    def _act_on(self, action: Callable[[str | None], None]) -> Handler:
        async def act(request: Request) -> Response:
            action(self._name(request))
            return Response(status_code=204)

        return act

    async def _pause(self, request: Request) -> Response:
        """Pause; a page that did not know of a pause yet must not end it."""
        if not presenter.all_paused(self._meant(request)):
            self._actions.pause_or_resume(self._name(request))
        return Response(status_code=204)

    async def _resume(self, request: Request) -> Response:
        if presenter.all_paused(self._meant(request)):
            self._actions.pause_or_resume(self._name(request))
        return Response(status_code=204)

    async def _mute(self, request: Request) -> Response:
        word = request.path_params["word"]
        if word not in ("on", "off"):
            raise HTTPException(404)
        self._actions.mute(self._meant(request)[0].target.name, word == "on")
        return Response(status_code=204)

    async def _mark_as_mine(self, request: Request) -> Response:
        self._actions.mark_as_mine(self._meant(request)[0].target.name)
        return Response(status_code=204)

    async def _expect_program(self, request: Request) -> Response:
        try:
            self._actions.expect_program(request.path_params["key"], request.path_params["word"])
        except ValueError as error:
            return PlainTextResponse(str(error), 400)
        return Response(status_code=204)

    async def _show_window(self, request: Request) -> Response:
        self._actions.show_window(self._meant(request)[0].target.name)
        return Response(status_code=204)

    async def _snooze(self, request: Request) -> Response:
        try:
            self._actions.snooze(request.path_params["wish"], self._name(request))
        except ValueError as error:
            return PlainTextResponse(str(error), 400)
        return Response(status_code=204)

    async def _one_time(self, request: Request) -> Response:
        if not request.scope.get("owner"):
            return PlainTextResponse("Forbidden", 403)
        return JSONResponse({"url": self._one_time_address()})

    async def _make_room(self, request: Request) -> Response:
        if not request.scope.get("owner"):
            return PlainTextResponse("Forbidden", 403)
        return JSONResponse({"ends": self._actions.make_room()})

    def _watch_too(self, request: Request) -> Response:  # in a thread: it takes a second
        if not request.scope.get("owner"):
            return PlainTextResponse("Forbidden", 403)
        return JSONResponse({"why_not": self._actions.watch_too(dict(request.query_params))})


def _target(request: Request) -> str | None:
    """Return the name of the target that a request is about; None if it names none."""
    name = request.path_params.get("target", request.query_params.get("target"))
    return None if name is None else str(name)


def _number(request: Request) -> int:
    """Return the number that an address ends with. Raises HTTPException if it is none."""
    text = request.path_params["number"]
    if not (text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS):
        raise HTTPException(404)
    return int(text)


Handler = Callable[[Request], object]


def _act(action: Callable[[], None]) -> Handler:
    async def act(request: Request) -> Response:
        action()
        return Response(status_code=204)

    return act


def _act_for_owner(action: Callable[[], None]) -> Handler:
    """Return a handler for commands of this user, which have the owner's key, unlike a page."""

    async def act(request: Request) -> Response:
        if not request.scope.get("owner"):
            return PlainTextResponse("Forbidden", 403)
        action()
        return Response(status_code=204)

    return act


def _asset(name: str, media_type: str) -> Handler:
    def asset(request: Request) -> Response:
        text = (assets.folder() / name).read_text(encoding="utf-8")
        return Response(text, media_type=media_type)

    return asset
