"""What notifications say, within every platform's limits.

Pure: the time is an argument. The words come from assets/fixes/ and assets/notifications/.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from traymon.core.facts import Fact, FactKey, Facts
from traymon.core.model import Status
from traymon.core.notification import Kind, Notification, Unannounced
from traymon.core.program_notifications import ProgramNotification
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages
from traymon.diagnosis.catalogue import ENTRIES
from traymon.diagnosis.formatting import moment
from traymon.ui.presenter import (
    MAX_BODY,
    MAX_TITLE,
    claimable_program,
    clip,
    demo_mark,
    facts_of,
    headline,
    name_mark,
    short_facts,
    utf16_length,
)
from traymon.ui.program_text import short_name

FILES_GONE = "files-gone"  # the file in assets/notifications/ that is needed when it is gone
MARK_AS_MINE, SNOOZE, NOT_EXPECTED, ARRIVED = "mine", "snooze", "not-expected", "arrived"
BUTTONS = {
    MARK_AS_MINE: "That one is mine",
    SNOOZE: "Snooze 1 hour",
    NOT_EXPECTED: "Not expected",
    ARRIVED: "It arrived",
}
URGENT = frozenset({Kind.FAULT, Kind.REMINDER, Kind.PRE_OPEN})  # if the light is red
CLICK_HINT = " Click for all steps."
SIGNATURE = " · traymon"
SEVERAL = "-several"  # how the text's name ends that is about several targets or programs
MAX_NAMED = 2  # unannounced faults named in one notification; the others are counted


@dataclass(frozen=True, slots=True)
class NotificationText:
    """What a desktop notification says, within every platform's limits."""

    title: str
    body: str
    urgent: bool
    buttons: tuple[str, ...] = ()  # keys of BUTTONS
    light: Light = Light.GREY  # the picture beside the text
    marked: bool = False  # with the mark that a program is missing
    clickable: bool = True  # a click opens the fix page
    click_hint: str = CLICK_HINT

    @property
    def clickable_body(self) -> str:
        """The body for channels that report clicks: with a hint to click, if the hint fits."""
        body = self.body + self.click_hint
        return body if self.clickable and utf16_length(body) <= MAX_BODY else self.body


def sign(title: str, body: str) -> tuple[str, str]:
    """Return title and body with traymon's name at the end of one of them, where it fits.

    For services that do not show who sent a notification.
    """
    if "traymon" in f"{title} {body}":
        return title, body
    if utf16_length(signed := f"{body}{SIGNATURE}") <= MAX_BODY:
        return title, signed
    if utf16_length(signed := f"{title}{SIGNATURE}") <= MAX_TITLE:
        return signed, body
    return title, body


def own_notification_text(title: str, body: str) -> NotificationText:
    """Return the text of a notification about traymon itself, cleaned and cut to the limits."""
    title, body = fix_pages.clean(title), fix_pages.clean(body)
    return NotificationText(clip(title, MAX_TITLE), clip(body, MAX_BODY), urgent=False)


def bare_notification_text(
    notification: Notification | ProgramNotification,
) -> NotificationText:
    """Return a text for when the usual one cannot be composed: light and headline, or the code."""
    status, light = notification.status, notification.status.diagnosis.light
    try:
        what = headline(status.diagnosis)
    except Exception:  # the same fault as before, most likely
        what = status.diagnosis.code
    return NotificationText(
        title=clip(
            fix_pages.clean(f"{demo_mark(status)}{status.target.name}: {light.word}"), MAX_TITLE
        ),
        body=clip(f"{notification.kind.capitalize()}: {what}", MAX_BODY),
        urgent=notification.kind in URGENT and light is Light.RED,
        light=light,
    )


def load_texts() -> None:
    """Read the words of every notification, so that later their files need not be there."""
    for code in ENTRIES:
        fix_pages.page(code)
    kinds = ["pre-open-good", *Kind]
    several = [f"{kind}{SEVERAL}" for kind in kinds]
    for name in (FILES_GONE, *several, *(kind for kind in kinds if kind != Kind.FAULT)):
        fix_pages.notification_text(name)


def notification_text(notification: Notification, now: float) -> NotificationText:
    """Return the text of a notification.

    A fault takes headline and first steps from its fix page; other kinds have a text of their own.
    """
    status = notification.status
    page = fix_pages.page(status.diagnosis.code)
    title, body = page.headline, page.in_short
    facts = dict(short_facts(facts_of(status, now)))
    if notification.kind is not Kind.FAULT:
        in_short = fix_pages.fill(page.in_short, facts)
        title, body = fix_pages.notification_text(text_name(notification))
        facts |= short_facts(_extra_facts(notification, in_short, now))
    return NotificationText(
        title=title_of(status, fix_pages.fill(title, facts)),
        body=clip(fix_pages.fill(body, facts), MAX_BODY),
        urgent=notification.kind in URGENT and status.diagnosis.light is Light.RED,
        buttons=_buttons(notification),
        light=status.diagnosis.light,
    )


def title_of(status: Status, words: str) -> str:
    """Return the title of a notification about a target: `live: Port 4001 is silent`."""
    return clip(f"{demo_mark(status)}{name_mark(status)}{words}", MAX_TITLE)


def text_name(notification: Notification) -> str:
    """Return the name of the file in assets/notifications/."""
    green = notification.status.diagnosis.light is Light.GREEN
    return "pre-open-good" if notification.kind is Kind.PRE_OPEN and green else notification.kind


def _buttons(notification: Notification) -> tuple[str, ...]:
    status = notification.status
    if notification.kind not in URGENT or status.diagnosis.light is Light.GREEN:
        return ()
    return (SNOOZE,) if claimable_program(status) is None else (MARK_AS_MINE, SNOOZE)


def _extra_facts(notification: Notification, in_short: str, now: float) -> Facts:
    """Return the facts that only the texts in assets/notifications/ name."""
    status, flips = notification.status, notification.flips
    codes = dict.fromkeys(one.code for flip in flips for one in (flip.before, flip.after))
    unannounced = _not_named_yet(notification, codes)
    missed = {Fact.MISSED: unannounced_text(unannounced, now)} if unannounced else {}
    return (
        _absent(status)
        | missed
        | {
            Fact.CAUSE: headline(notification.ended or status.diagnosis),
            Fact.OUTAGE: max(0.0, _outage(notification, now)),
            Fact.IN_SHORT: in_short,
            Fact.FLIPS: len(flips),
            Fact.CODES: ", ".join(codes),
            Fact.OPENS: "" if status.opens_at is None else moment(status.opens_at, now),
        }
    )


def _absent(status: Status) -> dict[FactKey[Any], Any]:
    """Return the programs that usually are connected by now, before the market opens."""
    absent = [short_name(one) for one in status.programs or () if one.lacks_before_open]
    return {Fact.ABSENT: ", ".join(absent)} if absent else {}


def _outage(notification: Notification, now: float) -> float:
    """Return how long the fault lasted, or has lasted so far; seconds."""
    status = notification.status
    if notification.kind is Kind.RECOVERY and status.was_down is not None:
        return status.was_down
    return now - (status.since if status.down_since is None else status.down_since)


def _not_named_yet(notification: Notification, codes: Iterable[str]) -> Sequence[Unannounced]:
    """Return the unannounced faults that the rest of the notification does not name."""
    if notification.kind is Kind.SUMMARY:
        return notification.unannounced
    named = set(codes) if notification.kind is Kind.STEADY else set()
    # a fault that has not ended is the headline already
    ended = (fault for fault in notification.unannounced if fault.ended is not None)
    return [fault for fault in ended if fault.diagnosis.code not in named]


def unannounced_text(faults: Sequence[Unannounced], now: float) -> str:
    """Name the first unannounced faults, `headline (14:02 to 14:10)`, and count the others."""
    parts = []
    for fault in faults[:MAX_NAMED]:
        until = "now" if fault.ended is None else moment(fault.ended, now)
        parts.append(f"{headline(fault.diagnosis)} ({moment(fault.began, now)} to {until})")
    if len(faults) > MAX_NAMED:
        parts.append(f"{len(faults) - MAX_NAMED} more")
    return "; ".join(parts)
