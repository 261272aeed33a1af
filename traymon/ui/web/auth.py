"""Who may see and use the live page: this user's browser, and commands that hold the owner key.

Every program and web page on this machine can reach a port of 127.0.0.1. So each request must name
this server as its host (another site's name could be pointed at this address), must carry the
cookie that only a one-time address sets, and must come from the page itself to change anything.
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

OPEN_PATH = "/open/"
TOKEN_HEADER = "x-traymon-token"
ONE_TIME_LIFETIME = 120.0  # seconds for which a one-time address is valid
MAX_REQUEST_BODY = 1024  # bytes; no request of the page has a body
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
# Browsers omit SameSite=Strict cookies on a redirect started elsewhere, so we answer with a page
# that reloads itself instead of a 302.
REDIRECT_PAGE = (
    '<!doctype html><html lang="en"><head><title>traymon</title>'
    '<meta http-equiv="refresh" content="0; url=/"></head>'
    '<body><a href="/">traymon</a></body></html>'
)


class Keys:
    """The secrets of one run: the cookie, the page's token, the owner key, one-time tokens."""

    def __init__(self) -> None:
        self.cookie = secrets.token_urlsafe(32)
        self.page = secrets.token_urlsafe(32)
        self.owner = secrets.token_urlsafe(32)
        self._one_time: dict[str, float] = {}

    def one_time(self) -> str:
        """Return a token that opens the page once."""
        token = secrets.token_urlsafe(32)
        self._one_time[token] = time.monotonic() + ONE_TIME_LIFETIME
        return token

    def redeem(self, token: str) -> bool:
        """Use up a one-time token; return whether it was valid."""
        known = next((t for t in list(self._one_time) if constant_time_equal(t, token)), None)
        return known is not None and time.monotonic() < self._one_time.pop(known)


def constant_time_equal(one: str, other: str) -> bool:
    """Compare two secrets; the time it takes does not reveal where they differ."""
    return secrets.compare_digest(one.encode(), other.encode())


class Guard:
    """ASGI middleware that refuses every request but this user's."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app, self._keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it to the page."""
        if scope["type"] != "http":
            return
        request = Request(scope)
        port = scope["server"][1]
        response = self._refusal(request, port)
        if response is None:
            await self._app(scope, _bounded(receive), _with_headers(send))
            return
        response.headers["connection"] = "close"  # the rest of the request is not read
        await response(scope, receive, _with_headers(send))

    def _refusal(self, request: Request, port: int) -> Response | None:
        """Return the response that refuses or redirects a request; None if it may pass."""
        own = {f"127.0.0.1:{port}", f"localhost:{port}"}
        if request.headers.getlist("host") not in [[name] for name in own]:
            return PlainTextResponse("Misdirected Request", 421)
        if int(request.headers.get("content-length", "0") or 0) > MAX_REQUEST_BODY:
            return PlainTextResponse("Content Too Large", 413)
        owner = request.headers.get("authorization", "").removeprefix("Bearer ")
        if (
            "origin" not in request.headers
            and owner
            and constant_time_equal(owner, self._keys.owner)
        ):
            request.scope["owner"] = True
            return None
        if request.url.path.startswith(OPEN_PATH):
            return self._redeem(request, port)
        if not constant_time_equal(request.cookies.get(cookie_name(port), ""), self._keys.cookie):
            return PlainTextResponse(
                "Open this page from traymon's icon, or with: traymon open", 401
            )
        if request.method in ("GET", "HEAD"):
            return None
        origin = request.headers.get("origin", "")
        site = request.headers.get("sec-fetch-site", "same-origin")
        if origin not in {f"http://{name}" for name in own} or site != "same-origin":
            return PlainTextResponse("Forbidden", 403)
        if not constant_time_equal(request.headers.get(TOKEN_HEADER, ""), self._keys.page):
            return PlainTextResponse("Forbidden", 403)
        return None

    def _redeem(self, request: Request, port: int) -> Response:
        if request.method != "GET":
            return PlainTextResponse("Method Not Allowed", 405)
        if not self._keys.redeem(unquote(request.url.path.removeprefix(OPEN_PATH))):
            return PlainTextResponse("Unauthorized: used or too old; see traymon open", 401)
        response = HTMLResponse(REDIRECT_PAGE)
        response.set_cookie(
            cookie_name(port), self._keys.cookie, httponly=True, samesite="strict", path="/"
        )
        return response


def cookie_name(port: int) -> str:
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
    left = MAX_REQUEST_BODY

    async def receiving() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        return message if left >= 0 else {"type": "http.disconnect"}

    return receiving


class TimeLimitedProtocol(H11Protocol):
    """uvicorn's HTTP protocol with a limit on connections and on the time for a request."""

    MAX_CONNECTIONS = 64
    REQUEST_TIMEOUT = 5.0  # seconds from the connection, or its last response, to a whole request

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Accept the connection if there is room."""
        super().connection_made(transport)
        if len(self.connections) > self.MAX_CONNECTIONS:
            transport.abort()
        else:
            self._update_deadline()

    def data_received(self, data: bytes) -> None:
        """Take bytes; a request that is complete stops the clock."""
        super().data_received(data)
        self._update_deadline()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._update_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the deadline."""
        super().connection_lost(exc)
        if self._deadline is not None:
            self._deadline.cancel()

    def _update_deadline(self) -> None:
        busy = self.cycle is not None and not self.cycle.response_complete
        if busy and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        elif not busy and self._deadline is None:
            self._deadline = self.loop.call_later(self.REQUEST_TIMEOUT, self.transport.abort)
