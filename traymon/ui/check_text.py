"""What `traymon check` and `traymon explain` print: results, fix pages and the verdict.

Renders only; the time is an argument.
"""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from traymon.core.model import Status
from traymon.core.target import USUAL_COMMANDS, Commands
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages
from traymon.diagnosis.checks import CheckStep, belongs, every_step, light_of_check
from traymon.diagnosis.fix_pages import clean
from traymon.diagnosis.formatting import duration
from traymon.ui import presenter
from traymon.ui.console import PageMarkdown
from traymon.ui.terminal import STYLES

RESULTS = {
    Light.GREEN: "passed",
    Light.AMBER: "needs attention",
    Light.RED: "failed",
    Light.GREY: "",  # the finding says that it was not checked, or not reached
}
INDENT = 2  # columns


def check_results(status: Status, only: str | None) -> RenderableType:
    """Return a line for every check, with details of all, or of one and what it brings along."""
    steps = every_step(status.evidence)
    return Group(
        *(
            _check_result(number, step, in_full=only is None or belongs(step, only))
            for number, step in enumerate(steps, 1)
        )
    )


def _check_result(number: int, step: CheckStep, *, in_full: bool) -> RenderableType:
    line = Text(f"{presenter.MARKS[step.light]} ", STYLES[step.light])
    line.append(f"Test {number}: {step.title}", "bold")
    line.append(f": {RESULTS[step.light] or clean(step.finding)}")
    if step.took is not None:
        line.append(f" ({duration(step.took)})")
    if not in_full:
        return line
    found: list[RenderableType] = [Text(clean(step.finding))] if RESULTS[step.light] else []
    for part in step.details:
        found.append(
            Text(f"{presenter.MARKS[part.light]} ", STYLES[part.light]).append(
                clean(part.finding), "default"
            )
        )
    return Group(line, Padding(Group(*found), (0, 0, 0, INDENT)))


def fix_steps(status: Status, now: float) -> RenderableType:
    """Return what a status means in short, and all steps of the fix."""
    page, facts = fix_pages.page(status.diagnosis.code), presenter.facts_of(status, now)
    return Group(
        Text(fix_pages.fill(page.in_short, facts)),
        Text("\nFix", "bold"),
        PageMarkdown(fix_pages.to_markdown(page.sections["Fix"], facts)),
    )


def whole_page(status: Status, now: float) -> RenderableType:
    """Return every section of the fix page of a status, with its values."""
    facts = presenter.facts_of(status, now)
    return PageMarkdown(
        fix_pages.to_markdown(fix_pages.page(status.diagnosis.code).markdown, facts)
    )


def verdict(status: Status, now: float, only: str | None = None) -> RenderableType:
    """Return light, headline, the next action and where all of it is: the end of an output.

    `only` is the one check that was asked for; its own result comes last if it differs.
    """
    light = status.diagnosis.light
    page, facts = fix_pages.page(status.diagnosis.code), presenter.facts_of(status, now)
    headline = fix_pages.fill(page.headline, facts)  # whole: a terminal has the room
    mark = f"{presenter.MARKS[light]} {light.word.upper()}: "
    parts: list[RenderableType] = [Text(f"{mark}{headline}", STYLES[light])]
    if light is not Light.GREEN:
        step = fix_pages.to_markdown(fix_pages.first_step(page, facts), facts)
        parts.append(Padding(PageMarkdown(step), (0, 0, 0, INDENT)))
        commands = status.target.commands
        full, page_command = f"{commands.check} --full", f"{commands.traymon} open"
        parts.append(Text(f"Everything about it: {full}, or while traymon runs: {page_command}"))
    if only is not None:
        asked = light_of_check(status, only)
        if asked is not light:
            result = RESULTS[asked] or "not reached"
            parts.append(Text(f"{presenter.MARKS[asked]} The check {only}: {result}"))
    return Group(*parts)


def explanation(code: str, commands: Commands = USUAL_COMMANDS) -> RenderableType:
    """Return the fix page of a code, as it reads when nothing is known."""
    page, facts = fix_pages.page(code), fix_pages.general_facts(commands)
    headline = Text(f"{fix_pages.fill(page.headline, facts)}\n", "bold")
    return Group(headline, PageMarkdown(fix_pages.to_markdown(page.markdown, facts)))
