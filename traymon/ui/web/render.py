"""A status as an HTML page and as a Markdown report, from the templates in assets/.

Everything but our own templates is untrusted and escaped.
"""

from __future__ import annotations

import base64
import hashlib
import platform
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from traymon import __version__, assets
from traymon.core.facts import Facts
from traymon.core.model import Status
from traymon.core.target import mask_account
from traymon.core.vocabulary import Light, SettingsNews
from traymon.diagnosis import fix_pages
from traymon.diagnosis.catalogue import ENTRIES
from traymon.diagnosis.checks import CheckStep, check_steps
from traymon.diagnosis.fix_pages import clean
from traymon.diagnosis.formatting import duration, moment
from traymon.ui import icons, presenter

# The fix comes first: it must be visible without scrolling.
SHOWN = ("Fix", "How to check", "What it means", "If that did not help")


def page(status: Status, now: float) -> str:
    """Return the fix page of a status as one HTML document that loads nothing else."""
    return _static_page(status, now, ended=False)


def ended_page(status: Status, now: float) -> str:
    """Return the fix page as it was when traymon ended, which it says."""
    return _static_page(status, now, ended=True)


@cache
def live_page() -> str:
    """Return the live page without its contents, which page.js asks for: it holds no secret."""
    general = fix_pages.general_facts()
    return _template(
        "live_page.html.j2",
        grey_icon=_icon(Light.GREY),
        grey_shape=Markup(icons.svg(Light.GREY)),
        codes=[
            (code, fix_pages.fill(fix_pages.page(code).headline, general), ENTRIES[code].light.word)
            for code in ENTRIES
        ],
        version=__version__,
    )


def live_event(statuses: Sequence[Status], now: float) -> dict[str, str | bool]:
    """Return what changes on the live page: its part, light, title and icon.

    And whether the market's hours are known, so that a snooze can last until it opens, and whether
    there are new settings that can be used.
    """
    parts, light = [_part(status, now) for status in statuses], presenter.worst_light(statuses)
    return {
        "html": _template("status.html.j2", parts=parts, live=True),
        "light": light.word,
        "title": _title(parts),
        "icon": _icon(light),
        "hours_known": any(status.opens_at is not None for status in statuses),
        "new_settings": any(status.settings.news is SettingsNews.CHANGED for status in statuses),
    }


def explain_page(code: str) -> str:
    """Return the fix page of a code as an HTML document, as it reads when nothing is known."""
    words, light, facts = fix_pages.page(code), ENTRIES[code].light, fix_pages.general_facts()
    return _template(
        "explain.html.j2",
        headline=fix_pages.fill(words.headline, facts),
        in_short=fix_pages.fill(words.in_short, facts),
        sections=_sections(code, facts),
        light=light.word,
        shape=Markup(icons.svg(light)),
        icon=_icon(light),
        code=code,
    )


def _static_page(status: Status, now: float, *, ended: bool) -> str:
    part, light = _part(status, now), status.diagnosis.light
    if ended:
        light = Light.GREY
        part |= {"light": light.word, "shape": Markup(icons.svg(light))}
    return _template(
        "page.html.j2",
        parts=[part],
        live=False,
        style=Markup(_style()),
        light=light.word,
        icon=_icon(light),
        grey_icon=_icon(Light.GREY),
        grey_shape=Markup(icons.svg(Light.GREY)),
        script=Markup(_static_script()),
        script_hash=_hash(_static_script()),
        ended=ended,
        at=int(now),
        title=_title([part]),
        version=__version__,
        now=f"{datetime.fromtimestamp(now):%Y-%m-%d %H:%M:%S}",
    )


def _title(parts: Sequence[dict[str, Any]]) -> str:
    return f"{parts[0]['mark']} {parts[0]['headline']} · traymon" if parts else "traymon"


def _icon(light: Light) -> str:
    """Return the light's picture as an address that a page can use as its icon."""
    picture = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">{icons.svg(light)}</svg>'
    )
    return "data:image/svg+xml," + quote(picture, safe="")


def _hash(script: str) -> str:
    """Return a script's name in a Content-Security-Policy, which allows it alone."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _part(status: Status, now: float) -> dict[str, Any]:
    """Return the template's values for one target."""
    light = status.diagnosis.light
    fixed = status.was_down if light is Light.GREEN else None
    return _common(status, now) | {
        "code": status.diagnosis.code,
        "sections": _sections(status.diagnosis.code, presenter.facts_of(status, now)),
        "shape": Markup(icons.svg(light)),
        "mark": presenter.MARKS[light],
        "suspicion": presenter.suspicion_text(status),
        "looks": status.streak,
        "paused": status.paused,
        "checked": "" if status.checked_at is None else _clock_time(status.checked_at),
        "fixed": "" if fixed is None else duration(fixed),
        "muted": presenter.mute_text(status, now),
        "market": presenter.market_closed_text(status, now),
        "settings": status.settings.news.name,
        "settings_problem": clean(status.settings.problem),
        "checks": [_check(step) for step in check_steps(status.evidence)],
    }


def _sections(code: str, facts: Facts) -> dict[str, Markup]:
    """Return the sections of a fix page as HTML, with every fact escaped."""
    words = fix_pages.page(code)
    return {title: Markup(fix_pages.to_html(words.sections[title], facts)) for title in SHOWN}


def _check(step: CheckStep) -> dict[str, Any]:
    return {
        "title": step.title,
        "light": step.light.word,
        "mark": presenter.MARKS[step.light],
        "finding": clean(step.finding),
        "took": "" if step.took is None else duration(step.took),
        "details": [
            (one.light.word, presenter.MARKS[one.light], clean(one.finding)) for one in step.details
        ],
    }


def _clock_time(at: float) -> str:
    return f"{datetime.fromtimestamp(at):%H:%M:%S}"


def _template(name: str, **values: Any) -> str:
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
            **_common(status, now)
            | {"headline": markdown(words.headline), "in_short": markdown(words.in_short)},
            code=status.diagnosis.code,
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


def _common(status: Status, now: float) -> dict[str, Any]:
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
def _style() -> str:
    return (assets.folder() / "page.css").read_text(encoding="utf-8")


@cache
def _static_script() -> str:
    return (assets.folder() / "static_page.js").read_text(encoding="utf-8")
