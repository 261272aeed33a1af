"""An event as a line that people read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from traymon.core.events import Event, EventType
from traymon.diagnosis.fix_pages import clean

Data = Mapping[str, Any]


def event_line(event: Event) -> str:
    """Return `2026-11-28 03:12:05 #17 bot: red (api-port-closed), ...`, in local time."""
    when = datetime.fromtimestamp(event.at).isoformat(" ", "seconds")
    words = WORDS.get(event.type, _other)(event.data)
    whom = "" if event.target is None else f"{event.target}: "
    return clean(f"{when} #{event.number} {whom}{words}")


def _light(data: Data) -> str:
    before, after = data["before"], data["after"]
    return f"{after['light']} ({after['code']}), was {before['light']}: {data['headline']}"


def _notification(data: Data) -> str:
    channel, why = data["channel"] or "no channel", data["why"]
    return f"notification {data['outcome']}, {channel}: {data['title']}{why and f' ({why})'}"


def _snooze(data: Data) -> str:
    until = data["until"]
    if until is None:
        return "the snooze is over"
    return f"snoozed until {datetime.fromisoformat(until).astimezone():%Y-%m-%d %H:%M}"


def _drill(data: Data) -> str:
    if data["change"] == "answered":
        return f"the drill arrived on {data['channel']}"
    return f"drill sent: {', '.join(data['channels'])}"


def _other(data: Data) -> str:
    return ", ".join(f"{name} {value}" for name, value in data.items())


WORDS: Mapping[str, Callable[[Data], str]] = {
    EventType.START: lambda data: f"traymon {data['version']} has started",
    EventType.STOP: lambda data: "traymon has ended",
    EventType.LIGHT: _light,
    EventType.NOTIFICATION: _notification,
    EventType.SNOOZE: _snooze,
    EventType.PAUSE: lambda data: "paused" if data["paused"] else "resumed",
    EventType.MUTE: lambda data: "muted" if data["muted"] else "no longer muted",
    EventType.TARGET: lambda data: f"{data['change']}",
    EventType.DRILL: _drill,
    EventType.MISSED: lambda data: f"events {data['from']} to {data['to']} are no longer kept",
}
