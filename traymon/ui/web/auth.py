"""Who may see and use the live page: only this user's browser, and commands that hold his secret.

Any program and any web page on this machine can reach a port of 127.0.0.1. So every request has
to name this very server (or a foreign name could be pointed at it), has to carry the cookie that
only a one-time address gives, and to change anything it has to come from the page itself.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

OPEN = "/open/"
TOKEN_HEADER = "x-traymon-token"
ONE_TIME = 120.0  # seconds for which a one-time address is good
MOST_BODY = 1024  # bytes; no request of the page has a body at all
POLICY = (
    *("default-src 'none'", "style-src 'self'", "script-src 'self'", "connect-src 'self'"),
    *("img-src 'self' data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"),
)
HEADERS = {
    "content-security-policy": "; ".join(POLICY),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
# A browser does not send a strict cookie along a redirect that another place began; a page that
# goes on by itself begins anew.
REDIRECT_PAGE = (
    '<!doctype html><html lang="en"><head><title>traymon</title>'
    '<meta http-equiv="refresh" content="0; url=/"></head>'
    '<body><a href="/">traymon</a></body></html>'
)


class Keys:
    """The secrets of one run: of the cookie, of the page's own requests, of one-time addresses."""

    def __init__(self) -> None:
        self.cookie = secrets.token_urlsafe(32)
        self.page = secrets.token_urlsafe(32)
        self.owner = secrets.token_urlsafe(32)
        self._one_time: dict[str, float] = {}

    def one_time(self) -> str:
        """Return a token that opens the page once."""
        token = secrets.token_urlsafe(32)
        self._one_time[token] = time.monotonic() + ONE_TIME
        return token

    def redeem(self, token: str) -> bool:
        """Tell whether the token opens the page, and spend it."""
        known = next((t for t in list(self._one_time) if same(t, token)), None)
        until = 0.0 if known is None else self._one_time.pop(known)
        return time.monotonic() < until


def same(one: str, other: str) -> bool:
    """Compare two secrets without telling by the time it takes where they differ."""
    return secrets.compare_digest(one.encode(), other.encode())


class Guard:
    """ASGI middleware: refuses whatever is not this user's."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app, self._keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or hand on to the page."""
        if scope["type"] != "http":
            return
        request = Request(scope)
        port = scope["server"][1]
        response = self._refusal(request, port)
        if response is None:
            await self._app(scope, _bounded(receive), _with_headers(send))
            return
        response.headers["connection"] = "close"  # what it still wants to send is not read
        await response(scope, receive, _with_headers(send))

    def _refusal(self, request: Request, port: int) -> Response | None:
        """Return the answer to a request that goes no further; None where it may."""
        own = {f"127.0.0.1:{port}", f"localhost:{port}"}
        if request.headers.getlist("host") not in [[name] for name in own]:
            return PlainTextResponse("Misdirected Request", 421)
        if int(request.headers.get("content-length", "0") or 0) > MOST_BODY:
            return PlainTextResponse("Content Too Large", 413)
        owner = request.headers.get("authorization", "").removeprefix("Bearer ")
        if "origin" not in request.headers and owner and same(owner, self._keys.owner):
            request.scope["owner"] = True
            return None
        if request.url.path.startswith(OPEN):
            return self._open(request, port)
        if not same(request.cookies.get(cookie(port), ""), self._keys.cookie):
            return PlainTextResponse(
                "Open this page from traymon's icon, or with: traymon open", 401
            )
        if request.method in ("GET", "HEAD"):
            return None
        origin = request.headers.get("origin", "")
        site = request.headers.get("sec-fetch-site", "same-origin")
        if origin not in {f"http://{name}" for name in own} or site != "same-origin":
            return PlainTextResponse("Forbidden", 403)
        if not same(request.headers.get(TOKEN_HEADER, ""), self._keys.page):
            return PlainTextResponse("Forbidden", 403)
        return None

    def _open(self, request: Request, port: int) -> Response:
        if request.method != "GET":
            return PlainTextResponse("Method Not Allowed", 405)
        if not self._keys.redeem(unquote(request.url.path.removeprefix(OPEN))):
            return PlainTextResponse("Unauthorized: used or too old; see traymon open", 401)
        response = HTMLResponse(REDIRECT_PAGE)
        response.set_cookie(
            cookie(port), self._keys.cookie, httponly=True, samesite="strict", path="/"
        )
        return response


def cookie(port: int) -> str:
    """Return the cookie's name: browsers share cookies between the ports of one host."""
    return f"traymon-{port}"


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            kept = [(name, value) for name, value in message["headers"] if name != b"server"]
            named = {name for name, _ in kept}
            kept += [
                (name.encode(), value.encode())
                for name, value in HEADERS.items()
                if name.encode() not in named
            ]
            message["headers"] = kept
        await send(message)

    return sending


def _bounded(receive: Receive) -> Receive:
    left = MOST_BODY

    async def receiving() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        return message if left >= 0 else {"type": "http.disconnect"}

    return receiving


class TimeLimitedProtocol(H11Protocol):
    """uvicorn's HTTP with two bounds more: on connections, and on the time for a request."""

    MOST = 64  # connections
    REQUEST_WITHIN = 5.0  # seconds from a connection, or its last answer, to a whole request

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Take a connection, if there is room."""
        super().connection_made(transport)
        if len(self.connections) > self.MOST:
            transport.abort()
        else:
            self._await_request()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a request that is whole by then is not waited for any more."""
        super().data_received(data)
        self._await_request()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._await_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        super().connection_lost(exc)
        if self._deadline is not None:
            self._deadline.cancel()

    def _await_request(self) -> None:
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        elif not busy and self._deadline is None:
            self._deadline = self.loop.call_later(self.REQUEST_WITHIN, self.transport.abort)
