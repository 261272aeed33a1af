"""Where the page finds the calendars, and the key of the address that calendar programs read.

Light: loaded at start, when nobody has asked for a calendar yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from traymon.core.calendar import Calendar
from traymon.core.target import Target


def _no_windows(target: Target) -> Calendar:
    """Stand in where no calendar is known."""
    return Calendar()


def _no_drill() -> float | None:
    """Stand in where no drill is wanted."""
    return None


def _no_key() -> str:
    """Stand in where keys are not kept."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarSource:
    """What the page asks for when somebody looks at a calendar. From any thread."""

    calendar_of: Callable[[Target], Calendar] = _no_windows  # by which the target is diagnosed
    next_drill: Callable[[], float | None] = _no_drill  # when; None: never
    key: Callable[[], str] = _no_key  # "" until somebody has asked for the address
    create_key: Callable[[], str] = _no_key  # a new one; the key before opens nothing more
    page_port: int = 0  # as the settings want it; 0: any, so that the address changes


NO_CALENDARS = CalendarSource()
