"""Statuses in a terminal: redrawn in place; in a pipe or a file, one line per change."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.text import Text

from traymon import __version__
from traymon.core.model import Change, Status
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages
from traymon.ui import overview, presenter

STYLES = {
    Light.GREEN: "green",
    Light.AMBER: "yellow",
    Light.RED: "bold red",
    Light.GREY: "none",
}
MAX_CHANGES = 12  # lines under the statuses
WAKE_INTERVAL = 0.5  # seconds; Windows delivers Ctrl-C only to a main thread that wakes


class Terminal:
    """Shows statuses on a console. A surface; `run` blocks another thread than `show`'s."""

    name = "terminal"
    shows = Change.HEADLINE | Change.DETAILS | Change.MUTE
    names_times = True

    def __init__(self, console: Console, now: Callable[[], float] = time.time) -> None:
        self._console, self._now = console, now
        self._live: Live | None = None
        self._changes: deque[Text] = deque(maxlen=MAX_CHANGES)
        self._statuses: Sequence[Status] = ()

    @property
    def is_seen(self) -> bool:
        """Whether somebody may look at this console."""
        return self._console.file.isatty() and not self._console.quiet

    def print_line(self, line: str) -> None:
        """Print a line of traymon's own."""
        self._console.print(Text(line))

    def show(self, statuses: Sequence[Status], changes: Mapping[str, Change]) -> None:
        """Redraw a live terminal; elsewhere print a line for each new headline."""
        self._statuses = statuses
        for status in statuses:
            if Change.HEADLINE & changes.get(status.target.name, Change.NOTHING):
                self._show_change(status)
        if self._live is not None:
            self._live.update(self._picture(), refresh=True)

    def _show_change(self, status: Status) -> None:
        at = time.strftime("%H:%M:%S", time.localtime(self._now()))
        if self._live is None:
            change = Text(f"{at}  ")
            line = presenter.status_line(status, self._now())
            change.append(line, STYLES[status.diagnosis.light])
            self._console.print(change, soft_wrap=True)
        else:
            self._changes.append(_change(at, status))

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
            Text(f"traymon {__version__} · press Ctrl-C to quit", "dim"),
            Text(),
        ]
        if len(self._statuses) > 1:
            style = STYLES[presenter.worst_light(self._statuses)]
            parts += [Text(overview.headline(self._statuses), style), Text()]
        for status in presenter.worst_first(self._statuses):
            parts += [_target(status, self._now()), Text()]
        if self._changes:
            parts += [Text("Changes", "dim"), *self._changes]
        return Group(*parts)


def _wait(stopping: threading.Event) -> None:
    while not stopping.wait(WAKE_INTERVAL):
        pass


def _change(at: str, status: Status) -> Text:
    """Return one line with what is new; everything else is in the status above it."""
    diagnosis, suspicion = status.diagnosis, presenter.suspicion_text(status)
    change = Text(f"{at}  ", no_wrap=True, overflow="ellipsis")
    if suspicion:
        return change.append(f"? {presenter.name_mark(status)}{suspicion}", "yellow")
    return change.append(presenter.named_headline(status), STYLES[diagnosis.light])


def _target(status: Status, now: float) -> RenderableType:
    light = status.diagnosis.light
    head = Text(presenter.named_headline(status), STYLES[light])
    if status.muted:
        head.append(f" ({presenter.MUTED})", "dim")
    where = f"{status.target.name} · {presenter.where_and_since(status, now)}"
    lines: list[RenderableType] = [head, Text(f"  {where}", "dim")]
    lines += [Text(f"  {stats}", "dim") for stats in presenter.latency_stats(status)]
    if suspicion := presenter.suspicion_text(status):
        lines.append(Text(f"  {suspicion}", "yellow"))
    if settings := presenter.settings_text(status):
        lines.append(Text(f"  {settings}", "yellow"))
    if light in (Light.AMBER, Light.RED):
        page = fix_pages.page(status.diagnosis.code)
        in_short = fix_pages.fill(page.in_short, presenter.facts_of(status, now))
        lines.append(Padding(Text(in_short), (1, 2, 0, 2)))
    return Group(*lines)
