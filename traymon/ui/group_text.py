"""What a notification says that is about several targets, within every platform's limits.

Pure: the time is an argument. The words come from assets/notifications/.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from traymon.core.facts import Fact, FactKey, Facts, ShownAs
from traymon.core.model import Status
from traymon.core.notification import Notification
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages
from traymon.diagnosis.formatting import moment
from traymon.ui import presenter
from traymon.ui.notification_text import SEVERAL, URGENT, NotificationText, text_name
from traymon.ui.presenter import MAX_BODY, MAX_TITLE, clip, utf16_length

MAX_VALUES = 2  # of a fact that differs: `port 4001, 4002, …`
MAX_LIST = 130  # UTF-16 units of the targets' names; those that do not fit are counted


def group_text(notifications: Sequence[Notification], total: int, now: float) -> NotificationText:
    """Return the text of notifications that are shown as one, about several targets of `total`."""
    first = presenter.worst_first([one.status for one in notifications])[0]
    light = first.diagnosis.light
    title, body = fix_pages.notification_text(f"{text_name(notifications[0])}{SEVERAL}")
    facts = presenter.short_facts(
        {
            Fact.CAUSE: _cause(notifications),
            Fact.OPENS: "" if first.opens_at is None else moment(first.opens_at, now),
            Fact.TARGET_COUNT: len(notifications),
            Fact.TARGET_TOTAL: total,
            Fact.TARGET_LIST: names_text(presenter.by_name([one.status for one in notifications])),
        }
    )
    return NotificationText(
        title=clip(fix_pages.fill(title, facts), MAX_TITLE),
        body=clip(fix_pages.fill(body, facts), MAX_BODY),
        urgent=notifications[0].kind in URGENT and light is Light.RED,
        light=light,
    )


def _cause(notifications: Sequence[Notification]) -> str:
    """Return the headline of the cause that all share, with what differs named one by one."""
    causes = [one.ended or one.status.diagnosis for one in notifications]
    facts = joined_facts([presenter.short_facts(cause.facts) for cause in causes])
    return fix_pages.fill(fix_pages.page(causes[0].code).headline, facts)


def joined_facts(each: Sequence[Facts]) -> Facts:
    """Return the facts of several targets as those of one: `port` is `4001, 4002, …`."""
    shown: dict[FactKey[Any], list[str]] = {}
    for facts in each:
        for fact, value in facts.items():
            values = shown.setdefault(fact, [])
            if (text := fix_pages.show(fact, value)) not in values:
                values.append(text)
    return {
        # a list of commands is none
        fact: values[0] if fact.shown_as is ShownAs.COMMAND else _joined(values)
        for fact, values in shown.items()
    }


def _joined(values: Sequence[str]) -> str:
    return ", ".join([*values[:MAX_VALUES], *(["…"] if len(values) > MAX_VALUES else [])])


def names_text(statuses: Sequence[Status]) -> str:
    """Name the targets, as many as there is room for, and count the others."""
    names = [presenter.short_name(status) for status in statuses]
    for count in range(len(names), 0, -1):
        rest = len(names) - count
        text = ", ".join(names[:count]) + (f" and {rest} more" if rest else "")
        if utf16_length(text) <= MAX_LIST:
            return text
    return f"{len(names)} targets"
