"""Who may see and use the live page: this user's browser, and commands that hold the owner key.

Every program and web page on this machine can reach a port of 127.0.0.1. So each request must name
this server as its host (another site's name could be pointed at this address), and must carry a key
in a header. A cookie would not do: browsers send those of 127.0.0.1 to every port of it, and any
other server here could collect them. The page keeps its key in the browser's storage, which belongs
to one port alone.

Anybody may have what is the same for everybody: the page without its contents, and the texts that
explain the diagnoses. Calendar programs cannot send a header: the calendar file has a key of its
own, in its address, which opens that file alone.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from traymon.ui.web.errors import TITLES, Refusals
from traymon.ui.web.keys import OPEN_PATH, Keys, constant_time_equal

KEY_PATH = "/key"
EXPLAIN_PATH = "/explain/"
INCIDENTS_PATH = "/incidents/"  # pages without their contents
PHONE_PATH = "/phone"  # the same
CALENDAR_PATH = "/calendar.ics"  # with `?key=`
PUBLIC = {"/", "/page.css", "/page.js", "/actions.js", PHONE_PATH, "/phone.js"}
PUBLIC_PATHS = (OPEN_PATH, EXPLAIN_PATH, INCIDENTS_PATH)
READING = {"GET", "HEAD"}
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


class Guard:
    """ASGI middleware that refuses every request but this user's."""

    def __init__(
        self,
        app: ASGIApp,
        keys: Keys,
        port: int,
        refusals: Refusals,
        calendar_key: Callable[[], str],
    ) -> None:
        """`calendar_key` returns the key of the calendar file; "" if there is none."""
        self._app, self._keys, self._refusals = app, keys, refusals
        self._calendar_key = calendar_key
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it to the page."""
        if scope["type"] != "http":
            return
        response = self._refusal(Request(scope))
        if response is None:
            await self._app(scope, receive, _with_headers(send))
            return
        response.headers["connection"] = "close"  # the rest of the request is not read
        await response(scope, receive, _with_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        """Return the response that refuses a request; None if it may pass."""
        headers, path = request.headers, request.url.path
        if headers.getlist("host") not in [[host] for host in self._hosts]:
            return self._refusals.refuse(request, 421, "traymon does not answer under this name")
        if headers.getlist("content-length") not in ([], ["0"]) or "transfer-encoding" in headers:
            return self._refusals.refuse(
                request, 413, "This request is too large"
            )  # no request of ours has a body
        is_reading = request.method in READING
        if is_reading and (path in PUBLIC or path.startswith(PUBLIC_PATHS)):
            return None
        if is_reading and path == CALENDAR_PATH:
            if not self._opens_calendar(request):
                return self._refusals.refuse(request, 404, TITLES[404])
            request.state.let_in()
            return None
        origins, bearer = headers.getlist("origin"), bearer_of(request)
        if not origins and constant_time_equal(bearer, self._keys.owner):
            request.scope["owner"] = True
        elif path == KEY_PATH or constant_time_equal(bearer, self._keys.page):
            own = ([f"http://{host}"] for host in self._hosts)
            if origins not in [*own, *([[]] if is_reading else [])]:
                return self._refusals.refuse(request, 403, "This request is not allowed")
            if headers.getlist("sec-fetch-site") not in ([], ["same-origin"]):
                return self._refusals.refuse(request, 403, "This request is not allowed")
        else:
            return self._refusals.refuse(request, 401, "Open this page from traymon")
        if path != KEY_PATH:
            request.state.let_in()
        return None

    def _opens_calendar(self, request: Request) -> bool:
        """Tell whether the address of a request holds the key of the calendar file."""
        key, given = self._calendar_key(), request.query_params.getlist("key")
        return bool(key) and len(given) == 1 and constant_time_equal(given[0], key)


def bearer_of(request: Request) -> str:
    """Return the secret that the request carries; an empty text without exactly one."""
    scheme, _, secret = ", ".join(request.headers.getlist("authorization")).partition(" ")
    return secret if scheme == "Bearer" else ""


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
