"""Reports to hand on: of a diagnosis, of an incident, and of some days; as Markdown or HTML.

They load nothing and run no script. What is not our own template is escaped.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from markupsafe import Markup

from traymon import __version__
from traymon.core.model import Status
from traymon.core.target import mask_account
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages
from traymon.diagnosis.checks import check_steps
from traymon.diagnosis.fix_pages import clean
from traymon.ui import icons, presenter
from traymon.ui.web.parts import common
from traymon.ui.web.templates import fill_template, icon_of, style_sheet

if TYPE_CHECKING:  # loaded by whoever makes such a report, not by every page
    from traymon.ui.incident_report import IncidentReport
    from traymon.ui.period_report import PeriodReport


def diagnosis_markdown(status: Status, now: float) -> str:
    """Return the diagnosis as Markdown, to be copied into a bug report or a chat."""
    facts, words = presenter.facts_of(status, now), fix_pages.page(status.diagnosis.code)
    target = status.target

    def markdown(text: str) -> str:
        return fix_pages.to_markdown(text, facts)

    text = fill_template(
        "report.md.j2",
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
    return text.rstrip() + "\n"


def incident_markdown(report: IncidentReport, now: float) -> str:
    """Return the report of an incident as Markdown."""
    text = fill_template("incident_report.md.j2", r=report, version=__version__, now=_time(now))
    return text.rstrip() + "\n"


def incident_html(report: IncidentReport, now: float) -> str:
    """Return the report of an incident as one HTML document."""
    light = Light[report.light.upper()]
    return fill_template(
        "incident_report.html.j2",
        r=report,
        version=__version__,
        now=_time(now),
        style=Markup(style_sheet()),
        shape=Markup(icons.svg(light)),
        icon=icon_of(light),
    )


def period_html(reports: Sequence[PeriodReport], now: float) -> str:
    """Return the reports of some days, each of one target, as one HTML document."""
    return fill_template(
        "period_report.html.j2",
        reports=reports,
        version=__version__,
        now=_time(now),
        style=Markup(style_sheet()),
        icon=icon_of(Light.GREY),
    ).lstrip()


def _time(now: float) -> str:
    return f"{datetime.fromtimestamp(now).astimezone():%Y-%m-%d %H:%M %z}"
