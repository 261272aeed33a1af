"""Sends requests to web servers. The only module that speaks HTTP to others.

Follows no redirect, checks certificates, takes the proxy that the environment names, and reads no
more of an answer than it was asked for. Runs in the short-lived process, which bounds its time.
"""

from __future__ import annotations

import base64
import email.utils
import http.client
import os
import ssl
import sys
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from traymon import __version__
from traymon.outbound.answer import Answer, Verdict

STATUSES = frozenset(HTTPStatus)
WORTH_A_RETRY = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


class _NoRedirect(HTTPRedirectHandler):
    """Leaves a redirect an error: a message with secrets goes where the user sent it alone."""

    def redirect_request(self, *_: Any) -> None:
        return None


def post(
    url: str, body: bytes, headers: Mapping[str, str], timeout: float, method: str = "POST"
) -> Answer:
    """Send something and read no more than status and headers.

    `timeout` is for each wait on the network, seconds.
    """
    address, authorization = _without_login(url)
    request = Request(address, body, {**authorization, **headers}, method=method)
    request.add_header("User-Agent", f"traymon/{__version__}")
    return _exchange(request, timeout)[0]


def fetch(url: str, timeout: float, max_size: int) -> tuple[Answer, bytes]:
    """Read a public document, of at most `max_size` bytes. Says nothing of who asks."""
    request = Request(url, headers={"User-Agent": "traymon", "Accept": "application/json"})
    answer, body = _exchange(request, timeout, max_size + 1)
    if len(body) > max_size:
        return Answer(Verdict.REFUSED, "its answer is too long"), b""
    return answer, body


def _exchange(request: Request, timeout: float, max_size: int = 0) -> tuple[Answer, bytes]:
    """Send a request; return what became of it, and up to `max_size` bytes of the body."""
    try:
        with _open(request, timeout) as response:
            return Answer(Verdict.DELIVERED), response.read(max_size)
    except HTTPError as error:
        with error:
            return of_status(error.code, error.headers.get("Retry-After", "")), b""
    except URLError as error:
        return of_error(error.reason), b""
    except (OSError, http.client.HTTPException) as error:
        return of_error(error), b""


def _open(request: Request, timeout: float) -> Any:
    """Send a request; return the answer. Raises OSError and HTTPException.

    To read all of a system's certificates takes more CPU than all the rest. Most Linux systems also
    keep them one by one, in a folder in which OpenSSL finds the one that it needs.
    """
    folder = ssl.get_default_verify_paths().capath
    if sys.platform == "linux" and folder and "SSL_CERT_FILE" not in os.environ:
        try:
            return _opener(ssl.create_default_context(capath=folder)).open(request, timeout=timeout)
        except URLError as error:
            if not isinstance(error.reason, ssl.SSLCertVerificationError):
                raise
    return _opener(ssl.create_default_context()).open(request, timeout=timeout)


def _opener(context: ssl.SSLContext) -> OpenerDirector:
    return build_opener(_NoRedirect, HTTPSHandler(context=context))


def _without_login(url: str) -> tuple[str, dict[str, str]]:
    """Return an address without `user:password@`, and the header that says the same."""
    parts = urlsplit(url)
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, {}
    encoded = base64.b64encode(unquote(login).encode()).decode()
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": f"Basic {encoded}"}


def of_status(status: int, retry_after: str) -> Answer:
    """Return what a status that is none of success says; `retry_after` is the header.

    In the standard's words: those of a server may repeat the address, which is a secret.
    """
    words = HTTPStatus(status).phrase if status in STATUSES else ""
    why = f"HTTP {status} {words}".rstrip()
    if 300 <= status < 400:
        return Answer(Verdict.REFUSED, f"{why}: redirects are not followed")
    if status in WORTH_A_RETRY or status >= 500:
        return Answer(Verdict.FAILED, why, _retry_after(retry_after))
    return Answer(Verdict.REFUSED, why)


def _retry_after(text: str) -> float | None:
    """Return the seconds that a peer asks to wait: a number of them, or a date."""
    try:
        if text.strip().isdecimal():
            return float(text)
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return None


def of_error(error: object) -> Answer:
    """Return what it means that there was no answer."""
    return Answer(Verdict.FAILED, _words(error))


def _words(error: object) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.HTTPException):
        return f"its answer is not HTTP ({type(error).__name__})"
    return str(getattr(error, "strerror", None) or error or type(error).__name__)
