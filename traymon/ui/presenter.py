"""Status -> what each surface shows. All length limits are here.

Pure: the time is an argument. No sentence of advice: those are assets/fixes/.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from traymon.core.facts import Fact, FactKey, Facts, ShownAs
from traymon.core.latency import LATENCY_NAMES
from traymon.core.model import Diagnosis, Status
from traymon.core.notification_policy import Kind, Notification, Unannounced
from traymon.core.target import Program
from traymon.core.vocabulary import Light, SensorName
from traymon.diagnosis import fix_pages
from traymon.diagnosis.checks import check_steps
from traymon.diagnosis.formatting import duration, id_use, moment, programs

# Windows' NOTIFYICONDATA holds 128, 64 and 256 UTF-16 units, the closing NUL included.
TOOLTIP, TITLE, BODY = 127, 63, 255

MARKS = {Light.GREEN: "✓", Light.AMBER: "!", Light.RED: "✗", Light.GREY: "…"}

MARK_AS_MINE, SNOOZE = "mine", "snooze"
BUTTONS = {
    MARK_AS_MINE: "That one is mine",
    SNOOZE: "Snooze 1 hour",
}  # of notices, where they have any
URGENT = frozenset({Kind.FAULT, Kind.REMINDER, Kind.PRE_OPEN})  # where the light is red
CLICK = " Click for all steps."
MOST_NAMED = 2  # untold faults that a notice names; the others are counted


@dataclass(frozen=True, slots=True)
class NotificationText:
    """What a desktop notification says, within every platform's limits."""

    title: str
    body: str
    urgent: bool
    buttons: tuple[str, ...] = ()  # names of BUTTONS that it offers
    light: Light = Light.GREY  # whose picture it carries, where there is room for one
    clickable: bool = True  # somebody is there to open the fix steps

    @property
    def clickable_body(self) -> str:
        """The body with the hint to click, if it fits; for channels whose clicks arrive."""
        body = self.body + CLICK
        return body if self.clickable and utf16(body) <= BODY else self.body


def utf16(text: str) -> int:
    """Return the length that Windows counts: UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clip(text: str, limit: int) -> str:
    """Return the text, cut to `limit` UTF-16 units with an ellipsis where it is longer."""
    if utf16(text) <= limit:
        return text
    while utf16(text) > limit - 1:
        text = text[:-1]
    return text.rstrip() + "…"


def facts_of(status: Status, now: float) -> Facts:
    """Return the facts for the page of the shown diagnosis: the sensors', and since when."""
    return {
        **{fact: _as_shown(fact, value, now) for fact, value in status.diagnosis.facts.items()},
        Fact.SINCE: moment(status.since, now),
        Fact.LOOKS: status.streak,
    }


def _as_shown(fact: FactKey[Any], value: Any, now: float) -> Any:
    """Return a value in words where that takes the time; else as it is."""
    if fact.shown_as is ShownAs.MOMENT:
        return moment(value, now)
    return programs(value, now) if fact.shown_as is ShownAs.PROGRAMS else value


def id_uses(status: Status) -> list[str]:
    """Return a line for each configured client ID: how it is used, and by whom."""
    uses = status.evidence.fact(SensorName.CLIENT_IDS, Fact.ID_USES) or ()
    return [id_use(one, status.evidence.now) for one in uses]


def claimable_program(status: Status) -> Program | None:
    """Return the one program of which the user could say that it is his own, if there is one."""
    if not status.diagnosis.claimable:
        return None
    holders = Fact.HOLDER.of(status.diagnosis.facts) or ()
    known = [holder for holder in holders if holder.pid is not None and not holder.own]
    return known[0] if len(holders) == len(known) == 1 else None


def short_facts(facts: Facts) -> Facts:
    """Return the facts with values cut to what a notice has room for."""
    return {fact: _short(fact, value) for fact, value in facts.items()}


def _short(fact: FactKey[Any], value: Any) -> Any:
    if fact.max_length is None:
        return value
    return clip(fix_pages.clean(fix_pages.show(fact, value)), fact.max_length)


def headline(diagnosis: Diagnosis) -> str:
    """Return the headline of a diagnosis, at most a notice's title long."""
    text = fix_pages.fill(fix_pages.page(diagnosis.code).headline, short_facts(diagnosis.facts))
    return clip(text, TITLE)


def latency(status: Status) -> str:
    """Return how long the last handshake took, or nothing while there is none."""
    took = Fact.TOOK.of(status.diagnosis.facts)
    return "" if took is None else duration(took)


def figures(status: Status) -> list[str]:
    """Return what was measured in the last hour: `heartbeat 2 ms (median 2 ms, 95 % 8 ms)`."""
    return [
        f"{what} {duration(figure.last)} "
        f"(median {duration(figure.median)}, 95 % {duration(figure.p95)})"
        for sensor, what in LATENCY_NAMES.items()
        if (figure := status.figures.get(sensor)) is not None
    ]


def worst_first(statuses: Sequence[Status]) -> list[Status]:
    """Return the statuses with the worst light first, else in the order given."""
    return sorted(statuses, key=lambda status: -status.diagnosis.light)


def light(statuses: Sequence[Status]) -> Light:
    """Return the one light that the icon shows: the worst."""
    return max((status.diagnosis.light for status in statuses), default=Light.GREY)


def address(status: Status) -> str:
    """Return where the target is, and that it was found by itself where nobody set it."""
    where = status.target.address
    return f"{where} (found)" if status.target.discovered else where


def suspicion(status: Status) -> str:
    """Return what leans but has not settled: `1 of 2: headline`; nothing where nothing does."""
    leaning = status.suspicion
    if leaning is None:
        return ""
    return f"{leaning.streak} of {leaning.needed}: {headline(leaning.diagnosis)}"


def tooltip(statuses: Sequence[Status], now: float) -> str:
    """Return the icon's tooltip, the worst target first: state, target, since, latency."""
    parts = [_tooltip(status, now) for status in worst_first(statuses)]
    return clip("\n".join(parts), TOOLTIP) if parts else "traymon"


def _tooltip(status: Status, now: float) -> str:
    lines = [headline(status.diagnosis)]
    if doubt := suspicion(status):
        lines.append(doubt)
    where = [address(status), f"since {moment(status.since, now)}", latency(status)]
    lines.append(" · ".join(part for part in where if part))
    if hush := ", ".join(filter(None, (mute_text(status, now), closing(status, now)))):
        lines.append(hush)
    for measured in figures(status):  # as many as there is room for; none is cut
        if utf16("\n".join((*lines, measured))) <= TOOLTIP:
            lines.append(measured)
    return "\n".join(lines)


def line(status: Status, now: float) -> str:
    """Return the status as one line for a terminal or a log."""
    mark = MARKS[status.diagnosis.light]
    parts = [f"{mark} {headline(status.diagnosis)}", address(status)]
    parts.append(f"since {moment(status.since, now)}")
    if took := latency(status):
        parts.append(took)
    parts += filter(None, (suspicion(status), mute_text(status, now), closing(status, now)))
    return " · ".join(parts)


def waiting(status: Status) -> str:
    """Return what still has to become good before a program can be started, as one line."""
    if status.diagnosis.light is not Light.GREEN:
        return f"{MARKS[status.diagnosis.light]} {headline(status.diagnosis)}"
    open_rung = next((r for r in check_steps(status.evidence) if r.light is not Light.GREEN), None)
    if open_rung is None:
        return f"{MARKS[Light.GREEN]} {headline(status.diagnosis)}"
    open_details = (d.finding for d in open_rung.details if d.light is not Light.GREEN)
    finding = next(open_details, open_rung.finding)
    return f"{MARKS[open_rung.light]} {open_rung.title}: {fix_pages.clean(finding)}"


def notice(notice: Notification, now: float) -> NotificationText:
    """Return the words of a notice: the page's headline and its section "In short", or others."""
    status = notice.status
    page = fix_pages.page(status.diagnosis.code)
    title, body = page.headline, page.in_short
    facts = dict(short_facts(facts_of(status, now)))
    if notice.kind is not Kind.FAULT:
        name = str(notice.kind)
        if notice.kind is Kind.PRE_OPEN and status.diagnosis.light is Light.GREEN:
            name = "pre-open-good"
        title, body = fix_pages.notification_text(name)
        facts |= short_facts(_facts_of(notice, fix_pages.fill(page.in_short, facts), now))
    return NotificationText(
        title=clip(fix_pages.fill(title, facts), TITLE),
        body=clip(fix_pages.fill(body, facts), BODY),
        urgent=notice.kind in URGENT and status.diagnosis.light is Light.RED,
        buttons=_buttons(notice),
        light=status.diagnosis.light,
    )


def _buttons(notice: Notification) -> tuple[str, ...]:
    if notice.kind not in URGENT or notice.status.diagnosis.light is Light.GREEN:
        return ()
    return (MARK_AS_MINE, SNOOZE) if claimable_program(notice.status) is not None else (SNOOZE,)


def _facts_of(notice: Notification, in_short: str, now: float) -> Facts:
    """Return what a notice that is not a page's own can name besides the page's facts."""
    status = notice.status
    lasted = status.was_down if notice.kind is Kind.RECOVERY else None
    if lasted is None:
        lasted = now - (status.since if status.down_since is None else status.down_since)
    flips = notice.flips
    codes = dict.fromkeys(one.code for flip in flips for one in (flip.before, flip.after))
    untold = _not_said_otherwise(notice, codes)
    return ({Fact.MISSED: missed(untold, now)} if untold else {}) | {
        Fact.CAUSE: headline(notice.ended or status.diagnosis),
        Fact.OUTAGE: max(0.0, lasted),
        Fact.IN_SHORT: in_short,
        Fact.FLIPS: len(flips),
        Fact.CODES: ", ".join(codes),
        Fact.OPENS: "" if status.opens_at is None else moment(status.opens_at, now),
    }


def _not_said_otherwise(notice: Notification, codes: Iterable[str]) -> Sequence[Unannounced]:
    """Return the untold faults that the rest of the notice does not name."""
    if notice.kind is Kind.SUMMARY:
        return notice.unannounced
    named = set(codes) if notice.kind is Kind.STEADY else set()
    over = (one for one in notice.unannounced if one.ended is not None)  # else it is the headline
    return [one for one in over if one.diagnosis.code not in named]


def missed(faults: Sequence[Unannounced], now: float) -> str:
    """Return what was not told, as many as there is room for: `headline (14:02-14:10)`."""
    told = []
    for fault in faults:
        until = "now" if fault.ended is None else moment(fault.ended, now)
        told.append(f"{headline(fault.diagnosis)} ({moment(fault.began, now)} to {until})")
    shown = told[:MOST_NAMED]
    more = [f"{len(told) - MOST_NAMED} more"] if len(told) > MOST_NAMED else []
    return "; ".join((*shown, *more))


def mute_text(status: Status, now: float) -> str:
    """Return why and until when nothing is told; nothing where notices come out as usual."""
    if status.snoozed_until is not None:
        return f"snoozed until {moment(status.snoozed_until, now)}"
    if status.quiet_until is not None:
        return f"quiet until {moment(status.quiet_until, now)}"
    return ""


def closing(status: Status, now: float) -> str:
    """Return that the market is closed and until when; nothing while it is open."""
    if not status.closed or status.opens_at is None:
        return ""
    return f"market closed until {moment(status.opens_at, now)}"
