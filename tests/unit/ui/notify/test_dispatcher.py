"""Notifications from the policy to a channel: which thread does what, and what if it fails."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass, field

import pytest

from support.polling import wait_for
from traymon.core.model import Change, Diagnosis, Evidence, Flip, Status, Update
from traymon.core.notification import Outcome
from traymon.core.notification_memory import RETRY_INTERVAL
from traymon.core.target import Target
from traymon.core.vocabulary import Light
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui.notification_text import NotificationText, notification_text
from traymon.ui.notify import channel, dispatcher
from traymon.ui.notify.channel import ChannelError, Clicks, Settle
from traymon.ui.notify.dispatcher import NotificationDispatcher
from traymon.ui.notify.notifier import Notifier

NOON = 1_800_000_000.0
TARGET = Target("bot", port=7497)


@dataclass
class Screen:
    """A channel that keeps what it shows, or fails."""

    name: str = "screen"
    clickable: bool = True
    works: bool = True
    closed: bool = False
    shown: list[tuple[str, str]] = field(default_factory=list)
    withdrawn: list[str | None] = field(default_factory=list)

    def prepare(self) -> None:
        if not self.works:
            raise ChannelError("it is dark")

    def deliver(self, key: str, text: NotificationText, picture: str, settle: Settle) -> Outcome:
        if not self.works:
            raise ChannelError("it is dark")
        self.shown.append((text.title, picture))
        return Outcome.DELIVERED

    def withdraw(self, key: str | None = None) -> None:
        if not self.works:
            raise ChannelError("it is dark")
        self.withdrawn.append(key)

    def close(self) -> None:
        self.closed = True


class Scene:
    """A dispatcher whose notifications come out on a screen."""

    def __init__(self, setting: str = "auto") -> None:
        self.now = NOON
        self.screen = Screen()
        self.troubles: list[str] = []
        self.drawn_in: set[str] = set()
        self.notifier = Notifier(Clicks(print), self.troubles.append, setting, self._draw)
        self.notifier.prefer(self.screen)
        self.dispatcher = NotificationDispatcher(self.notifier, lambda: self.now)

    def _draw(self, light: Light, marked: bool) -> str:
        self.drawn_in.add(threading.current_thread().name)
        return f"{light.word}.png"

    def publish(self, code: str, flip: Flip | None = None) -> None:
        diagnosis = Diagnosis(code, ENTRIES[code].light)
        evidence, paused = Evidence(TARGET, self.now), code == "paused"
        status = Status(TARGET, diagnosis, self.now, self.now, evidence, self.now, paused=paused)
        self.dispatcher.on_update(Update(status, flip, Change.NOTHING))

    def pause(self, before: str) -> None:
        """Publish the pause as the monitor does: with its flip, and then without."""
        flip = Flip(
            self.now, *(Diagnosis(code, ENTRIES[code].light) for code in (before, "paused"))
        )
        self.publish("paused", flip)
        self.publish("paused")

    def wait(self) -> None:
        """Wait until what was posted before has been sent, or not."""
        done = threading.Event()
        self.notifier.notify(
            "last", lambda: NotificationText("last", "", False), lambda _: done.set()
        )
        assert done.wait(20)


def test_text_and_picture_are_made_in_the_notifiers_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene()
    composed_in: set[str] = set()

    def composing(*arguments: object) -> NotificationText:
        composed_in.add(threading.current_thread().name)
        return notification_text(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(dispatcher, "notification_text", composing)
    scene.publish("port-refused")
    scene.notifier.stop()
    assert [picture for _, picture in scene.screen.shown] == ["red.png"]
    assert composed_in == scene.drawn_in == {"notifier"}
    assert scene.screen.closed


def test_a_text_that_cannot_be_made_is_replaced_by_the_headline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()

    def failing(*arguments: object) -> NotificationText:
        raise ValueError("no words")

    with monkeypatch.context() as patch:
        patch.setattr(dispatcher, "notification_text", failing)
        scene.publish("port-refused")
        scene.wait()
    assert [title for title, _ in scene.screen.shown] == ["bot: red", "last"]
    scene.now += 600
    scene.publish("port-refused")
    scene.notifier.stop()
    assert [title for title, _ in scene.screen.shown] == ["bot: red", "last"]


def test_what_is_said_of_traymon_itself_is_tried_again_and_is_free_of_control_characters() -> None:
    scene = Scene()
    scene.screen.works = False
    scene.dispatcher.notify_user("Not \x00opened", "B\udcf6rse\nx")
    scene.wait()
    scene.publish("healthy")  # too early
    scene.screen.works = True
    scene.now += RETRY_INTERVAL
    scene.publish("healthy")
    scene.publish("healthy")
    scene.notifier.stop()
    assert [title for title, _ in scene.screen.shown] == ["Not ?opened"]


def test_what_is_said_of_traymon_itself_is_dropped_once_it_is_old() -> None:
    scene = Scene()
    scene.screen.works = False
    scene.dispatcher.notify_user("Copied", "It is on the clipboard.")
    for _ in range(20):
        scene.wait()
        scene.now += 300
        scene.publish("healthy")
    scene.screen.works = True
    scene.now += 900
    scene.publish("healthy")
    scene.notifier.stop()
    assert scene.screen.shown == []


def test_switched_off_counts_as_delivered_and_reaches_no_channel() -> None:
    scene = Scene("off")
    for _ in range(3):
        scene.publish("port-refused")
        scene.now += 10
    scene.notifier.stop()
    assert scene.screen.shown == []
    assert scene.troubles == []


def test_a_pause_takes_the_targets_notification_off_the_screen_once() -> None:
    scene = Scene()
    scene.publish("port-refused")
    scene.pause("port-refused")
    scene.notifier.stop()
    assert scene.screen.withdrawn == ["bot"]


def test_a_channel_that_cannot_take_one_back_keeps_none_from_coming_out() -> None:
    scene = Scene()
    scene.publish("port-refused")
    scene.wait()
    scene.screen.works = False
    scene.notifier.withdraw()
    scene.notifier.withdraw("bot")
    scene.pause("port-refused")
    scene.wait()
    scene.screen.works = True
    scene.wait()
    assert [title for title, _ in scene.screen.shown][-1] == "last"
    scene.notifier.stop()
    assert scene.screen.closed


def test_nothing_is_opened_to_take_back_what_was_never_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened: list[Clicks] = []

    def opening(clicks: Clicks) -> Screen:
        opened.append(clicks)
        return Screen()

    monkeypatch.setattr(channel, "CHANNELS", {sys.platform: (opening,)})
    scene = Scene()
    scene.notifier.withdraw()
    scene.notifier.stop()
    assert opened == []


def test_a_channel_that_cannot_be_opened_is_opened_with_the_next_notification(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    screen = Screen()
    faults = [ImportError("its files are being replaced"), ChannelError("no bus")]

    def opening(clicks: Clicks) -> Screen:
        if faults:
            raise faults.pop()
        return screen

    monkeypatch.setattr(channel, "CHANNELS", {sys.platform: (opening,)})
    scene = Scene()
    scene.screen.works = False
    for _ in range(3):
        scene.wait()
    scene.notifier.stop()
    assert [title for title, _ in screen.shown] == ["last"]
    assert scene.troubles[-1] == ""


def test_a_channel_whose_library_is_missing_does_not_keep_the_others_from_sending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def opening(clicks: Clicks) -> Screen:
        raise ImportError("its files are being replaced")

    monkeypatch.setattr(channel, "CHANNELS", {sys.platform: (opening,)})
    scene = Scene()
    scene.wait()
    scene.notifier.stop()
    assert [title for title, _ in scene.screen.shown] == ["last"]


def test_what_is_shown_of_a_target_that_is_watched_no_longer_is_withdrawn() -> None:
    scene = Scene()
    red = Diagnosis("port-refused", Light.RED)
    scene.publish("port-refused", Flip(scene.now, Diagnosis("healthy", Light.GREEN), red))
    wait_for(lambda: scene.screen.shown)
    evidence = Evidence(TARGET, scene.now)
    status = Status(TARGET, red, scene.now, scene.now, evidence, scene.now)
    scene.dispatcher.on_update(Update(status, None, ~Change.NOTHING, ended=True))
    wait_for(lambda: scene.screen.withdrawn == ["bot"])
    scene.now += 3600  # by now there would have been a reminder
    assert scene.dispatcher._memories == {}
    scene.notifier.stop()
    assert len(scene.screen.shown) == 1
