"""Sends a message by Apprise: to Telegram, Pushover, Discord, Slack, by e-mail and the like.

In the short-lived process alone: Apprise takes some 45 MB of memory. It tells only whether it has
delivered, and logs the rest for people, secrets included. So the answer of the peer, or the error,
is noted here on its way to Apprise.
"""

from __future__ import annotations

import io
import logging
import smtplib
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import apprise
from requests import PreparedRequest, Response, sessions
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from traymon.outbound.answer import Answer, Verdict
from traymon.outbound.http_post import of_error, of_status

MAX_BODY = 16 * 1024  # bytes of an answer that Apprise gets to see
NOT_UNDERSTOOD = Answer(Verdict.REFUSED, "Apprise does not understand its address")
NOT_EXPLAINED = Answer(Verdict.FAILED, "it was not taken, and Apprise does not say why")
KINDS = {
    "red": apprise.NotifyType.FAILURE,
    "amber": apprise.NotifyType.WARNING,
    "green": apprise.NotifyType.SUCCESS,
}


def send(request: Mapping[str, Any]) -> Answer:
    """Send the message of a request."""
    seen = [NOT_EXPLAINED]  # the last counts
    _note_errors(seen)
    _note_answers(seen, request["time_limit"])
    service = apprise.Apprise(asset=_asset())
    if not service.add(request["url"]):
        return NOT_UNDERSTOOD
    message = request["message"]
    kind = KINDS.get(message["light"], apprise.NotifyType.INFO)
    text = apprise.NotifyFormat.TEXT
    try:
        delivered = service.notify(request["text"], message["title"], kind, body_format=text)
    except Exception as error:  # of whatever service; its words may hold a secret
        return Answer(Verdict.FAILED, f"Apprise failed: {type(error).__name__}")
    return Answer(Verdict.DELIVERED) if delivered else seen[-1]


def _asset() -> apprise.AppriseAsset:
    """Return settings by which Apprise names traymon, and fetches, follows and keeps nothing."""
    return apprise.AppriseAsset(
        app_id="traymon",
        app_desc="traymon",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,  # a message goes to whom the user has named, and to nobody else
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )


def _note_errors(seen: list[Answer]) -> None:
    """Note the errors of sockets, web and mail servers: Apprise logs each while it handles it."""

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            error = sys.exc_info()[1]
            if isinstance(error, OSError):
                seen.append(_of_error(error))

    logger = logging.getLogger("apprise")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.handlers = [Handler()]


def _note_answers(seen: list[Answer], timeout: float) -> None:
    """Note the answers of web servers.

    Apprise gets no more than MAX_BODY of them to see, and no headers, which could tell it to wait:
    when to try again is decided elsewhere.
    """

    class Adapter(HTTPAdapter):
        def send(self, request: PreparedRequest, *_: Any, **options: Any) -> Response:
            options |= {"stream": True, "timeout": timeout}
            response = super().send(request, **options)
            body = b""
            with suppress(HTTPError):  # it breaks off; the status is here and counts
                body = response.raw.read(MAX_BODY, decode_content=True)
            status, after = response.status_code, response.headers.get("Retry-After", "")
            seen.append(NOT_EXPLAINED if 200 <= status < 300 else of_status(status, after))
            response.raw = io.BytesIO(body)
            response.headers.clear()
            return response

    sessions.HTTPAdapter = Adapter  # type: ignore[attr-defined]  # which every session makes one of


def _of_error(error: OSError) -> Answer:
    """Return what an error says of a message; the words of a mail server may hold anything."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            codes = [code for code, _ in error.recipients.values()]
            return _of_mail_server("refuses the recipient", max(codes, default=0))
        case smtplib.SMTPAuthenticationError():
            return _of_mail_server("refuses user and password", error.smtp_code)
        case smtplib.SMTPDataError() | smtplib.SMTPSenderRefused():
            return _of_mail_server("refuses the message", error.smtp_code)
        case smtplib.SMTPResponseException() if error.smtp_code < 0:  # smtplib's word for it
            return Answer(Verdict.FAILED, "its answer is not that of a mail server")
        case smtplib.SMTPResponseException():
            return _of_mail_server("is not ready", error.smtp_code)
        case smtplib.SMTPNotSupportedError():  # such as no STARTTLS; the words are Python's own
            return Answer(Verdict.REFUSED, f"the mail server cannot do this: {error}")
    return of_error(_cause(error))


def _of_mail_server(why: str, code: int) -> Answer:
    """Return what a code says: from 500 on it is for good (RFC 5321, 4.2.1)."""
    verdict = Verdict.REFUSED if code >= 500 else Verdict.FAILED
    return Answer(verdict, f"the mail server {why} (code {code})")


def _cause(error: BaseException) -> BaseException:
    """Return the first of the errors that requests and urllib3 have wrapped into one another."""
    while (inner := error.__context__ or error.__cause__) is not None:
        error = inner
    return error
