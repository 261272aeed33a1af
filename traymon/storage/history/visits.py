"""When the user's programs were connected, as rows of the history's file.

A row has a program's name and what it is recognised by, but no path and no command line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from traymon.core.model import Status
from traymon.core.program_habits import Visit
from traymon.storage.history.database import Database

SIGN_OF_LIFE = 60.0  # seconds after which a visit that goes on is written again
COLUMNS = "key, name, began, ended, client_id, run, runs, left_well, missed"

Post = Callable[..., bool]


class VisitRecorder:
    """Writes the newest visit of each program when there is news of it."""

    def __init__(self, post: Post) -> None:
        """`post` hands a write to the history's writer, and returns at once."""
        self._post = post
        self._written: dict[tuple[str, str], Visit] = {}  # by target and key

    def take(self, status: Status) -> None:
        """Keep what is new in the visits of a status; returns at once."""
        target = status.target.name
        for state in status.programs or ():
            visit, key = state.visit, (target, state.key)
            if visit is None or not _has_news(self._written.get(key), visit):
                continue
            self._written[key] = visit
            self._post(partial(_write, target, visit), can_be_missed=True)


def visit_of(row: Iterable[Any]) -> Visit:
    """Return the visit of a row of COLUMNS."""
    key, name, began, ended, client_id, run, runs, left_well, missed = row
    return Visit(
        *(key, name, began / 1000, ended / 1000, client_id, run / 1000, runs),
        *(bool(left_well), bool(missed)),
    )


def _has_news(before: Visit | None, now: Visit) -> bool:
    if before is None or before.began != now.began:
        return True
    went_on = now.ended - before.ended
    told = (before.client_id, before.runs, before.left_well, before.missed)
    return went_on >= SIGN_OF_LIFE or told != (now.client_id, now.runs, now.left_well, now.missed)


def _write(target: str, visit: Visit, database: Database) -> None:
    database.keep_visit(target, visit)
