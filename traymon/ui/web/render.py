"""A status as an HTML page and as a Markdown report, from the templates in assets/.

Everything but our own templates is untrusted and escaped.
"""

from __future__ import annotations

import base64
import hashlib
import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from traymon import __version__, assets
from traymon.core.drill import DrillView
from traymon.core.model import Status
from traymon.core.releases import NewRelease
from traymon.core.target import USUAL_COMMANDS, Commands, mask_account
from traymon.core.vocabulary import Light, SettingsNews
from traymon.diagnosis import fix_pages
from traymon.diagnosis.catalogue import ENTRIES
from traymon.diagnosis.checks import check_steps
from traymon.diagnosis.fix_pages import clean
from traymon.ui import coming_up, drill_text, icons, overview, presenter
from traymon.ui.coming_up import Planned
from traymon.ui.dashboard import Dashboard
from traymon.ui.incidents import IncidentView
from traymon.ui.phone import PhoneDraft
from traymon.ui.web import target_rows
from traymon.ui.web.anchors import anchor_of
from traymon.ui.web.parts import common, has_fix, part, sections

NOTHING_ELSE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


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
    return _document(contents, light, _title(statuses, now), now, plan, ended=ended)


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
        "title": _title(statuses, now),
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


def incident_page(number: int, command: str = USUAL_COMMANDS.traymon) -> str:
    """Return the page of an incident without its contents, which page.js asks for."""
    icon = _as_icon(icons.outline_svg(Light.GREY))
    return fill_template(
        "incident_page.html.j2", number=number, icon=icon, version=__version__, traymon=command
    )


def incident_contents(target: str, incident: IncidentView | None, problem: str = "") -> str:
    """Return what the page of an incident shows; it says so if it is not kept."""
    return fill_template(
        "incident_contents.html.j2",
        target=target,
        one=incident,
        problem=problem,
        shape=Markup(icons.outline_svg(Light.GREY)),
    )


def phone_page(command: str = USUAL_COMMANDS.traymon) -> str:
    """Return the page that sets up a phone without its steps, which phone.js asks for."""
    icon = _as_icon(icons.outline_svg(Light.GREY))
    return fill_template("phone_page.html.j2", icon=icon, version=__version__, traymon=command)


def phone_steps(draft: PhoneDraft, **said: str | bool) -> str:
    """Return the steps of that page; `said` tells its template what became of the last one."""
    import segno  # loaded by the few who set up a phone

    code = segno.make(draft.link, error="m", micro=False)
    picture = code.svg_inline(omitsize=True, border=4, dark="#000", light="#fff")
    return fill_template("phone_steps.html.j2", draft=draft, code=Markup(picture), **said)


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


def explain_page(code: str, commands: Commands = USUAL_COMMANDS) -> str:
    """Return the page of a code for reference: neutral, as nothing is known about a target."""
    words, light = fix_pages.page(code), ENTRIES[code].light
    facts = fix_pages.general_facts(commands)
    return fill_template(
        "explain.html.j2",
        headline=fix_pages.fill(words.headline, facts),
        in_short=fix_pages.fill(words.in_short, facts),
        sections={
            title: body
            for title, body in sections(code, facts).items()
            if title != "Fix" or has_fix(code, light)
        },
        shape=Markup(icons.outline_svg(light)),
        icon=_as_icon(icons.outline_svg(light)),
        code=code,
    )


@cache
def error_page(status: int, title: str, command: str = "traymon") -> tuple[str, str]:
    """Return the page of an HTTP error, and the policy by which it may use its own style alone."""
    page = fill_template(
        "error.html.j2",
        status=status,
        title=title,
        traymon=command,
        style=Markup(style_sheet()),
        shape=Markup(icons.outline_svg(Light.GREY)),
        icon=_as_icon(icons.outline_svg(Light.GREY)),
    )
    return (
        page,
        f"default-src 'none'; style-src '{_hash(style_sheet())}'; img-src data:; {NOTHING_ELSE}",
    )


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
    return _document(contents, light, _title([status], now), now, plan, ended=ended)


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
        script_hash=_hash(_static_script()),
        ended=ended,
        at=int(now),
        title=title,
        version=__version__,
        now=f"{datetime.fromtimestamp(now):%Y-%m-%d %H:%M:%S}",
        **contents,
    )


def _title(statuses: Sequence[Status], now: float) -> str:
    """Return the title of the page of these statuses; the mark comes first, as tabs are narrow."""
    if len(statuses) > 1:
        return f"{overview.headline(statuses)} · traymon"
    for status in statuses:
        words, mark = fix_pages.page(status.diagnosis.code), presenter.MARKS[status.diagnosis.light]
        demo = "DEMO " if status.target.demo else ""
        headline = fix_pages.fill(words.headline, presenter.facts_of(status, now))
        return f"{mark} {demo}{presenter.name_mark(status)}{headline} · traymon"
    return "traymon"


def icon_of(light: Light) -> str:
    """Return the icon of a light as an address that a page can use."""
    return _as_icon(icons.svg(light))


def _as_icon(shape: str) -> str:
    """Return the inside of an SVG as an address that a page can use as its icon."""
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">{shape}</svg>'
    return "data:image/svg+xml," + quote(picture, safe="")


def _hash(script: str) -> str:
    """Return a script's name in a Content-Security-Policy, which allows it alone."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def fill_template(name: str, **values: Any) -> str:
    """Return a template of assets/ with its values filled in."""
    return _environment().get_template(name).render(**values)


def report(status: Status, now: float) -> str:
    """Return the diagnosis as Markdown, to be copied into a bug report or a chat."""
    facts, words = presenter.facts_of(status, now), fix_pages.page(status.diagnosis.code)
    target = status.target

    def markdown(text: str) -> str:
        return fix_pages.to_markdown(text, facts)

    text = (
        _environment()
        .get_template("report.md.j2")
        .render(
            now=f"{datetime.fromtimestamp(now):%Y-%m-%d %H:%M:%S}",
            version=__version__,
            **common(status, now)
            | {"headline": markdown(words.headline), "in_short": markdown(words.in_short)},
            one_of_many=target.one_of_many,
            code=status.diagnosis.code,
            commands=target.commands,
            tests=[
                replace(step, finding=clean(step.finding))
                for step in check_steps(status.evidence)
                if step.took is not None or step.passed
            ],
            what_it_means=markdown(words.sections["What it means"]),
            fix=markdown(words.sections["Fix"]),
            how_to_check=markdown(words.sections["How to check"]),
            if_that_did_not_help=markdown(words.sections["If that did not help"]),
            client_ids=", ".join(str(client_id) for client_id in target.client_ids),
            account=mask_account(target.account),
            python=platform.python_version(),
            system=platform.platform(),
        )
    )
    return text.rstrip() + "\n"


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(assets.folder()),
        autoescape=jinja2.select_autoescape(("html", "html.j2")),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {"literal": fix_pages.literal, "in_code": fix_pages.literal_in_code}
    return environment


@cache
def style_sheet() -> str:
    """Return the style of every page."""
    return (assets.folder() / "page.css").read_text(encoding="utf-8")


@cache
def _static_script() -> str:
    return (assets.folder() / "static_page.js").read_text(encoding="utf-8")
