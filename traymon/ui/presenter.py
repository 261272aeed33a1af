"""What surfaces show of a status: headlines, tooltips and lines, within every length limit.

Pure: the time is an argument. Holds no advice: that is in assets/fixes/.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from traymon.core.facts import Fact, FactKey, Facts, ShownAs
from traymon.core.latency import LATENCY_NAMES
from traymon.core.model import Diagnosis, Status
from traymon.core.target import SETTINGS_VERSION, Program
from traymon.core.vocabulary import Light, SensorName, SettingsNews, Symptom
from traymon.diagnosis import fix_pages, library_check
from traymon.diagnosis.checks import check_steps
from traymon.diagnosis.formatting import duration, id_use, moment, programs
from traymon.ui.program_text import missing_text

# Windows' NOTIFYICONDATA holds 128, 64 and 256 UTF-16 units, the closing NUL included.
MAX_TOOLTIP, MAX_TITLE, MAX_BODY = 127, 63, 255
MAX_NAME = 24  # units of a target's name beside its headline; its page has it whole

DEMO_MARK = "DEMO · "
MARKS = {Light.GREEN: "✓", Light.AMBER: "!", Light.RED: "✗", Light.GREY: "…"}
MUTED = "muted"
# Of several targets. Green beside one of which nothing is known would be a lie.
WORST_FIRST = (Light.RED, Light.AMBER, Light.GREY, Light.GREEN)


def utf16_length(text: str) -> int:
    """Return the length of a text in UTF-16 units, as Windows counts it."""
    return len(text) + sum(character > "\uffff" for character in text)


def clip(text: str, limit: int) -> str:
    """Return the text, cut to `limit` UTF-16 units and ended with an ellipsis if it is longer."""
    length = end = 0
    for position, character in enumerate(text, 1):
        length += utf16_length(character)
        if length < limit:  # leaves room for the ellipsis
            end = position
        if length > limit:
            return text[:end].rstrip() + "…"
    return text


def short_name(status: Status) -> str:
    """Return the target's name, cleaned; a long one without its middle: names differ at the end."""
    name = fix_pages.clean(status.target.name)
    if utf16_length(name) <= MAX_NAME:
        return name
    short, end = clip(name, MAX_NAME // 2), ""
    for character in reversed(name):
        if utf16_length(short + character + end) > MAX_NAME:
            break
        end = character + end
    return short + end


def named_mark(status: Status) -> str:
    """Return a target's name behind the mark of its light: `✗ live`, `✓ paper (muted)`."""
    named = f"{MARKS[status.diagnosis.light]} {short_name(status)}"
    return f"{named} ({MUTED})" if status.muted else named


def facts_of(status: Status, now: float) -> Facts:
    """Return the facts that the fix page of a status may name."""
    return {
        **{fact: _as_shown(fact, value, now) for fact, value in status.diagnosis.facts.items()},
        Fact.SINCE: moment(status.since, now),
        Fact.LOOKS: status.streak,
        **fix_pages.command_facts(status.target.commands),
    }


def _as_shown(fact: FactKey[Any], value: Any, now: float) -> Any:
    """Put a value into words if its words depend on the current time."""
    if fact.shown_as is ShownAs.MOMENT:
        return moment(value, now)
    return programs(value, now) if fact.shown_as is ShownAs.PROGRAMS else value


def short_facts(facts: Facts) -> Facts:
    """Return the facts with their values cut to the room that a notification has for each."""
    return {fact: _short(fact, value) for fact, value in facts.items()}


def _short(fact: FactKey[Any], value: Any) -> Any:
    if fact.max_length is None:
        return value
    return clip(fix_pages.clean(fix_pages.show(fact, value)), fact.max_length)


def id_uses(status: Status) -> list[str]:
    """Return one line per configured client ID: how it is used, and by whom."""
    uses = status.evidence.fact(SensorName.CLIENT_IDS, Fact.ID_USES) or ()
    return [id_use(one, status.evidence.now) for one in uses]


def claimable_program(status: Status) -> Program | None:
    """Return the one program that the user may mark as theirs, or None."""
    if not status.diagnosis.claimable:
        return None
    holders = Fact.HOLDER.of(status.diagnosis.facts) or ()
    known = [holder for holder in holders if holder.pid is not None and not holder.own]
    return known[0] if len(holders) == len(known) == 1 else None


def window_to_show(status: Status) -> str:
    """Return the title of the window of TWS that waits, if it is on this screen; else ""."""
    if SensorName.TWS_WINDOWS not in status.diagnosis.witnesses:
        return ""
    return Fact.WINDOW.of(status.diagnosis.facts) or ""


def may_need_tws_logs(status: Status) -> bool:
    """Tell whether TWS's own logs may help: it runs on this computer, and its log was read."""
    found = status.evidence.fact(SensorName.LOGIN_LOG, Fact.APP_PID)
    return found is not None and not status.target.demo


def headline(diagnosis: Diagnosis) -> str:
    """Return the headline of a diagnosis, short enough for a notification's title."""
    text = fix_pages.fill(fix_pages.page(diagnosis.code).headline, short_facts(diagnosis.facts))
    return clip(text, MAX_TITLE)


def demo_mark(status: Status) -> str:
    """Return what marks everything that a demo shows: nobody may take it for their own TWS."""
    return DEMO_MARK if status.target.demo else ""


def marked_headline(diagnosis: Diagnosis) -> str:
    """Return the headline behind the mark of its light: `✗ Port 7497 is silent`."""
    return f"{MARKS[diagnosis.light]} {headline(diagnosis)}"


def name_mark(status: Status) -> str:
    """Return what says which target is spoken of, if several are watched: `live: `."""
    return f"{short_name(status)}: " if status.target.one_of_many else ""


def named_headline(status: Status) -> str:
    """Return what a status says, where it stands beside others: `✗ live: Port 7497 is silent`."""
    diagnosis = status.diagnosis
    words = f"{MARKS[diagnosis.light]} {name_mark(status)}{headline(diagnosis)}"
    return f"{demo_mark(status)}{words}"


def standing(status: Status) -> int:
    """Return the place of a status among others, the worst first; a paused one is the last.

    A pause is the user's own doing: it tells neither good nor bad.
    """
    light = status.diagnosis.light
    return len(WORST_FIRST) if is_paused(status) else WORST_FIRST.index(light)


def is_paused(status: Status) -> bool:
    """Tell whether nothing is known of a target since the user has paused it."""
    return status.paused and status.diagnosis.light is Light.GREY


def worst_first(statuses: Sequence[Status]) -> list[Status]:
    """Return the statuses, the worst first and all that are muted at the end."""
    return sorted(statuses, key=lambda status: (status.muted, standing(status)))


def by_name(statuses: Sequence[Status]) -> list[Status]:
    """Return the statuses in an order that stays, whatever their lights."""
    return sorted(statuses, key=lambda status: status.target.name.casefold())


def worst_light(statuses: Sequence[Status]) -> Light:
    """Return the light of the worst target, which icon, page and exit code show.

    A muted target never has a say: grey if there is no other.
    """
    heard = [status for status in worst_first(statuses) if not status.muted]
    return heard[0].diagnosis.light if heard else Light.GREY


def named_or_all(statuses: Sequence[Status], name: str) -> list[Status]:
    """Return the target of this name alone, or else all of them, the worst first."""
    named = [one for one in statuses if fix_pages.clean(one.target.name) == name]
    return named or worst_first(statuses)


def all_paused(statuses: Sequence[Status]) -> bool:
    """Tell whether the user has paused everything."""
    return bool(statuses) and all(status.paused for status in statuses)


def can_ask_for_settings(status: Status) -> bool:
    """Tell whether TWS can be asked for its own settings: it has a session, and is new enough."""
    evidence = status.evidence
    version = evidence.fact(SensorName.HANDSHAKE, Fact.SERVER_VERSION) or 0
    served = evidence.symptom(SensorName.SESSION) is Symptom.OK
    return served and version >= SETTINGS_VERSION


def address(status: Status) -> str:
    """Return the target's address, marked if traymon found the port itself."""
    where = status.target.address
    return f"{where} (auto-detected)" if status.target.discovered else where


def latency(status: Status) -> str:
    """Return how long the last handshake took; "" if the diagnosis does not say."""
    took = Fact.TOOK.of(status.diagnosis.facts)
    return "" if took is None else duration(took)


def where_and_since(status: Status, now: float) -> str:
    """Return address, start and latency as one line: `127.0.0.1:7497 · since 14:02 · 3 ms`."""
    parts = (address(status), f"since {moment(status.since, now)}", latency(status))
    return " · ".join(filter(None, parts))


def latency_stats(status: Status) -> list[str]:
    """Return the last hour's latency per sensor: `heartbeat 2 ms (median 2 ms, p95 8 ms)`."""
    return [
        f"{what} {duration(stats.last)} "
        f"(median {duration(stats.median)}, p95 {duration(stats.p95)})"
        for sensor, what in LATENCY_NAMES.items()
        if (stats := status.figures.get(sensor)) is not None
    ]


def suspicion_text(status: Status) -> str:
    """Return the diagnosis that has not settled yet: `1 of 2: headline`; "" if there is none."""
    suspicion = status.suspicion
    if suspicion is None:
        return ""
    return f"{suspicion.streak} of {suspicion.needed}: {headline(suspicion.diagnosis)}"


def mute_text(status: Status, now: float) -> str:
    """Return until when notifications are silenced, and by what; "" if they are not."""
    if status.snoozed_until is not None:
        return f"snoozed until {moment(status.snoozed_until, now)}"
    if status.quiet_until is not None:
        return f"quiet until {moment(status.quiet_until, now)}"
    return ""


def market_closed_text(status: Status, now: float) -> str:
    """Return until when the market is closed; "" while it is open."""
    if not status.closed or status.opens_at is None:
        return ""
    return f"market closed until {moment(status.opens_at, now)}"


SETTINGS_TEXTS = {
    SettingsNews.CHANGED: "new settings are not in use yet",
    SettingsNews.FLAWED: "a setting of traymon has a mistake",
    SettingsNews.INCOMPLETE: "a target is left out: its settings have a mistake",
    SettingsNews.UNUSABLE: "the new settings have a mistake",
    SettingsNews.GONE: "the .env is gone",
}


def settings_text(status: Status) -> str:
    """Return what is new in the files of the settings, in a few words; "" if nothing is."""
    return SETTINGS_TEXTS.get(status.settings.news, "")


def status_line(status: Status, now: float) -> str:
    """Return the status as one line for a terminal or a log."""
    parts = (
        named_headline(status),
        where_and_since(status, now),
        suspicion_text(status),
        MUTED if status.muted else mute_text(status, now),
        market_closed_text(status, now),
        settings_text(status),
        missing_text(status),
    )
    return " · ".join(filter(None, parts))


def blocking_text(status: Status) -> str:
    """Return the one thing that still keeps a program from being started."""
    if status.diagnosis.light is not Light.GREEN:
        return marked_headline(status.diagnosis)
    steps = check_steps(status.evidence)
    unwell_steps = (step for step in steps if step.light is not Light.GREEN and not step.skipped)
    step = next(unwell_steps, None)
    if step is None:
        return marked_headline(status.diagnosis)
    finding = step.finding
    if step.name != library_check.NAME:  # its details are advice
        unwell = (part.finding for part in step.details if part.light is not Light.GREEN)
        finding = next(unwell, finding)
    return f"{MARKS[step.light]} {step.title}: {fix_pages.clean(finding)}"
