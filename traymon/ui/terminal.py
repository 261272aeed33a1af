"""The status in a terminal: live where it is one, a plain line per change where it is not.

With cli.py the only importer of rich. Looks at nothing.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markdown import Markdown
from rich.padding import Padding
from rich.text import Text

from traymon import __version__
from traymon.core.model import Status
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages
from traymon.diagnosis.checks import CheckStep, check_steps
from traymon.diagnosis.fix_pages import clean
from traymon.diagnosis.formatting import duration, moment
from traymon.ui import presenter

STYLES = {
    Light.GREEN: "green",
    Light.AMBER: "yellow",
    Light.RED: "bold red",
    Light.GREY: "bright_black",
}
CHANGES_SHOWN = 12
WAKE = 0.5  # seconds; Windows delivers Ctrl-C only to a main thread that wakes


class Terminal:
    """Shows statuses on a console. `show` comes from one thread, `run` blocks another."""

    def __init__(self, console: Console, now: Callable[[], float] = time.time) -> None:
        self._console, self._now = console, now
        self._live: Live | None = None
        self._last: dict[str, tuple[str, str]] = {}
        self._changes: deque[Text] = deque(maxlen=CHANGES_SHOWN)
        self._statuses: Sequence[Status] = ()

    def say(self, line: str) -> None:
        """Print one line as it is."""
        self._console.print(Text(line))

    def show(self, statuses: Sequence[Status]) -> None:
        """Show the statuses: anew where they are live, else a line for each that changed."""
        self._statuses = statuses
        for status in statuses:
            state = (status.diagnosis.code, presenter.suspicion(status))
            if self._last.get(status.target.name) == state:
                continue
            self._last[status.target.name] = state
            at = time.strftime("%H:%M:%S", time.localtime(self._now()))
            if self._live is None:
                change = Text(f"{at}  ")
                change.append(presenter.line(status, self._now()), STYLES[status.diagnosis.light])
                self._console.print(change, soft_wrap=True)
            else:
                self._changes.append(_change(at, status, len(statuses) > 1))
        if self._live is not None:
            self._live.update(self._picture(), refresh=True)

    def run(self, stopping: threading.Event) -> None:
        """Show the statuses until `stopping` is set."""
        if not self._console.is_terminal or self._console.is_dumb_terminal:
            _wait(stopping)
            return
        with Live(self._picture(), console=self._console, auto_refresh=False) as live:
            self._live = live
            _wait(stopping)
            self._live = None

    def _picture(self) -> RenderableType:
        parts: list[RenderableType] = [
            Text(f"traymon {__version__} · Ctrl-C ends it", "bright_black"),
            Text(),
        ]
        for status in presenter.worst_first(self._statuses):
            parts += [_state(status, self._now()), Text()]
        if self._changes:
            parts += [Text("Changes", "bright_black"), *self._changes]
        return Group(*parts)


def _wait(stopping: threading.Event) -> None:
    while not stopping.wait(WAKE):
        pass


def _change(at: str, status: Status, several: bool) -> Text:
    """Return one line of what has just come up: the rest stands above it, in the status."""
    diagnosis, doubt = status.diagnosis, presenter.suspicion(status)
    change = Text(f"{at}  ", no_wrap=True, overflow="ellipsis")
    if several:
        change.append(f"{status.target.name}: ")
    if doubt:
        return change.append(f"? {doubt}", "yellow")
    mark = presenter.MARKS[diagnosis.light]
    return change.append(f"{mark} {presenter.headline(diagnosis)}", STYLES[diagnosis.light])


def _state(status: Status, now: float) -> RenderableType:
    light = status.diagnosis.light
    head = Text(f"{presenter.MARKS[light]} {presenter.headline(status.diagnosis)}", STYLES[light])
    where = " · ".join(
        part
        for part in (
            status.target.name,
            presenter.address(status),
            f"since {moment(status.since, now)}",
            presenter.latency(status),
        )
        if part
    )
    lines: list[RenderableType] = [head, Text(f"  {where}", "bright_black")]
    lines += [Text(f"  {measured}", "bright_black") for measured in presenter.figures(status)]
    if doubt := presenter.suspicion(status):
        lines.append(Text(f"  {doubt}", "yellow"))
    if light in (Light.AMBER, Light.RED):
        page = fix_pages.page(status.diagnosis.code)
        short = fix_pages.fill(page.in_short, presenter.facts_of(status, now))
        lines.append(Padding(Text(short), (1, 2, 0, 2)))
    return Group(*lines)


def test_results(status: Status, only: str | None) -> RenderableType:
    """Return the tests of `traymon check`, up to the first that failed, or one of them."""
    lines: list[RenderableType] = []
    for number, step in enumerate(check_steps(status.evidence), 1):
        if only in (None, step.name):
            lines.append(_test(number, step))
        if only is None and not step.passed:
            break
    return Group(*lines)


def _test(number: int, step: CheckStep) -> RenderableType:
    line = Text(f"{presenter.MARKS[step.light]} ", STYLES[step.light])
    line.append(f"Test {number}: {step.title}", "bold")
    if step.took is not None:
        line.append(f" ({duration(step.took)})")
    found: list[RenderableType] = [Text(clean(step.finding))]
    for part in step.details:
        found.append(
            Text(f"{presenter.MARKS[part.light]} ", STYLES[part.light]).append(
                clean(part.finding), "default"
            )
        )
    return Group(line, Padding(Group(*found), (0, 0, 0, 2)))


def fix(status: Status, now: float) -> RenderableType:
    """Return root cause and fix of a status, for a person who reads it in a terminal."""
    page = fix_pages.page(status.diagnosis.code)
    facts = presenter.facts_of(status, now)
    light = status.diagnosis.light
    headline = fix_pages.fill(page.headline, facts)
    return Group(
        Text(f"{presenter.MARKS[light]} {headline}\n", STYLES[light]),
        Text(fix_pages.fill(page.in_short, facts)),
        Text("\nFix", "bold"),
        Markdown(fix_pages.to_markdown(page.sections["Fix"], facts)),
        Text(f"\nThe whole page: traymon explain {page.code}", "bright_black"),
    )


def explained(code: str) -> RenderableType:
    """Return the page of a code, its facts read as dashes."""
    page = fix_pages.page(code)
    headline = Text(f"{fix_pages.fill(page.headline, {})}\n", "bold")
    return Group(headline, Markdown(fix_pages.to_markdown(page.markdown, {})))
