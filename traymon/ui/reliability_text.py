"""How reliability reads to users: percentages that are never too good, and what was not observed.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import floor

from traymon.core.periods import Condition
from traymon.core.reliability import Figures
from traymon.diagnosis.formatting import duration

CONDITION_NAMES: Mapping[Condition, str] = {
    Condition.UP: "up",
    Condition.DEGRADED: "degraded",
    Condition.DOWN: "down",
    Condition.EXPECTED: "expected",
    Condition.ASLEEP: "asleep",
    Condition.UNOBSERVED: "not watched",
    Condition.CLOSED: "market closed",
}  # as the page and the terminal call them


def availability_text(figures: Figures) -> str:
    """Return the share of the time that was usable: `99.98 %`, or `observed 41 of 65 h`."""
    share = figures.availability
    return observed_text(figures) if share is None else percentage(share)


def percentage(share: float) -> str:
    """Return a share in percent, rounded down: 99.999 % reads as `99.99 %`, never as `100 %`."""
    if share >= 1:
        return "100 %"
    return f"{floor(share * 10_000 + 1e-6) / 100:.2f} %"


def observed_text(figures: Figures) -> str:
    """Return how much of the time was observed: `observed 41 of 65 h`."""
    if figures.length < 3600:
        return f"observed {floor(figures.observed / 60)} of {floor(figures.length / 60)} min"
    return f"observed {_hours(figures.observed)} of {_hours(figures.length)} h"


def seconds_text(seconds: Mapping[Condition, float]) -> str:
    """Return how long each condition lasted: `up 23 h 50 min, down 7 min 12 s`."""
    return ", ".join(
        f"{name} {duration(seconds[condition])}"
        for condition, name in CONDITION_NAMES.items()
        if seconds[condition] >= 0.5
    )


def _hours(seconds: float) -> str:
    """Return hours, rounded down; with a decimal while they are few."""
    hours = floor(seconds / 360 + 1e-6) / 10  # parts of a week add up to a little less than it
    return str(floor(hours)) if hours >= 10 or hours.is_integer() else str(hours)
