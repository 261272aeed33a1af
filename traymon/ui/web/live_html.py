"""The live page: what is the same for everybody, and what its streams bring to it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from traymon import __version__
from traymon.core.drill import DrillView
from traymon.core.model import Status
from traymon.core.releases import NewRelease
from traymon.core.target import USUAL_COMMANDS
from traymon.core.vocabulary import Light, SettingsNews
from traymon.diagnosis import fix_pages
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui import coming_up, drill_text, icons, presenter
from traymon.ui.coming_up import Planned
from traymon.ui.dashboard import Dashboard
from traymon.ui.web import target_rows
from traymon.ui.web.anchors import anchor_of
from traymon.ui.web.parts import part, title
from traymon.ui.web.templates import fill_template, icon_of


@cache
def live_page(
    command: str = USUAL_COMMANDS.traymon,
    *,
    phone: bool = False,
    newer: NewRelease | None = None,
) -> str:
    """Return the live page without its contents, which page.js asks for: it holds no secret.

    `command` starts this traymon in a terminal. `phone`: it can alert one. `newer` is a release.
    """
    general = fix_pages.general_facts()
    return fill_template(
        "live_page.html.j2",
        grey_icon=icon_of(Light.GREY),
        grey_shape=Markup(icons.svg(Light.GREY)),
        codes=[
            (code, fix_pages.fill(fix_pages.page(code).headline, general), ENTRIES[code].light.word)
            for code in ENTRIES
        ],
        version=__version__,
        traymon=command,
        phone=phone,
        newer=newer,
    )


def live_event(
    statuses: Sequence[Status],
    now: float,
    plan: Sequence[Planned] = (),
    dashboards: Sequence[Dashboard] = (),
    *,
    several: bool = False,
    gone: str = "",
) -> dict[str, Any]:
    """Return what changes on the live page: its contents, light, title and icon.

    The page of one status is that target's, the page of several lists them. And the time, for the
    countdown to the next check, and the states that decide which actions are offered. `plan` is
    what comes next; `dashboards` tell of the past, as far as it was read. `several` are watched,
    whatever the page shows; `gone` is a target that is no longer watched.
    """
    if len(statuses) == 1:
        board = next(iter(dashboards), None)
        html = fill_template(
            "status.html.j2",
            part=part(statuses[0], now, board, plan),
            back="#" if several else "",
            live=True,
            coming=coming_up.rows(plan, now),
        )
        light = statuses[0].diagnosis.light
    else:
        html = fill_template(
            "overview.html.j2",
            targets=target_rows.values(statuses, now, anchor_of, gone),
            live=True,
            coming=coming_up.rows(plan, now),
        )
        light = presenter.worst_light(statuses)
    return {
        "html": html,
        "light": light.word,
        "title": title(statuses, now),
        "icon": icon_of(light),
        "now": now,
        "state": [name for name, holds in _states(statuses).items() if holds],
    }


def history(dashboards: Sequence[Dashboard]) -> str:
    """Return the part of the live page that shows what happened."""
    return fill_template("history.html.j2", dashboards=dashboards, live=True)


def drill_part(view: DrillView | None) -> str:
    """Return the part of the live page that shows what drills have proven; "" without any."""
    if view is None:
        return ""
    return fill_template(
        "drill.html.j2",
        summary=drill_text.summary(view),
        next=drill_text.next_text(view),
        channels=[
            {"name": name, "line": line, "place": quote(of, safe=""), "awaits": of in view.awaiting}
            for of, (name, line) in zip(view.channels, drill_text.channel_lines(view), strict=True)
        ],
        why_not="" if view.hindrance is None else drill_text.why_not(view.hindrance),
    )


def _states(statuses: Sequence[Status]) -> dict[str, bool]:
    """Return what holds, by the names that the actions of the live page wait for."""
    paused = presenter.all_paused(statuses)
    return {
        "connected": True,
        "several": len(statuses) > 1,
        "paused": paused,
        "watching": not paused,
        "snoozed": any(status.snoozed_until is not None for status in statuses),
        "hours-known": any(status.opens_at is not None for status in statuses),
        "tws-logs": any(presenter.may_need_tws_logs(status) for status in statuses),
        "can-ask": any(presenter.can_ask_for_settings(status) for status in statuses),
        "new-settings": any(status.settings.news is SettingsNews.CHANGED for status in statuses),
    }
