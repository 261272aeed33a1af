"""The live page on 127.0.0.1: the fix steps, which turn green by themselves.

With page_guard.py the only importer of starlette and uvicorn. Looks at nothing: it shows the
statuses that it is given, and what the user asks for there is handed on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
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
from traymon.core.model import Status
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui import presenter
from traymon.ui.web import render
from traymon.ui.web.auth import OPEN, Guard, Keys, TimeLimitedProtocol

log = logging.getLogger(__name__)

MOST_STREAMS = 8  # open pages; of more, the oldest stands still
MIN_UPDATE_INTERVAL = 0.25  # seconds between two pictures sent to an open page
ALIVE = 15.0  # seconds after which an unchanged page is sent a sign of life
STOP_WITHIN = 1  # seconds for answers that are under way


@dataclass(frozen=True, slots=True)
class PageActions:
    """What the page can ask for. Each returns at once."""

    check_now: Callable[[], None]
    pause_or_resume: Callable[[], None]
    open_page: Callable[[], None]
    snooze: Callable[[str], None]  # a wish as `windows.snooze_until` takes it; raises ValueError
    set_viewer_present: Callable[[bool], None]  # whether anybody has the page open


class LivePage:
    """Serves the page. Everything but `address` is called on the monitor's loop."""

    def __init__(
        self,
        actions: PageActions,
        now: Callable[[], float],
        as_json: Callable[[Status], dict[str, Any]],
        port: int = 0,
    ) -> None:
        """`port` 0 takes a free one."""
        self._actions, self._now, self._as_json, self._wanted = actions, now, as_json, port
        self.keys = Keys()
        self.port: int | None = None  # once it is served
        self._statuses: dict[str, Status] = {}
        self._changed = asyncio.Event()
        self._streams: list[asyncio.Event] = []  # each is set where its stream shall end
        self._server: _Server | None = None

    def address(self) -> str | None:
        """Return an address that opens the page once; None while it is not served."""
        if self.port is None:
            return None
        return f"http://127.0.0.1:{self.port}{OPEN}{self.keys.one_time()}"

    async def serve(self, on_ready: Callable[[int], None]) -> None:
        """Serve until cancelled; `on_ready` is told the port. Raises OSError where none is free."""
        listening = _listen(self._wanted)
        config = uvicorn.Config(
            self._app(),
            http=TimeLimitedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,  # addresses hold secrets
            server_header=False,
            date_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=STOP_WITHIN,
            h11_max_incomplete_event_size=16_384,
        )
        self._server = server = _Server(config)
        self.port = listening.getsockname()[1]
        on_ready(self.port)
        try:
            await server.serve(sockets=[listening])
        finally:
            self.port = None
            listening.close()

    def stop(self) -> None:
        """End the open pages and `serve`."""
        self._end_streams(len(self._streams))
        if self._server is not None:
            self._server.end()

    def show(self, status: Status) -> None:
        """Show a status; returns at once."""
        self._statuses[status.target.name] = status
        self._wake_streams()

    def _wake_streams(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    def _end_streams(self, count: int) -> None:
        """Let the oldest streams come to their end."""
        for ended in self._streams[: max(count, 0)]:
            ended.set()
        self._wake_streams()

    def _app(self) -> Starlette:
        routes = [
            Route("/", self._page),
            Route("/events", self._events),
            Route("/explain/{code}", self._explain),
            Route("/report", self._report),
            Route("/status", self._status),
            Route("/page.css", _asset("page.css", "text/css")),
            Route("/page.js", _asset("page.js", "text/javascript")),
            Route("/check-now", self._act(self._actions.check_now), methods=["POST"]),
            Route("/pause", self._act(self._actions.pause_or_resume), methods=["POST"]),
            Route("/snooze/{wish:path}", self._snooze, methods=["POST"]),
            Route("/open-page", self._act(self._actions.open_page), methods=["POST"]),
            Route("/one-time", self._one_time, methods=["POST"]),
        ]
        return Starlette(routes=routes, middleware=[Middleware(Guard, keys=self.keys)])

    def _worst_first(self) -> Sequence[Status]:
        return presenter.worst_first(tuple(self._statuses.values()))

    async def _page(self, request: Request) -> Response:
        whole = render.live_page(self._worst_first(), self._now(), self.keys.page)
        return HTMLResponse(whole)

    async def _events(self, request: Request) -> Response:
        self._end_streams(len(self._streams) - MOST_STREAMS + 1)
        return StreamingResponse(self._pictures(), media_type="text/event-stream")

    async def _pictures(self) -> AsyncIterator[str]:
        """Yield the page's changing part whenever it has changed."""
        ended = asyncio.Event()
        self._streams.append(ended)
        self._actions.set_viewer_present(True)
        try:
            last = ""
            while not ended.is_set():
                changed = self._changed
                statuses = self._worst_first()
                picture = render.live_part(statuses, self._now())
                if picture != last:
                    last = picture
                    light = presenter.light(statuses)
                    yield f"data: {json.dumps({'html': picture, 'light': light.word})}\n\n"
                else:
                    yield ": alive\n\n"
                await asyncio.sleep(MIN_UPDATE_INTERVAL)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ALIVE):
                        await changed.wait()
        finally:
            self._streams.remove(ended)
            self._actions.set_viewer_present(bool(self._streams))

    async def _explain(self, request: Request) -> Response:
        code = request.path_params["code"]
        if code not in ENTRIES:
            return PlainTextResponse("There is no such page.", 404)
        return HTMLResponse(render.explain_page(code))

    async def _report(self, request: Request) -> Response:
        texts = [render.report(status, self._now()) for status in self._worst_first()]
        return PlainTextResponse("\n".join(texts))

    async def _status(self, request: Request) -> Response:
        return JSONResponse([self._as_json(status) for status in self._worst_first()])

    async def _one_time(self, request: Request) -> Response:
        if not request.scope.get("owner"):
            return PlainTextResponse("Forbidden", 403)
        return JSONResponse({"url": self.address()})

    async def _snooze(self, request: Request) -> Response:
        try:
            self._actions.snooze(request.path_params["wish"])
        except ValueError as error:
            return PlainTextResponse(str(error), 400)
        return Response(status_code=204)

    def _act(self, action: Callable[[], None]) -> Callable[[Request], Any]:
        async def act(request: Request) -> Response:
            action()
            return Response(status_code=204)

        return act


class _Server(uvicorn.Server):
    """uvicorn without handlers of signals, which are the main thread's, and without a tick.

    Its own loop wakes ten times a second, mostly for a header with the date: a fifth of a percent
    of a core, for a page that nobody looks at.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ended = asyncio.Event()

    def end(self) -> None:
        """Let `serve` return."""
        self.should_exit = True
        self._ended.set()

    async def main_loop(self) -> None:
        """Wait for the end."""
        await self._ended.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        """Leave the signals alone."""
        yield


def _listen(port: int) -> socket.socket:
    """Return a listening socket on 127.0.0.1; on a free port where the wanted one is taken."""
    listening = socket.socket()
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as error:
        if not port:
            listening.close()
            raise
        log.warning("the page's port %s cannot be used, another one is: %s", port, error)
        listening.bind(("127.0.0.1", 0))
    return listening


def _asset(name: str, kind: str) -> Callable[[Request], Any]:
    async def asset(request: Request) -> Response:
        text = (assets.folder() / name).read_text(encoding="utf-8")
        return Response(text, media_type=kind)

    return asset
