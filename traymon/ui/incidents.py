"""An incident as the page and a report show it: when, how long, why, and whether the user was told.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from traymon.core.incidents import Incident
from traymon.core.notification_record import NotificationRecord
from traymon.core.periods import NOT_GOOD, Condition, Period
from traymon.core.vocabulary import Light
from traymon.diagnosis.fix_pages import clean
from traymon.diagnosis.formatting import duration, moment, span
from traymon.ui.presenter import MARKS
from traymon.ui.reliability_text import CONDITION_NAMES

LIGHTS = {
    Condition.UP: Light.GREEN,
    Condition.DEGRADED: Light.AMBER,
    Condition.EXPECTED: Light.AMBER,
    Condition.DOWN: Light.RED,
}
DELIVERED, FAILED = "delivered", "failed"  # what became of a notification
MAX_STAGES, MAX_NOTES = 40, 20  # that are shown of an incident; it may have thousands
AFTERWARDS = frozenset({"recovery", "steady"})  # kinds of notifications that say that it is over


@dataclass(frozen=True, slots=True)
class StageView:
    """One period of an incident."""

    at: str  # with seconds
    mark: str
    light: str
    name: str  # `down`
    headline: str
    lasted: str
    evidence: tuple[tuple[str, str], ...]  # what each sensor saw


@dataclass(frozen=True, slots=True)
class NoteView:
    """A notification about an incident, and what became of it."""

    at: str  # with seconds
    title: str
    channel: str
    outcome: str
    why: str


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident in words."""

    number: int
    code: str
    mark: str
    light: str
    condition: str  # `down`
    headline: str
    when: str  # `Mon 14:02 to 14:09`
    ongoing: bool
    lasted: str
    began_unseen: bool
    ended_unseen: bool
    told_at: str  # when the first notification about it was delivered; "" if none was
    told_by: str
    tried: bool  # a notification was sent, whatever became of it
    failed: bool  # and every attempt failed
    stages: tuple[StageView, ...]  # the first of them
    more_stages: int
    notes: tuple[NoteView, ...]  # the first of them
    more_notes: int


def incident_view(incident: Incident, now: float) -> IncidentView:
    """Return an incident in words."""
    cause = incident.cause
    alarms = [one for one in incident.notifications if one.kind not in AFTERWARDS]
    told = next((one for one in alarms if one.outcome == DELIVERED), None)
    light = LIGHTS[incident.condition]
    return IncidentView(
        number=incident.number,
        code=incident.code,
        mark=MARKS[light],
        light=light.word,
        condition=CONDITION_NAMES[incident.condition],
        headline=clean(cause.headline) or incident.code,
        when=_when(incident, now),
        ongoing=incident.ongoing,
        lasted=duration(incident.lasted),
        began_unseen=incident.began_unseen,
        ended_unseen=incident.ended_unseen,
        told_at="" if told is None else moment(told.at, now),
        told_by="" if told is None else told.channel,
        tried=bool(alarms),
        failed=all(one.outcome == FAILED for one in alarms),
        stages=tuple(_stage(one) for one in incident.periods[:MAX_STAGES]),
        more_stages=max(len(incident.periods) - MAX_STAGES, 0),
        notes=tuple(_note(one) for one in incident.notifications[:MAX_NOTES]),
        more_notes=max(len(incident.notifications) - MAX_NOTES, 0),
    )


def _when(incident: Incident, now: float) -> str:
    if incident.ongoing:
        return f"since {moment(incident.start, now)}"
    return span(incident.start, incident.end, now)


def _stage(period: Period) -> StageView:
    light = LIGHTS.get(period.condition, Light.GREY)
    return StageView(
        at=_exact(period.start),
        mark=MARKS[light],
        light=light.word,
        name=CONDITION_NAMES[period.condition],
        headline=clean(period.headline) if period.condition in NOT_GOOD else "",
        lasted=duration(period.length),
        evidence=tuple((str(sensor), clean(words)) for sensor, words in period.evidence.items()),
    )


def _note(record: NotificationRecord) -> NoteView:
    return NoteView(
        _exact(record.at),
        clean(record.title),
        clean(record.channel),
        record.outcome,
        clean(record.why),
    )


def _exact(at: float) -> str:
    """Return a local time to the second: `24 Nov 23:00:41`."""
    then = datetime.fromtimestamp(at)
    return f"{then.day} {then:%b %H:%M:%S}"
