"""Goes the way of a browser that is given the file which leads to the live page."""

from __future__ import annotations

import http.client
import json
import re
from contextlib import closing

from support.polling import PATIENCE


def follow(lead: str) -> str:
    """Return what the page shows to which a file leads that is good for one visit."""
    url = re.search(r"url=http://(127\.0\.0\.1:\d+)/open/([\w-]+)(?:#([\w%.~-]+))?", lead)
    assert url, lead
    host, token, target = url.groups()
    path = f"/events?target={target}" if target else "/events"
    with closing(http.client.HTTPConnection(host, timeout=PATIENCE)) as connection:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key(host, token)}"})
        event = connection.getresponse().readline().decode("utf-8")
    return str(json.loads(event.removeprefix("data: "))["html"])


def key(host: str, token: str) -> str:
    """Trade the token of a one-time address for the page's key, as the page's script does."""
    with closing(http.client.HTTPConnection(host, timeout=PATIENCE)) as connection:
        headers = {"Authorization": f"Bearer {token}", "Origin": f"http://{host}"}
        connection.request("POST", "/key", headers=headers)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read().decode("ascii")
