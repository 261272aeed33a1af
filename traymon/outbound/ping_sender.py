"""Sends a ping: to the address that says how it is, with the state in one line as the body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from traymon.outbound.answer import Answer
from traymon.outbound.http_post import post


def send(request: Mapping[str, Any]) -> Answer:
    """Send the ping of a request."""
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    body, method = request.get("text", "").encode(), request["method"]
    return post(request["url"], body, headers, request["time_limit"], method)
