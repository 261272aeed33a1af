"""Asks where traymon's releases are published which one is the newest.

The answer is that of the release APIs of GitHub, Gitea and Forgejo: a JSON object with `tag_name`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from traymon.core.releases import version_of
from traymon.outbound.answer import Answer, Verdict
from traymon.outbound.http_post import fetch

MAX_SIZE = 256 * 1024  # bytes; notes of a release are in it
MISUNDERSTOOD = Answer(Verdict.REFUSED, "its answer names no release")


def send(request: Mapping[str, Any]) -> Answer:
    """Ask, and return the newest version as what was said."""
    answer, body = fetch(request["url"], request["time_limit"], MAX_SIZE)
    if answer.verdict is not Verdict.DELIVERED:
        return answer
    try:
        version = version_of(json.loads(body)["tag_name"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return MISUNDERSTOOD
    return answer._replace(said=version) if version else MISUNDERSTOOD
