"""The icon's tooltip, within the platform's limit: of one target, or of several.

Pure: the time is an argument.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from traymon.core.model import Status
from traymon.core.vocabulary import Light
from traymon.ui import overview, presenter
from traymon.ui.presenter import MAX_TOOLTIP, clip, utf16_length
from traymon.ui.program_text import missing_text


def tooltip(statuses: Sequence[Status], now: float, warning: str = "") -> str:
    """Return the tooltip; "traymon" before the first status.

    A `warning`, which is about traymon itself, comes first unless something is wrong with a target.
    """
    if not statuses:
        return "traymon"
    if len(statuses) > 1:
        text = _of_several(presenter.worst_first(statuses))
    else:
        text = _of_one(statuses[0], now)
    if not warning:
        return text
    if presenter.worst_light(statuses) is Light.GREEN:
        return _with_lines(clip(warning, MAX_TOOLTIP), text.splitlines())
    return _with_lines(text, [warning])


def _of_one(status: Status, now: float) -> str:
    muted = filter(
        None,
        (
            presenter.MUTED if status.muted else presenter.mute_text(status, now),
            presenter.market_closed_text(status, now),
        ),
    )
    lines = [
        f"{presenter.demo_mark(status)}{presenter.headline(status.diagnosis)}",
        presenter.suspicion_text(status),
        presenter.settings_text(status),
        missing_text(status),
        presenter.where_and_since(status, now),
        ", ".join(muted),
    ]
    text = clip("\n".join(filter(None, lines)), MAX_TOOLTIP)
    return _with_lines(text, presenter.latency_stats(status))


def _of_several(by_rank: Sequence[Status]) -> str:
    worst, *others = map(_line, by_rank)
    news = filter(None, [presenter.settings_text(by_rank[0])])
    return _with_lines(overview.counts(by_rank), (worst, *news, *others))


def _line(status: Status) -> str:
    """Return a target in a line: its headline if something is wrong, else its name is enough."""
    named = presenter.named_mark(status)
    if status.muted:
        return named
    if status.diagnosis.light is Light.GREEN:
        missing = missing_text(status)
        return f"{named}: {missing}" if missing else named
    return f"{named}: {presenter.headline(status.diagnosis)}"


def _with_lines(text: str, lines: Iterable[str]) -> str:
    """Return the text with as many of the lines as fit whole."""
    for line in lines:
        if utf16_length(longer := f"{text}\n{line}") <= MAX_TOOLTIP:
            text = longer
    return text
