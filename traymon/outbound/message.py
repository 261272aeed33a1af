"""What a push channel is sent: notifications with the first steps, as plain values and as text.

Pure: the time is an argument. Account numbers are masked, as everywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from traymon.core import drill, shell
from traymon.core.model import Status
from traymon.core.notification import Notification
from traymon.core.program_notifications import ProgramNotification
from traymon.core.target import mask_accounts
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages
from traymon.ui.group_text import group_text, joined_facts
from traymon.ui.notification_text import (
    NotificationText,
    bare_notification_text,
    notification_text,
)
from traymon.ui.presenter import by_name, clip, facts_of, worst_first
from traymon.ui.program_notification_text import program_notification_text

SCHEMA = 1  # of the JSON; raised when a field changes its meaning or goes away
STEPS, MAX_STEP = 3, 500  # the first steps of a fix, each in so many UTF-16 units at most
TEST = "test"  # the kind of a message that tells of nothing

Notifications = Sequence[Notification] | Sequence[ProgramNotification]  # of one kind and cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent. The names are those of the webhook's JSON, so they are never renamed."""

    schema: int = SCHEMA
    kind: str  # of core/notification or core/program_notifications, drill or TEST
    title: str
    message: str
    light: str = Light.GREY.word
    urgent: bool = False
    code: str = ""  # of the diagnosis
    target: str = ""  # the name of the worst
    targets: tuple[str, ...] = ()  # all their names, the worst first
    since: str | None = None  # when the cause was first seen: `2026-11-28T03:12:07+00:00`
    time: str  # when the message was made, likewise
    fix: tuple[str, ...] = ()  # the first steps, if there is something to do
    url: str = ""  # of traymon's page, if it can be reached from elsewhere
    drill: bool = False  # nothing is wrong: it only shows that messages arrive

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    def as_text(self) -> str:
        """Return message and steps for a channel that takes text."""
        steps = (f"{number}. {step}" for number, step in enumerate(self.fix, 1))
        return "\n\n".join((self.message, *steps))


def compose(
    notifications: Sequence[Notification], now: float, page_url: str = "", *, total: int = 1
) -> Message:
    """Return the message of a notification, or of those of several targets of `total`."""
    if len(notifications) == 1:
        text = notification_text(notifications[0], now)
    else:
        text = group_text(notifications, total, now)
    steps = _first_steps(_statuses(notifications), now)
    return _message(notifications, text, now, fix=steps, url=page_url)


def compose_program(
    notifications: Sequence[ProgramNotification], now: float, page_url: str = ""
) -> Message:
    """Return the message of the notification about one target's programs."""
    (notification,) = notifications
    text = program_notification_text(notification, now)
    return _message(notifications, text, now, url=page_url)


def compose_bare(notifications: Notifications, now: float) -> Message:
    """Return a message for when the usual one cannot be composed: light and headline, or less."""
    return _message(notifications, bare_notification_text(notifications[0]), now)


def compose_test(channel: str, now: float) -> Message:
    """Return a message that only shows that messages arrive."""
    title, body = fix_pages.notification_text(TEST)
    return Message(kind=TEST, title=title, message=body.format(channel=channel), time=_iso(now))


def compose_drill(channel: str, now: float, page_url: str = "") -> Message:
    """Return the test alarm, which asks the user to say that it has arrived."""
    title, body = fix_pages.notification_text("drill-push")
    words = ("traymon", "drill", "answer", channel)
    answer = shell.typed(words, for_powershell=sys.platform == "win32")
    message = body.format(channel=channel, answer=answer)
    return Message(
        kind=drill.KIND, title=title, message=message, time=_iso(now), url=page_url, drill=True
    )


def _message(
    notifications: Notifications,
    text: NotificationText,
    now: float,
    *,
    fix: tuple[str, ...] = (),
    url: str = "",
) -> Message:
    statuses = _statuses(notifications)
    worst, names = statuses[0], [mask_accounts(status.target.name) for status in statuses]
    return Message(
        kind=notifications[0].kind,
        title=text.title,
        message=text.body,
        light=worst.diagnosis.light.word,
        urgent=text.urgent,
        code=worst.diagnosis.code,
        target=names[0],
        targets=tuple(names),
        since=_iso(min(status.since for status in statuses)),
        time=_iso(now),
        fix=fix,
        url=url,
    )


def _statuses(notifications: Notifications) -> Sequence[Status]:
    return worst_first(by_name([one.status for one in notifications]))


def _first_steps(statuses: Sequence[Status], now: float) -> tuple[str, ...]:
    diagnosis = statuses[0].diagnosis
    if diagnosis.light is Light.GREEN:
        return ()
    alike = [facts_of(one, now) for one in statuses if one.diagnosis.code == diagnosis.code]
    facts = alike[0] if len(alike) == 1 else joined_facts(alike)
    steps = fix_pages.steps_as_text(fix_pages.page(diagnosis.code), facts)
    return tuple(clip(step, MAX_STEP) for step in steps[:STEPS])


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
