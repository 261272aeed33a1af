"""Posts a message as JSON. docs/push.md describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from traymon.outbound.answer import Answer
from traymon.outbound.http_post import post


def send(request: Mapping[str, Any]) -> Answer:
    """Post the message of a request."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if token := request.get("token"):
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps(request["message"], ensure_ascii=False).encode()
    return post(request["url"], body, headers, request["time_limit"])
