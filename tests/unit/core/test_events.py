"""The form of an event is frozen: programs rely on it."""

from __future__ import annotations

from dataclasses import replace

from traymon.core.events import Event, EventType, as_json, changes, with_losses
from traymon.core.model import Diagnosis, Evidence, Status
from traymon.core.target import Target
from traymon.core.vocabulary import Light

AT = 1_790_000_000.25
GOOD = Diagnosis("healthy", Light.GREEN)
STATUS = Status(Target("bot"), GOOD, AT - 60, AT - 60, Evidence(Target("bot"), AT), AT)


def test_the_form_of_an_event_is_frozen() -> None:
    event = Event(EventType.LIGHT, AT, "bot", {"headline": "Port 7497 is silent"}, 17)
    assert as_json(event) == {
        "schema": 1,
        "id": 17,
        "type": "light",
        "time": "2026-09-21T14:13:20.250+00:00",
        "target": "bot",
        "data": {"headline": "Port 7497 is silent"},
    }
    assert [str(kind) for kind in EventType] == [
        *("start", "stop", "light", "notification", "snooze", "pause", "mute", "target"),
        *("drill", "missed"),
    ]


def test_every_text_of_an_event_can_be_written_as_utf_8() -> None:
    event = as_json(Event(EventType.LIGHT, AT, "bot", {"headline": "bot\udcf6.py"}))
    assert event["data"] == {"headline": "bot\\udcf6.py"}


def test_a_change_of_what_shows_is_an_event_and_a_change_of_its_facts_is_none() -> None:
    bad = Diagnosis("port-refused", Light.RED)
    now = replace(STATUS, diagnosis=bad, since=AT - 5)
    (event,) = changes(STATUS, now)
    assert (event.type, event.target, event.at) == ("light", "bot", AT)
    assert event.data == {
        "before": {"code": "healthy", "light": "green"},
        "after": {"code": "port-refused", "light": "red"},
        "since": "2026-09-21T14:13:15.250+00:00",
        "expected": False,
        "muted": False,
    }
    assert list(changes(now, replace(now, streak=3))) == []


def test_a_snooze_and_a_pause_are_events_when_they_begin_and_when_they_end() -> None:
    snoozed, paused = replace(STATUS, snoozed_until=AT + 60), replace(STATUS, paused=True)
    pairs = [(STATUS, snoozed), (snoozed, STATUS), (STATUS, paused), (paused, STATUS)]
    told = [(e.type, dict(e.data)) for before, now in pairs for e in changes(before, now)]
    assert told == [
        ("snooze", {"until": "2026-09-21T14:14:20.250+00:00"}),
        ("snooze", {"until": None}),
        ("pause", {"paused": True}),
        ("pause", {"paused": False}),
    ]


def test_a_reader_is_told_what_is_no_longer_kept() -> None:
    kept = [Event(EventType.PAUSE, AT, number=number) for number in (8, 9)]
    lost, *rest = with_losses(kept, 4, AT)
    assert (lost.type, lost.number, dict(lost.data)) == ("missed", 7, {"from": 5, "to": 7})
    assert rest == kept
    assert list(with_losses(kept, 7, AT)) == kept
    assert list(with_losses(kept, 0, AT)) == kept, "who asks for all that are kept misses none"
