"""What a push channel is sent: a notification with its first steps, as plain values and as text.

Pure: the time is an argument. Account numbers are masked, as everywhere.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from traymon.core import drill, shell
from traymon.core.model import Status
from traymon.core.notification_policy import Notification
from traymon.core.program_notifications import ProgramNotification
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages
from traymon.ui.notification_text import (
    NotificationText,
    bare_notification_text,
    notification_text,
)
from traymon.ui.presenter import clip, facts_of
from traymon.ui.program_notification_text import program_notification_text

SCHEMA = 1  # of the JSON; raised when a field changes its meaning or goes away
STEPS, MAX_STEP = 3, 500  # the first steps of a fix, each in so many UTF-16 units at most
TEST = "test"  # the kind of a message that tells of nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent. The names are those of the webhook's JSON, so they are never renamed."""

    schema: int = SCHEMA
    kind: str  # of core/notification_policy or core/program_notifications, drill or TEST
    title: str
    message: str
    light: str = Light.GREY.word
    urgent: bool = False
    code: str = ""  # of the diagnosis
    target: str = ""  # its name
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
    notification: Notification | ProgramNotification, now: float, page_url: str = ""
) -> Message:
    """Return the message of a notification."""
    status = notification.status
    if isinstance(notification, Notification):
        text, fix = notification_text(notification, now), _first_steps(status, now)
    else:
        text, fix = program_notification_text(notification, now), ()
    return _message(notification.kind, text, status, now, fix=fix, url=page_url)


def compose_bare(notification: Notification | ProgramNotification, now: float) -> Message:
    """Return a message for when the usual one cannot be composed: light and headline, or less."""
    text = bare_notification_text(notification)
    return _message(notification.kind, text, notification.status, now)


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
    kind: str,
    text: NotificationText,
    status: Status,
    now: float,
    *,
    fix: tuple[str, ...] = (),
    url: str = "",
) -> Message:
    return Message(
        kind=kind,
        title=text.title,
        message=text.body,
        light=status.diagnosis.light.word,
        urgent=text.urgent,
        code=status.diagnosis.code,
        target=status.target.name,
        since=_iso(status.since),
        time=_iso(now),
        fix=fix,
        url=url,
    )


def _first_steps(status: Status, now: float) -> tuple[str, ...]:
    if status.diagnosis.light is Light.GREEN:
        return ()
    page = fix_pages.page(status.diagnosis.code)
    steps = fix_pages.steps_as_text(page, facts_of(status, now))
    return tuple(clip(step, MAX_STEP) for step in steps[:STEPS])


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
