"""The pages beside the live one: of a code, of an incident, for setting up a phone, of an error."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup

from traymon import __version__
from traymon.core.target import USUAL_COMMANDS, Commands
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui import icons
from traymon.ui.incidents import IncidentView
from traymon.ui.phone import PhoneDraft
from traymon.ui.web.parts import has_fix, sections
from traymon.ui.web.templates import as_icon, content_hash, fill_template, style_sheet

NOTHING_ELSE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def incident_page(number: int, command: str = USUAL_COMMANDS.traymon) -> str:
    """Return the page of an incident without its contents, which page.js asks for."""
    icon = as_icon(icons.outline_svg(Light.GREY))
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
    icon = as_icon(icons.outline_svg(Light.GREY))
    return fill_template("phone_page.html.j2", icon=icon, version=__version__, traymon=command)


def phone_steps(draft: PhoneDraft, **said: str | bool) -> str:
    """Return the steps of that page; `said` tells its template what became of the last one."""
    import segno  # loaded by the few who set up a phone

    code = segno.make(draft.link, error="m", micro=False)
    picture = code.svg_inline(omitsize=True, border=4, dark="#000", light="#fff")
    return fill_template("phone_steps.html.j2", draft=draft, code=Markup(picture), **said)


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
        icon=as_icon(icons.outline_svg(light)),
        code=code,
    )


@cache
def error_page(status: int, title: str, command: str = "traymon") -> tuple[str, str]:
    """Return the page of an HTTP error, and the policy by which it may use its own style alone."""
    style = style_sheet()
    page = fill_template(
        "error.html.j2",
        status=status,
        title=title,
        traymon=command,
        style=Markup(style),
        shape=Markup(icons.outline_svg(Light.GREY)),
        icon=as_icon(icons.outline_svg(Light.GREY)),
    )
    allowed = f"style-src '{content_hash(style)}'; img-src data:"
    return page, f"default-src 'none'; {allowed}; {NOTHING_ELSE}"
