"""What is said of several targets together: how many are red, and which is the worst.

Pure. For a moment there may be none: between those of old settings and those of new ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from traymon.core.model import Status
from traymon.core.vocabulary import Light
from traymon.ui import presenter
from traymon.ui.presenter import MARKS

UNKNOWN, PAUSED, NONE = "unknown", "paused", "No target is watched"


def worst(statuses: Sequence[Status]) -> Status | None:
    """Return the target that icon and headline speak of; None if it says no more than the rest."""
    if not statuses:
        return None
    first = presenter.worst_first(statuses)[0]
    unwell = presenter.worst_light(statuses) is not Light.GREEN and not presenter.is_paused(first)
    return first if unwell and not first.muted else None


def headline(statuses: Sequence[Status]) -> str:
    """Return what the targets show together: `✗ 1 of 10 red: live: Port 7497 is silent`."""
    if len(statuses) == 1:
        return presenter.named_headline(statuses[0])
    mark = MARKS[presenter.worst_light(statuses)]
    shown = worst(statuses)
    if shown is None:
        return f"{mark} {counts(statuses)}"
    what = f"{presenter.short_name(shown)}: {presenter.headline(shown.diagnosis)}"
    return f"{mark} {_count(statuses)}: {what}"


def counts(statuses: Sequence[Status]) -> str:
    """Return how many show what the icon shows, and how many are muted: `1 of 10 red, 2 muted`."""
    if not statuses:
        return NONE
    muted = sum(status.muted for status in statuses)
    if muted == len(statuses):
        return f"All {muted} {presenter.MUTED}"
    return f"{_count(statuses)}, {muted} {presenter.MUTED}" if muted else _count(statuses)


def _count(statuses: Sequence[Status]) -> str:
    heard = [status for status in presenter.worst_first(statuses) if not status.muted]
    like_the_worst = [
        one for one in heard if presenter.standing(one) == presenter.standing(heard[0])
    ]
    number, total = len(like_the_worst), len(statuses)
    of_all = f"All {total}" if number == total else f"{number} of {total}"
    return f"{of_all} {_word(heard[0])}"


def _word(status: Status) -> str:
    if presenter.is_paused(status):
        return PAUSED
    light = status.diagnosis.light
    return UNKNOWN if light is Light.GREY else light.word
