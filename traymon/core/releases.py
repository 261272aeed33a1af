"""Which releases of traymon are newer than another, and when that is asked. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

WEEK = 7 * 86_400.0  # seconds
# Of a release that is meant for everyone: `v0.3.0`. A trial release has more after its numbers.
VERSION = re.compile(r"v?(\d{1,6}(?:\.\d{1,6}){1,3})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Releases:
    """Where traymon's releases are published."""

    latest: str  # the address that answers with the newest one: JSON with a `tag_name`
    page: str  # the page for people


@dataclass(frozen=True, slots=True)
class NewRelease:
    """A release that is newer than this traymon."""

    version: str
    page: str  # says what is new


def version_of(tag: object) -> str:
    """Return the version that a release's tag names: 0.3.0; "" if it names none."""
    match = VERSION.fullmatch(tag) if isinstance(tag, str) else None
    return match[1] if match else ""


def is_newer(version: str, own: str) -> bool:
    """Tell whether a released version is newer than one's own, which may be a trial release."""
    mine = VERSION.match(own)
    if mine is None or not version:
        return False
    is_trial = mine.end() < len(own)
    found, known = _numbers(version), _numbers(mine[1])
    return found > known or (found == known and is_trial)


def _numbers(version: str) -> tuple[int, ...]:
    numbers = [int(part) for part in version.split(".")]
    while numbers and not numbers[-1]:  # 1.0 is 1.0.0
        numbers.pop()
    return tuple(numbers)


def is_due(asked_at: float, now: float) -> bool:
    """Tell whether to ask again; both in epoch seconds. A clock that was set back asks, too."""
    return not asked_at <= now < asked_at + WEEK
