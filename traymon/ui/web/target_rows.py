"""All targets as the page lists them: plain values, cleaned.

Pure: the time is an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup

from traymon.core.model import Status
from traymon.core.vocabulary import SensorName, SettingsNews
from traymon.diagnosis.checks import check_steps
from traymon.diagnosis.fix_pages import clean
from traymon.ui import icons, overview, presenter, program_text
from traymon.ui.chips import Chip, chips
from traymon.ui.web.anchors import place_of


@dataclass(frozen=True, slots=True)
class Mute:
    """Whether a target is muted, and whether only the settings can change that."""

    on: bool
    by_settings: bool


@dataclass(frozen=True, slots=True)
class TargetRow:
    """One target, and what can be done with it."""

    name: str
    place: str  # its name, as a part of an address
    href: str  # of its own page
    light: str
    shape: Markup
    headline: str
    where: str
    more: tuple[str, ...]  # what else is so now
    missing: str
    chips: Sequence[Chip]
    paused: bool
    snoozed: bool
    mute: Mute


def values(
    statuses: Sequence[Status], now: float, href: Callable[[Status], str], gone: str = ""
) -> dict[str, Any]:
    """Return the template's values for all targets.

    `href` returns the address of a target's own page; `gone` is one that is no longer watched.
    """
    light, worst = presenter.worst_light(statuses), overview.worst(statuses)
    named = f"{presenter.short_name(worst)}: {presenter.headline(worst.diagnosis)}" if worst else ""
    settings = filter(None, map(presenter.settings_text, statuses))
    return {
        "light": light.word,
        "shape": Markup(icons.svg(light)),
        "counts": overview.counts(statuses),
        "worst": named,
        "gone": clean(gone),
        "settings": next(settings, ""),
        "settings_changed": any(one.settings.news is SettingsNews.CHANGED for one in statuses),
        **check_times([status for status in statuses if not status.paused]),
        "rows": [_row(status, now, href(status)) for status in presenter.worst_first(statuses)],
    }


def check_times(statuses: Sequence[Status]) -> dict[str, str]:
    """Return when all ports were checked and when one will be next, for people and for page.js."""
    found = (status.evidence.readings.get(SensorName.HANDSHAKE) for status in statuses)
    checked = min((reading.at for reading in found if reading is not None), default=None)
    planned = (status.next_check_at for status in statuses)
    due = min((at for at in planned if at is not None), default=None)
    return {
        "checked": "" if checked is None else f"{datetime.fromtimestamp(checked):%H:%M:%S}",
        "checked_at": "" if checked is None else f"{checked:.3f}",
        "due_at": "" if due is None else f"{due:.3f}",
    }


def mute_of(status: Status) -> Mute:
    """Return whether a target is muted."""
    return Mute(status.muted, status.target.muted)


def _row(status: Status, now: float, href: str) -> TargetRow:
    light = status.diagnosis.light
    more = (
        presenter.suspicion_text(status),
        presenter.mute_text(status, now),
        presenter.market_closed_text(status, now),
    )
    return TargetRow(
        name=clean(status.target.name),
        place=place_of(status),
        href=href,
        light=light.word,
        shape=Markup(icons.svg(light)),
        headline=presenter.headline(status.diagnosis),
        where=presenter.where_and_since(status, now),
        more=tuple(filter(None, more)),
        missing=program_text.missing_text(status),
        chips=chips(check_steps(status.evidence)),
        paused=status.paused,
        snoozed=status.snoozed_until is not None,
        mute=mute_of(status),
    )
