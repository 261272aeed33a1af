"""Sends a message to a topic of ntfy, with headers for all but its text (docs.ntfy.sh/publish)."""

from __future__ import annotations

from collections.abc import Mapping
from email.header import Header
from typing import Any

from traymon.outbound.answer import Answer
from traymon.outbound.http_post import post

URGENT, HIGH, USUAL = "5", "4", "3"  # ntfy's priorities
TAGS = {"red": "rotating_light", "amber": "warning", "green": "white_check_mark"}
OTHER_TAG = "bell"
MAX_LINE = 10_000  # characters, so that a header stays one line


def send(request: Mapping[str, Any]) -> Answer:
    """Post the message of a request."""
    message = request["message"]
    return post(
        request["url"],
        request["text"].encode(),
        headers(message, request.get("token", "")),
        request["time_limit"],
    )


def headers(message: Mapping[str, Any], token: str) -> dict[str, str]:
    """Return the headers that say how ntfy shows a message."""
    found = {
        "Content-Type": "text/plain; charset=utf-8",
        "Title": encoded(message["title"]),
        "Priority": _priority(message),
        "Tags": TAGS.get(message["light"], OTHER_TAG),
    }
    if message["url"]:
        found["Click"] = message["url"]
    if token:
        found["Authorization"] = f"Bearer {token}"
    return found


def encoded(text: str) -> str:
    """Return a text as a header may hold it: as it is, or by RFC 2047 if it is not ASCII."""
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=MAX_LINE).encode()


def _priority(message: Mapping[str, Any]) -> str:
    if message["urgent"] or message["drill"]:  # which shows that an urgent one would be heard
        return URGENT
    return HIGH if message["fix"] else USUAL
