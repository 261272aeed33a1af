"""The pages of the diagnoses as the website has them, from the catalogue and assets/fixes/.

Nothing is known about a target there, so a fact is its name in capitals, as in `traymon explain`.
"""

from __future__ import annotations

from traymon.core.model import Diagnosis, Evidence, Status
from traymon.core.notification import Kind, Notification
from traymon.core.target import Target
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages
from traymon.diagnosis.catalogue import ENTRIES
from traymon.diagnosis.stages import STAGES
from traymon.ui import icons as shapes
from traymon.ui.notification_text import notification_text
from traymon.ui.web.parts import has_fix

CODES = [code for codes in STAGES.values() for code in codes]
GALLERY = "diagnoses.md"
SAYS = {
    Light.GREEN: "Nothing is wrong.",
    Light.AMBER: "The API is usable, but something needs attention.",
    Light.RED: "A trading program could not use the API.",
    Light.GREY: "traymon is not checking, or cannot tell.",
}
REFERENCE = "_For reference: traymon opens this page with what it sees on your computer filled in._"


def icons() -> dict[str, str]:
    """Return the picture of each light, by the name of its file."""
    return {
        f"{light.word}.svg": f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">'
        f"{shapes.svg(light)}</svg>\n"
        for light in Light
    }


def gallery() -> str:
    """Return the page that shows everything traymon can say."""
    parts = [
        "# What traymon can say\n",
        f"The icon shows one of {len(CODES)} diagnoses, the most important one that holds. Each has"
        " a page with what was seen and the steps of the fix, and its code is never renamed:"
        " see the [contract](contract.md). What is written in capitals, such as PORT, is filled in"
        " with what traymon sees on your computer.\n",
    ]
    for stage, codes in STAGES.items():
        rows = "".join(f"{_row(code)}\n" for code in codes)
        parts.append(f"## {stage}\n\n| | diagnosis | first |\n|---|---|---|\n{rows}")
    return "\n".join(parts)


def page(code: str) -> str:
    """Return the page of a diagnosis as Markdown."""
    light, text = ENTRIES[code].light, fix_pages.page(code)
    sections = dict(text.sections)
    if not has_fix(code, light):
        del sections["Fix"]
    facts = fix_pages.general_facts()
    return "\n\n".join(
        [
            f"# {fix_pages.to_markdown(text.headline, facts)}",
            f"{_icon(light, '../')} **{light.word.capitalize()}**, `{code}`. {SAYS[light]}",
            REFERENCE,
            *(
                f"## {title}\n\n{fix_pages.to_markdown(body, facts)}"
                for title, body in sections.items()
            ),
            *_notification(code),
            "[Everything that traymon can say](../diagnoses.md)\n",
        ]
    )


def _row(code: str) -> str:
    text, facts = fix_pages.page(code), fix_pages.general_facts()
    headline, in_short = (
        fix_pages.to_markdown(words, facts).replace("|", r"\|")
        for words in (text.headline, text.in_short)
    )
    link = f'**[{headline}](fix/{code}.md)**<br><span class="code">`{code}`</span>'
    return f"| {_icon(ENTRIES[code].light)} | {link} | {in_short} |"


def _icon(light: Light, up: str = "") -> str:
    return f"![{light.word}]({up}icons/{light.word}.svg){{ .light }}"


def _notification(code: str) -> list[str]:
    """Return what the notification of a fault says, as a section; none for what is no fault."""
    if ENTRIES[code].light not in (Light.RED, Light.AMBER):
        return []
    target = Target("bot", port=7497)
    now = 0.0
    diagnosis = Diagnosis(code, ENTRIES[code].light)
    status = Status(target, diagnosis, now, now, Evidence(target, now), now)
    text = notification_text(Notification(Kind.FAULT, status), now)
    title, body = (fix_pages.literal(words) for words in (text.title, text.body))
    return [f"## What the notification says\n\n> **{title}**\n>\n> {body}"]
