"""What the drill, the weekly test alarm, says: its notification, and what it has proven.

Pure but for the words, which are in assets/. The time is that of the view.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from traymon import assets
from traymon.core.drill import DrillView, Hindrance, Proof
from traymon.core.events import iso
from traymon.diagnosis import fix_pages
from traymon.diagnosis.fix_pages import clean
from traymon.diagnosis.formatting import moment
from traymon.ui.notification_text import ARRIVED, NotificationText

CLICK_HINT = " Or click here."
SCHEMA = 1  # of the JSON; raised when a field changes its meaning or goes away


@cache
def _words() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((assets.folder() / "drill.toml").read_text(encoding="utf-8"))


def why_not(hindrance: Hindrance) -> str:
    """Return why a drill may not run now, in a sentence."""
    return _words()["hindrances"][hindrance]


def no_answer(name: str) -> str:
    """Return why an answer counts for nothing: `off` or `nothing-sent` of assets/drill.toml."""
    return _words()["answers"][name]


def which(channels: Sequence[str]) -> str:
    """Return that an answer must say on which of these channels the drill arrived."""
    return no_answer("which").format(channels=", ".join(map(clean, channels)))


def desktop_text() -> NotificationText:
    """Return the test alarm for the desktop; as urgent as a real one, to show that it is seen."""
    title, body = fix_pages.notification_text("drill")
    return NotificationText(title, body, urgent=True, buttons=(ARRIVED,), click_hint=CLICK_HINT)


def overdue_text(view: DrillView) -> str:
    """Return what icon, menu and page say of channels not proven for too long; "" if none is."""
    if not view.overdue:
        return ""
    days = max(view.channels[name].days_unproven(view.now) for name in view.overdue)
    names = ", ".join(map(clean, view.overdue))
    return f"Alarm not proven for {_days(days)} ({names}): run a drill"


def summary(view: DrillView) -> str:
    """Return `Alarm last proven 3 days ago (desktop, phone)`: the newest proof of any channel."""
    proven = {name: one.proven for name, one in view.channels.items() if one.proven is not None}
    if not proven:
        return "Alarm not proven yet"
    latest = max(proven.values())
    ago = _ago(latest, view.now)
    names = [clean(name) for name, at in proven.items() if _ago(at, view.now) == ago]
    return f"Alarm last proven {ago} ({', '.join(names)})"


def channel_lines(view: DrillView) -> Iterator[tuple[str, str]]:
    """Yield each channel with its last proof, and with its last failure if that is newer."""
    for name, proof in view.channels.items():
        yield clean(name), _line(proof, view.now)


def _line(proof: Proof, now: float) -> str:
    parts = [
        "not proven yet" if proof.proven is None else f"proven {_ago(proof.proven, now)}",
    ]
    if proof.awaits_answer(now) and proof.sent is not None:
        parts.append(f"sent {moment(proof.sent, now)}, waiting for your answer")
    if proof.has_failed and proof.failed is not None:
        parts.append(f"failed {moment(proof.failed, now)}: {clean(proof.why)}")
    return "; ".join(parts)


def next_text(view: DrillView) -> str:
    """Return when the next drill is sent, in local time."""
    if view.next is None:
        return "Next drill: never, as trading and quiet hours leave no time for it"
    if view.next <= view.now:
        return "Next drill: as soon as it may run"
    day = datetime.fromtimestamp(view.next)
    return f"Next drill: {day:%a} {day.day} {day:%b} {day:%H:%M}"


def as_json(view: DrillView) -> dict[str, Any]:
    """Return plain values."""
    return {
        "schema": SCHEMA,
        "summary": summary(view),
        "next": _iso(view.next),
        "next_text": next_text(view),
        "hindrance": view.hindrance,
        "why_not": "" if view.hindrance is None else why_not(view.hindrance),
        "overdue": list(view.overdue),
        "channels": [
            {
                "name": name,
                "text": line,
                "sent": _iso(proof.sent),
                "proven": _iso(proof.proven),
                "failed": _iso(proof.failed),
                "why": clean(proof.why),
                "awaits_answer": proof.awaits_answer(view.now),
            }
            for (name, line), proof in zip(channel_lines(view), view.channels.values(), strict=True)
        ],
    }


def _iso(at: float | None) -> str | None:
    return None if at is None else iso(at)


def _ago(at: float, now: float) -> str:
    """Return how many days ago something was, by the calendar: `today`, `3 days ago`."""
    days = (datetime.fromtimestamp(now).date() - datetime.fromtimestamp(at).date()).days
    return "today" if days <= 0 else f"{_days(days)} ago"


def _days(count: int) -> str:
    return "1 day" if count == 1 else f"{count} days"
