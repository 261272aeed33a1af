"""The request by which a program asks whether it may send orders, and the response to it.

It is answered without the page's web server, which would take 10 MiB and half a second to load.
The rules are those of `auth`, for the owner key alone. Turns bytes into values and back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from traymon.core.gate import MAX_MARGIN, GateOptions
from traymon.ui.gatekeeper import GateQuestion
from traymon.ui.web.keys import Keys, constant_time_equal

START = b"GET /gate?"  # what the first bytes of the request are
END = b"\r\n\r\n"
PARAMETERS = {"client_id", "market", "margin", "env", "host", "port", "target"}
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 421: "Misdirected"}


class Refused(Exception):
    """The request is not answered; `status` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def read(head: bytes, keys: Keys, port: int) -> GateQuestion:
    """Return what a request asks that came to `port`; `head` ends with END. Raises Refused."""
    lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    headers: dict[str, list[str]] = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), []).append(value.strip())
    if headers.get("host") not in ([f"127.0.0.1:{port}"], [f"localhost:{port}"]):
        raise Refused(421, "traymon does not answer under this name")
    scheme, _, secret = ", ".join(headers.get("authorization", ())).partition(" ")
    if scheme != "Bearer" or not constant_time_equal(secret, keys.owner):
        raise Refused(401, "Unauthorized")
    if "origin" in headers:  # a web page's
        raise Refused(403, "Forbidden")
    return _question(lines[0])


def response(answer: Mapping[str, Any], keys: Keys) -> bytes:
    """Return the response with this answer.

    It carries a secret that the file of the running traymon holds and no request ever does: what
    answers on the port of a traymon that has crashed cannot have it.
    """
    body = json.dumps(answer).encode()
    return _response(200, body, "application/json", f"Authentication-Info: {keys.proof}")


def refusal(error: Refused) -> bytes:
    """Return the response that refuses a request."""
    return _response(error.status, f"{error}.".encode(), "text/plain")


def _response(status: int, body: bytes, media_type: str, *more: str) -> bytes:
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}",
        f"Content-Type: {media_type}",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
        *more,
    )
    return "\r\n".join(head).encode("ascii") + END + body


def _question(request_line: str) -> GateQuestion:
    """Return the question of a request line. Raises Refused.

    A parameter that is not known is refused: it might be one that would close the gate.
    """
    _, address, *_ = request_line.split(" ")
    given = parse_qs(urlsplit(address).query, keep_blank_values=True)
    env_files = tuple(given.pop("env", ()))
    if not given.keys() <= PARAMETERS or any(len(values) > 1 for values in given.values()):
        raise Refused(400, "This traymon does not know this question")
    values = {name: value for name, (value,) in given.items()}
    try:
        client_id, port = (
            int(values[name]) if name in values else None for name in ("client_id", "port")
        )
        margin = float(values["margin"]) if "margin" in values else GateOptions().margin
        market = {"0": False, "1": True}[values.get("market", "0")]
    except (ValueError, KeyError):
        raise Refused(400, "This question cannot be read") from None
    if margin is None or not 0 <= margin <= MAX_MARGIN:
        raise Refused(400, "This margin is not possible")
    options = GateOptions(client_id, market, margin)
    return GateQuestion(options, env_files, values.get("host", ""), port, values.get("target"))
