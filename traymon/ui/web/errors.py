"""What the page's server answers to a request that it cannot serve: plain words, for a person.

A browser that was sent to an address gets a page; a script or a command gets one line.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from traymon.ui.web import side_pages

TITLES = {404: "There is no such page", 405: "This request is not allowed"}
INTERNAL = "traymon cannot show this page"


class Refusals:
    """Makes the responses to requests that cannot be served."""

    def __init__(self, command: Callable[[], str]) -> None:
        """`command` returns what starts this traymon in a terminal."""
        self._command = command

    def refuse(self, request: Request, status: int, title: str) -> Response:
        """Return the response to a request that is refused with this HTTP status."""
        if request.method != "GET" or "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse(f"{title}.", status)
        page, policy = side_pages.error_page(status, title, self._command())
        return HTMLResponse(page, status, headers={"content-security-policy": policy})

    async def on_http_error(self, request: Request, error: Exception) -> Response:
        """Answer a request for an address that does not exist, or with another method."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        return self.refuse(request, status, TITLES.get(status, INTERNAL))

    async def on_failure(self, request: Request, error: Exception) -> Response:
        """Answer a request whose handler has failed; the server logs the error."""
        return self.refuse(request, 500, INTERNAL)
