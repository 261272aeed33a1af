"""What page and commands can ask of the drill, the weekly test alarm.

Light: loaded at start, when nobody may want a drill.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from traymon.core.drill import DrillView
from traymon.ui.program_notification_text import BETWEEN

NOTIFICATION_KEY = f"{BETWEEN}drill"  # no target's name begins like this


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillDesk:
    """What can be asked for, from any thread. What changes is written down within a moment."""

    view: Callable[[], DrillView | None]  # None: no drill is set up
    run: Callable[[], str]  # send one now; returns why it may not be sent, or ""
    answer: Callable[[str], str]  # it arrived on this channel; returns why that does not count


def no_drills() -> str:
    """Return that none is set up, and how that is done."""
    from traymon.ui.drill_text import no_answer

    return no_answer("off")
