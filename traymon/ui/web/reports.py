"""Reports as files of their own: of an incident, in Markdown or HTML, and of some days.

They load nothing and run no script. What is not our own template is escaped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from markupsafe import Markup

from traymon import __version__
from traymon.core.vocabulary import Light
from traymon.ui import icons
from traymon.ui.web.render import fill_template, icon_of, style_sheet

if TYPE_CHECKING:  # loaded by whoever makes such a report, not by every page
    from traymon.ui.incident_report import IncidentReport
    from traymon.ui.period_report import PeriodReport


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
