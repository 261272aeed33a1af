"""A Status as an HTML page and as a Markdown report, from the templates in assets/.

Everything that is not a template of ours is untrusted and escaped. Looks at nothing.
"""

from __future__ import annotations

import platform
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup

from traymon import __version__, assets
from traymon.diagnosis import fixes
from traymon.diagnosis.fixes import clean, duration
from traymon.diagnosis.ladder import ladder
from traymon.diagnosis.naming import moment
from traymon.model import Status, mask_account
from traymon.ui import icons, view


def page(status: Status, now: float) -> str:
    """Return the fix page of a status as a whole HTML document without anything from elsewhere."""
    facts, words = view.facts_of(status, now), fixes.page(status.diagnosis.code)
    body = "".join(
        f"<h2>{title}</h2>\n{fixes.to_html(words.sections[title], facts)}"
        for title in ("Fix", "How to check", "What it means", "If that did not help")
    )  # what to do comes first: it must be in view without scrolling
    return (
        _environment()
        .get_template("page.html.j2")
        .render(
            **_common(status, now),
            body=Markup(body),  # rendered by fixes.to_html, with every fact escaped
            style=Markup(_style()),
            shape=Markup(icons.svg(status.diagnosis.light)),
            mark=view.MARKS[status.diagnosis.light],
            doubt=view.suspicion(status),
        )
    )


def report(status: Status, now: float) -> str:
    """Return the diagnosis as Markdown, with the sections of the document it all began with."""
    facts, words = view.facts_of(status, now), fixes.page(status.diagnosis.code)
    target = status.target

    def markdown(text: str) -> str:
        return fixes.to_markdown(text, facts)

    text = (
        _environment()
        .get_template("report.md.j2")
        .render(
            **_common(status, now)
            | {"headline": markdown(words.headline), "in_short": markdown(words.in_short)},
            code=status.diagnosis.code,
            tests=[
                replace(rung, saw=clean(rung.saw))
                for rung in ladder(status.evidence)
                if rung.took is not None or rung.passed
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
    facts, words = view.facts_of(status, now), fixes.page(status.diagnosis.code)
    return {
        "light": status.diagnosis.light.word,
        "headline": fixes.fill(words.headline, facts),
        "in_short": fixes.fill(words.in_short, facts),
        "name": status.target.name,
        "address": view.address(status),
        "env_file": clean(status.target.env_file),
        "since": moment(status.since, now),
        "took": view.latency(status),
        "figures": view.figures(status),
        "now": f"{datetime.fromtimestamp(now):%Y-%m-%d %H:%M:%S}",
        "version": __version__,
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
    environment.filters |= {"literal": fixes.literal, "in_code": fixes.literal_in_code}
    return environment


@cache
def _style() -> str:
    return (assets.folder() / "page.css").read_text(encoding="utf-8")
