"""The pages as files: the fix page of a target, and the page of all targets, as one document each.

They load nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from markupsafe import Markup

from traymon import __version__, assets
from traymon.core.model import Status
from traymon.core.vocabulary import Light
from traymon.ui import coming_up, icons, presenter
from traymon.ui.coming_up import Planned
from traymon.ui.dashboard import Dashboard
from traymon.ui.web import target_rows
from traymon.ui.web.parts import part, title
from traymon.ui.web.templates import content_hash, fill_template, icon_of, style_sheet


def page(
    status: Status,
    now: float,
    dashboard: Dashboard | None = None,
    plan: Sequence[Planned] = (),
    back: str = "",
) -> str:
    """Return the fix page of a status as one HTML document that loads nothing else.

    With the history, and what comes next. `back` leads to the page of all targets.
    """
    return _static_page(status, now, dashboard, plan, back, ended=False)


def ended_page(
    status: Status, now: float, dashboard: Dashboard | None = None, back: str = ""
) -> str:
    """Return the fix page as it was when traymon ended, which it says."""
    return _static_page(status, now, dashboard, (), back, ended=True)


def overview_page(
    statuses: Sequence[Status],
    now: float,
    href: Callable[[Status], str],
    plan: Sequence[Planned] = (),
    *,
    ended: bool = False,
) -> str:
    """Return the page of all targets as one HTML document; `href` leads to a target's own."""
    shown = target_rows.values(statuses, now, href)
    if ended:
        shown |= {**_grey(), "rows": [replace(row, **_grey()) for row in shown["rows"]]}
    contents = {"contents": "overview.html.j2", "dashboards": [], "targets": shown}
    light = presenter.worst_light(statuses)
    return _document(contents, light, title(statuses, now), now, plan, ended=ended)


def _static_page(
    status: Status,
    now: float,
    dashboard: Dashboard | None,
    plan: Sequence[Planned],
    back: str,
    *,
    ended: bool,
) -> str:
    contents = {
        "contents": "status.html.j2",
        "part": part(status, now, dashboard, plan) | (_grey() if ended else {}),
        "back": back,
        "dashboards": [] if dashboard is None else [dashboard],
    }
    light = status.diagnosis.light
    return _document(contents, light, title([status], now), now, plan, ended=ended)


def _grey() -> dict[str, Any]:
    """Return the values of a light that nobody vouches for any more."""
    return {"light": Light.GREY.word, "shape": Markup(icons.svg(Light.GREY))}


def _document(
    contents: dict[str, Any],
    light: Light,
    title: str,
    now: float,
    plan: Sequence[Planned],
    *,
    ended: bool,
) -> str:
    """Return a page as one HTML document; grey once traymon has ended."""
    light = Light.GREY if ended else light
    return fill_template(
        "page.html.j2",
        live=False,
        coming=coming_up.rows(plan, now),
        style=Markup(style_sheet()),
        light=light.word,
        icon=icon_of(light),
        grey_icon=icon_of(Light.GREY),
        grey_shape=Markup(icons.svg(Light.GREY)),
        script=Markup(_static_script()),
        script_hash=content_hash(_static_script()),
        ended=ended,
        at=int(now),
        title=title,
        version=__version__,
        now=f"{datetime.fromtimestamp(now):%Y-%m-%d %H:%M:%S}",
        **contents,
    )


@cache
def _static_script() -> str:
    return (assets.folder() / "static_page.js").read_text(encoding="utf-8")
