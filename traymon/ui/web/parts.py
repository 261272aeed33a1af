"""What the pages' templates show of statuses: plain values, with every fact escaped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from traymon.core.facts import Facts
from traymon.core.model import Status
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages, formatting
from traymon.diagnosis.catalogue import STALE
from traymon.diagnosis.checks import check_steps
from traymon.diagnosis.fix_pages import clean
from traymon.diagnosis.formatting import duration, moment
from traymon.ui import icons, overview, presenter, program_text
from traymon.ui.chips import chips
from traymon.ui.coming_up import Planned
from traymon.ui.dashboard import Dashboard
from traymon.ui.web.anchors import place_of
from traymon.ui.web.glance import glance
from traymon.ui.web.program_rows import program_list
from traymon.ui.web.target_rows import check_times, mute_of

IDLE = "Nothing to do."  # how the Fix of a page begins that needs none
# The fix comes first: it must be visible without scrolling.
SHOWN = ("Fix", "How to check", "What it means", "If that did not help")


def part(
    status: Status,
    now: float,
    dashboard: Dashboard | None = None,
    plan: Sequence[Planned] = (),
) -> dict[str, Any]:
    """Return the template's values for one target, its history and what comes next."""
    light = status.diagnosis.light
    fixed = status.was_down if light is Light.GREEN else None
    return common(status, now) | {
        "code": status.diagnosis.code,
        "sections": sections(status.diagnosis.code, presenter.facts_of(status, now)),
        "glance": glance(status, now, dashboard, plan),
        "shape": Markup(icons.svg(light)),
        "mark": presenter.MARKS[light],
        "suspicion": presenter.suspicion_text(status),
        "looks": status.streak,
        "demo": status.target.demo,
        "has_fix": has_fix(status.diagnosis.code, light),
        "claimable": _claimable(status),
        "window": clean(presenter.window_to_show(status)),
        "watched": not status.paused and status.diagnosis.code != STALE.code,
        "fixed": "" if fixed is None else duration(fixed),
        "was_wrong": _was_wrong(status),
        "place": place_of(status),
        "mute": mute_of(status),
        "silenced": presenter.mute_text(status, now),
        "market": presenter.market_closed_text(status, now),
        "settings": status.settings.news.name,
        "settings_problem": clean(status.settings.problem),
        "missing": program_text.missing_text(status),
        "programs": program_list(status, now),
        "chips": chips(check_steps(status.evidence)),
        **check_times([status]),
    }


def _claimable(status: Status) -> str:
    """Return the program that the user may mark as theirs; "" if there is none."""
    program = presenter.claimable_program(status)
    return "" if program is None else clean(formatting.program(program, status.evidence.now))


def _was_wrong(status: Status) -> str:
    """Return what was wrong in the outage that is over."""
    return ", then ".join(presenter.headline(cause) for cause in status.was_wrong)


def sections(code: str, facts: Facts) -> dict[str, Markup]:
    """Return the sections of a fix page as HTML, with every fact escaped."""
    words = fix_pages.page(code)
    return {title: Markup(fix_pages.to_html(words.sections[title], facts)) for title in SHOWN}


def common(status: Status, now: float) -> dict[str, Any]:
    """Return the values that the page and the report have in common."""
    facts, words = presenter.facts_of(status, now), fix_pages.page(status.diagnosis.code)
    return {
        "light": status.diagnosis.light.word,
        "headline": fix_pages.fill(words.headline, facts),
        "in_short": fix_pages.fill(words.in_short, facts),
        "name": clean(status.target.name),
        "address": presenter.address(status),
        "where": presenter.where_and_since(status, now),
        "env_file": clean(status.target.env_file),
        "since": moment(status.since, now),
        "took": presenter.latency(status),
        "latency": presenter.latency_stats(status),
        "readings": [
            {
                "sensor": reading.sensor,
                "symptom": str(reading.symptom),
                "at": moment(reading.at, now),
                "took": duration(reading.took),
                "detail": clean(reading.detail),
            }
            for reading in status.evidence.readings.values()
        ],
    }


def has_fix(code: str, light: Light) -> bool:
    """Tell whether a page has anything to do: not while all is well, or while waiting is enough."""
    return light is not Light.GREEN and not fix_pages.page(code).sections["Fix"].startswith(IDLE)


def title(statuses: Sequence[Status], now: float) -> str:
    """Return the title of the page of these statuses; the mark comes first, as tabs are narrow."""
    if len(statuses) > 1:
        return f"{overview.headline(statuses)} · traymon"
    for status in statuses:
        words, mark = fix_pages.page(status.diagnosis.code), presenter.MARKS[status.diagnosis.light]
        demo = "DEMO " if status.target.demo else ""
        headline = fix_pages.fill(words.headline, presenter.facts_of(status, now))
        return f"{mark} {demo}{presenter.name_mark(status)}{headline} · traymon"
    return "traymon"
