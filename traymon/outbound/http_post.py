"""Posts to a web server and says what became of it. The only module that speaks HTTP to others.

Follows no redirect, checks certificates, takes the proxy that the environment names, and reads no
more of an answer than status and headers. Runs in the short-lived process, which bounds its time.
"""

from __future__ import annotations

import base64
import email.utils
import http.client
import ssl
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from traymon import __version__
from traymon.outbound.answer import Answer, Verdict

WORTH_A_RETRY = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


class _NoRedirect(HTTPRedirectHandler):
    """Leaves a redirect an error: a message with secrets goes where the user sent it alone."""

    def redirect_request(self, *_: Any) -> None:
        return None


def post(
    url: str, body: bytes, headers: Mapping[str, str], timeout: float, method: str = "POST"
) -> Answer:
    """Send a request; `timeout` is for each wait on the network, seconds."""
    address, authorization = _without_login(url)
    request = Request(address, body, {**authorization, **headers}, method=method)
    request.add_header("User-Agent", f"traymon/{__version__}")
    opener = build_opener(_NoRedirect, HTTPSHandler(context=ssl.create_default_context()))
    try:
        with opener.open(request, timeout=timeout):
            return Answer(Verdict.DELIVERED)
    except HTTPError as error:
        with error:
            return _refusal(error)
    except URLError as error:
        return Answer(Verdict.FAILED, _words(error.reason))
    except (OSError, http.client.HTTPException) as error:
        return Answer(Verdict.FAILED, _words(error))


def _without_login(url: str) -> tuple[str, dict[str, str]]:
    """Return an address without `user:password@`, and the header that says the same."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    encoded = base64.b64encode(unquote(login).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": f"Basic {encoded}"}


def _refusal(error: HTTPError) -> Answer:
    status = error.code
    why = f"HTTP {status} {error.reason}"
    if 300 <= status < 400:
        return Answer(Verdict.REFUSED, f"{why}: redirects are not followed")
    if status in WORTH_A_RETRY or status >= 500:
        return Answer(Verdict.FAILED, why, _retry_after(error.headers.get("Retry-After", "")))
    return Answer(Verdict.REFUSED, why)


def _retry_after(text: str) -> float | None:
    """Return the seconds that a peer asks to wait: a number of them, or a date."""
    try:
        if text.strip().isdecimal():
            return float(text)
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def _words(error: object) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.HTTPException):
        return f"its answer is not HTTP ({type(error).__name__})"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
