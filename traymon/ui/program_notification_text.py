"""What notifications about the user's programs say, within every platform's limits.

Pure: the time is an argument. The words come from assets/notifications/.
"""

from __future__ import annotations

from typing import Any

from traymon.core.facts import Fact, FactKey, Facts
from traymon.core.program_notifications import ProgramKind, ProgramNotification
from traymon.core.programs import ProgramState
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages
from traymon.diagnosis.formatting import moment
from traymon.ui import program_text
from traymon.ui.notification_text import NOT_EXPECTED, SEVERAL, NotificationText, title_of
from traymon.ui.presenter import MAX_BODY, clip, short_facts

PAGE_HINT = " Click for your programs."
BETWEEN = "\n"  # of a target's name, which has none, and a program's key
WITH_BUTTON = frozenset({ProgramKind.MISSING, ProgramKind.REMINDER})


def load_program_texts() -> None:
    """Read the words of every such notification, so that later their files need not be there."""
    for kind in ProgramKind:
        fix_pages.notification_text(kind)
        fix_pages.notification_text(f"{kind}{SEVERAL}")


def notification_key(notification: ProgramNotification) -> str:
    """Return the key under which it is shown: a later one about the same program replaces it."""
    keys = [one.key for one in notification.programs]
    return f"{notification.status.target.name}{BETWEEN}{keys[0] if len(keys) == 1 else ''}"


def split_key(key: str) -> tuple[str, str]:
    """Return the target's name and the program's key, "" if it is about none or several."""
    target, _, program = key.partition(BETWEEN)
    return target, program


def program_notification_text(notification: ProgramNotification, now: float) -> NotificationText:
    """Return the text of a notification about programs."""
    programs = notification.programs
    name = notification.kind if len(programs) == 1 else f"{notification.kind}{SEVERAL}"
    title, body = fix_pages.notification_text(name)
    facts = short_facts(_facts(notification, now))
    with_button = len(programs) == 1 and notification.kind in WITH_BUTTON
    return NotificationText(
        title=title_of(notification.status, fix_pages.fill(title, facts)),
        body=clip(fix_pages.fill(body, facts), MAX_BODY),
        urgent=False,  # the light is green
        buttons=(NOT_EXPECTED,) if with_button else (),
        light=Light.GREEN,
        marked=notification.kind is not ProgramKind.BACK,
        click_hint=PAGE_HINT,
    )


def _facts(notification: ProgramNotification, now: float) -> Facts:
    one, programs = notification.programs[0], notification.programs
    facts: dict[FactKey[Any], Any] = {
        Fact.OWN_PROGRAM: program_text.short_name(one),
        Fact.GONE_SINCE: moment(one.since, now),
        Fact.OUTAGE: _away(one),
        Fact.MISSING_COUNT: len(programs),
        Fact.OWN_PROGRAM_LIST: _list(notification, now),
    }
    if one.running:
        facts[Fact.STILL_RUNS] = 1
    if one.client_id is not None:
        facts[Fact.LAST_ID] = one.client_id
    return facts


def _list(notification: ProgramNotification, now: float) -> str:
    if notification.kind in WITH_BUTTON:
        return program_text.list_text(notification.programs, now)
    return ", ".join(program_text.short_name(one) for one in notification.programs)


def _away(one: ProgramState) -> float:
    """Return for how long a program that is back was away; seconds."""
    return max(0.0, one.since - one.away_since)
