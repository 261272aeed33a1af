"""The weekly test alarm through real push channels, on a clock that the test sets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import partial
from math import inf
from pathlib import Path
from typing import Any

import pytest

from support.polling import PATIENCE, wait_for
from support.push_scene import GREEN, RED, status
from support.push_server import PushServer, push_server
from traymon.core.alerts import Alerts, Drill, PushChannel, Secret
from traymon.core.calendar import Calendar
from traymon.core.drill import DAY, WeeklyTime
from traymon.core.events import Event
from traymon.core.model import Status
from traymon.core.notification import Outcome
from traymon.core.notification_record import NotificationRecord
from traymon.core.time_windows import Schedule, Span
from traymon.drills import SHOWN_FOR, Drills, Means
from traymon.outbound.base import Surroundings
from traymon.outbound.outlets import Outlets
from traymon.storage.state import StateStore
from traymon.ui import drill_text
from traymon.ui.drill import NOTIFICATION_KEY
from traymon.ui.notify.channel import Clicks
from traymon.ui.notify.notifier import Attempt, Notifier

MONDAY = datetime(2026, 11, 23)
HOUR = 3600.0
TEN_O_CLOCK = WeeklyTime(5, time(10))


class Screen(Notifier):
    """Shows at once what it is given; keeps the titles."""

    def __init__(self) -> None:
        super().__init__(Clicks(lambda key: None), lambda why: None, "off")
        self.shown: dict[str, str] = {}
        self.titles: list[str] = []
        self.fails_with = ""

    def notify(self, key: str, compose: Any, on_done: Any = None, on_attempt: Any = None) -> None:
        """Show it."""
        text = compose()
        outcome = Outcome.FAILED if self.fails_with else Outcome.DELIVERED
        on_attempt(Attempt(text.title, "screen", outcome, self.fails_with))
        if not self.fails_with:
            self.titles.append(text.title)
            self.shown[key] = text.body
        on_done(outcome)

    def withdraw(self, key: str | None = None) -> None:
        """Take it away."""
        self.shown.pop(str(key), None)


class Scene:
    """Drills of a desktop and of push channels, and whatever they leave behind."""

    def __init__(self, folder: Path, channels: dict[str, str], amber_after: float = inf) -> None:
        self.now = MONDAY.timestamp()
        self.code = GREEN
        self.more: dict[str, Any] = {}
        self.calendar = Calendar()
        self.screen = Screen()
        self.warning = ""
        self.records: list[NotificationRecord] = []
        self.events: list[Event] = []
        self.folder = folder
        self.alerts = Alerts(
            push=tuple(PushChannel(name, "webhook", Secret(url)) for name, url in channels.items()),
            drill=Drill(TEN_O_CLOCK, amber_after),
            page_url="https://me.example/",
        )
        around = Surroundings(lambda: self.now, lambda *_: None, record=self)
        self.outlets = Outlets(lambda alerts: replace(around, page_url=alerts.page_url))
        self.outlets.use(self.alerts)
        self.start()

    def start(self) -> None:
        """Begin as after a start of traymon."""
        self.drills = Drills(
            Means(
                now=lambda: self.now,
                post=self.do,
                state=StateStore(self.folder),
                statuses=self.statuses,
                calendar_of=lambda target: self.calendar,
                notifier=self.screen,
                has_desktop=lambda: True,
                alarms=lambda: self.outlets.alarms,
                warn=partial(setattr, self, "warning"),
                refresh=lambda: None,
                record=self,
                record_event=self.events.append,
            )
        )
        self.drills.use(self.alerts)

    def do(self, task: Callable[[], object]) -> None:
        """Do at once what waits for the disk."""
        task()

    def statuses(self) -> list[Status]:
        """Return the status of the only target."""
        return [replace(status(self.code, self.now), **self.more)]

    def record_notification(self, target: str, record: NotificationRecord) -> None:
        """Keep an attempt; a drill's is of no target."""
        assert target == ""
        self.records.append(record)

    def pass_time(self, seconds: float, step: float = 600.0) -> None:
        """Let time pass, with an update every `step` seconds."""
        until = self.now + seconds
        while self.now < until:
            self.now += min(step, until - self.now)
            self.drills.on_update()

    @property
    def sent(self) -> list[datetime]:
        """When drills were sent."""
        events = [event for event in self.events if event.data["change"] == "sent"]
        return [datetime.fromtimestamp(event.at) for event in events]

    def line_of(self, channel: str) -> str:
        """What is said of a channel."""
        return dict(drill_text.channel_lines(self.drills.view()))[channel]

    def wait_for_attempts(self, count: int) -> None:
        """Wait until so many notifications were delivered, or not."""
        wait_for(lambda: len(self.records) >= count, f"{count} attempts, not {self.records}")


Begin = Callable[..., Scene]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    with ExitStack() as stack:

        def begin(amber_after: float = inf, **channels: PushServer) -> Scene:
            urls = {name: server.url for name, server in channels.items()}
            scene = Scene(tmp_path, urls, amber_after)
            stack.callback(scene.outlets.stop, PATIENCE)
            return scene

        yield begin


def saturday(week: int, hour: int = 10, minute: int = 0) -> datetime:
    return MONDAY + timedelta(days=7 * week + 5, hours=hour, minutes=minute)


def hours(*spans: tuple[datetime, datetime]) -> Schedule:
    return Schedule(dated=tuple(Span(a.timestamp(), b.timestamp()) for a, b in spans))


def test_there_is_one_drill_a_week_and_every_channel_marks_it(begin: Begin) -> None:
    with push_server() as phone, push_server() as bot:
        scene = begin(phone=phone, bot=bot)
        scene.pass_time(21 * DAY)
        scene.wait_for_attempts(9)
        assert scene.sent == [saturday(0), saturday(1), saturday(2)]
        assert scene.screen.titles == ["Drill: this is a test alarm"] * 3
        for server, name in ((phone, "phone"), (bot, "bot")):
            assert len(server.received) == 3
            for received in server.received:
                message = received.json
                assert message["drill"] is True
                assert message["kind"] == "drill"
                assert message["title"] == "Drill: this is a test alarm"
                assert f"traymon drill answer {name}" in message["message"]
                assert (message["code"], message["target"], message["fix"]) == ("", "", [])
                assert message["url"] == "https://me.example/"
        assert {record.kind for record in scene.records} == {"drill"}


@pytest.mark.parametrize(
    "hindered",
    [
        {"snoozed_until": inf},
        {"quiet_until": inf},
        {"paused": True},
        {"muted": True},
    ],
)
def test_a_drill_waits_until_it_would_be_heard(begin: Begin, hindered: dict[str, Any]) -> None:
    scene = begin()
    scene.more = hindered
    scene.pass_time(6 * DAY)
    assert scene.sent == []
    scene.more = {}
    scene.pass_time(DAY)
    assert scene.sent == [saturday(1) - timedelta(days=6, hours=9, minutes=50)]


def test_no_drill_is_sent_during_an_outage(begin: Begin) -> None:
    scene = begin()
    scene.code = RED
    scene.pass_time(5 * DAY + 15 * HOUR)
    assert scene.sent == []
    assert "Something is wrong" in scene.drills.run()
    scene.code = GREEN
    scene.pass_time(8 * DAY)
    assert scene.sent == [saturday(0, 15, 10), saturday(1)]


def test_no_drill_is_sent_in_trading_or_quiet_hours(begin: Begin) -> None:
    scene = begin()
    scene.calendar = Calendar(
        hours=hours((saturday(0, 8), saturday(0, 12))),
        quiet=hours((saturday(0, 12), saturday(0, 13))),
    )
    assert scene.drills.view().next == saturday(0, 13).timestamp()
    scene.pass_time(7 * DAY)
    assert scene.sent == [saturday(0, 13)]


def test_a_drill_that_was_missed_is_sent_once_after_the_start(begin: Begin) -> None:
    scene = begin()
    scene.pass_time(3 * DAY)
    scene.now += 4 * DAY  # the computer was off
    scene.start()
    scene.pass_time(HOUR)
    assert scene.sent == [MONDAY + timedelta(days=7, minutes=10)]
    scene.start()
    scene.pass_time(4 * DAY)
    assert len(scene.sent) == 1


def test_a_channel_whose_server_is_down_is_named_and_amber_after_14_days(begin: Begin) -> None:
    with push_server() as phone, push_server(500) as broken:
        scene = begin(14, phone=phone, broken=broken)
        for week in range(2):
            scene.pass_time(saturday(week).timestamp() + HOUR / 2 - scene.now)
            scene.wait_for_attempts(3 * (week + 1))
            wait_for(lambda: "HTTP 500" in scene.line_of("broken"), "the failure")
            assert scene.warning == ""
            assert scene.drills.answer("desktop") == ""
            assert scene.drills.answer("phone") == ""
            assert "no test alarm is waiting" in scene.drills.answer("broken").lower()
        scene.pass_time(MONDAY.timestamp() + 14 * DAY - scene.now)
        assert scene.warning == "Alarm not proven for 14 days (broken): run a drill"
        failure = r"not proven yet; failed Sat 10:\d\d: HTTP 500 Internal Server Error"
        assert re.fullmatch(failure, scene.line_of("broken"))
        assert scene.line_of("phone") == "proven 2 days ago"
        summary = drill_text.summary(scene.drills.view())
        assert summary == "Alarm last proven 2 days ago (desktop, phone)"
        broken.statuses = [200]
        assert scene.drills.run() == ""
        scene.wait_for_attempts(9)
        wait_for(lambda: "waiting for your answer" in scene.line_of("broken"), "the drill")
        assert scene.drills.answer("broken") == ""
        scene.drills.on_update()
        assert scene.warning == ""


def test_an_answer_names_its_channel_unless_there_is_only_one(begin: Begin) -> None:
    with push_server() as phone:
        scene = begin(phone=phone)
        assert "waiting" in scene.drills.answer("")
        scene.drills.run()
        scene.wait_for_attempts(2)
        assert scene.drills.answer("") == "Say where it arrived: desktop, phone."
        assert scene.drills.answer("desktop") == ""
        assert scene.drills.answer("") == ""
        assert scene.drills.view().awaiting == ()
        assert [event.data.get("channel") for event in scene.events] == [None, "desktop", "phone"]


def test_the_notification_goes_once_it_is_answered_or_old(begin: Begin) -> None:
    scene = begin()
    scene.drills.run()
    assert NOTIFICATION_KEY in scene.screen.shown
    scene.drills.answer("desktop")
    assert scene.screen.shown == {}
    scene.pass_time(HOUR)
    scene.drills.run()
    scene.pass_time(SHOWN_FOR - 60)
    assert NOTIFICATION_KEY in scene.screen.shown
    scene.pass_time(60)
    assert scene.screen.shown == {}
    assert scene.drills.answer("desktop") == "", "the page still takes the answer"


def test_a_desktop_that_shows_nothing_is_named(begin: Begin) -> None:
    scene = begin()
    scene.screen.fails_with = "no notification service"
    scene.drills.run()
    assert "failed" in scene.line_of("desktop")
    assert "no notification service" in scene.line_of("desktop")
    assert scene.drills.answer("desktop") != ""


def test_a_second_drill_is_refused_for_a_minute(begin: Begin) -> None:
    scene = begin()
    assert scene.drills.run() == ""
    assert scene.drills.run() == "A test alarm has just been sent."
    assert len(scene.sent) == 1
