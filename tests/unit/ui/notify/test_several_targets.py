"""Notifications about several targets: who is named, what is one, and who stays silent."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

import pytest

from traymon.core.facts import Fact, Facts
from traymon.core.model import Change, Diagnosis, Evidence, Flip, Status, Update
from traymon.core.notification import Kind, Notification, Outcome
from traymon.core.notification_groups import GATHER_TIME
from traymon.core.target import Target
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui import presenter
from traymon.ui.group_text import group_text
from traymon.ui.notification_text import NotificationText
from traymon.ui.notify.channel import ChannelError, Clicks, Settle
from traymon.ui.notify.dispatcher import NotificationDispatcher
from traymon.ui.notify.notifier import Notifier

NOON = 1_800_000_000.0
NAMES = [f"bot {number}" for number in range(1, 11)]


@dataclass
class Screen:
    """A channel that keeps what is on the screen, by its key."""

    name: str = "screen"
    clickable: bool = True
    works: bool = True
    on_screen: dict[str, NotificationText] = field(default_factory=dict)
    count: int = 0  # of those that were shown, one after the other

    def prepare(self) -> None:
        pass

    def deliver(self, key: str, text: NotificationText, picture: str, settle: Settle) -> Outcome:
        if not self.works:
            raise ChannelError("it is dark")
        self.on_screen[key] = text
        self.count += 1
        return Outcome.DELIVERED

    def withdraw(self, key: str | None = None) -> None:
        if key is not None:
            self.on_screen.pop(key, None)

    def close(self) -> None:
        pass


class Scene:
    """Ten targets whose statuses the test publishes, and a screen."""

    def __init__(self) -> None:
        self.now, self.screen = NOON, Screen()
        self._notifier = Notifier(Clicks(print), lambda why: None)
        self._notifier.prefer(self.screen)
        self._dispatcher = NotificationDispatcher(self._notifier, lambda: self.now)
        self._last = {name: self._status(name, "healthy") for name in NAMES}
        self.publish("healthy", *NAMES)

    def _status(self, name: str, code: str) -> Status:
        target = Target(name, port=4000 + len(name), one_of_many=True)
        facts: Facts = {Fact.PORT: target.port + NAMES.index(name), Fact.HOST: "gateway.lan"}
        diagnosis = Diagnosis(code, ENTRIES[code].light, facts)
        evidence = Evidence(target, self.now)
        return Status(target, diagnosis, self.now, self.now, evidence, self.now)

    def publish(self, code: str, *names: str, muted: bool = False, paused: bool = False) -> None:
        """Publish a status of these targets, as their monitors do."""
        for name in names:
            before, after = self._last[name], self._status(name, code)
            after = replace(after, muted=muted, paused=paused)
            self._last[name] = after
            same = before.diagnosis.same_as(after.diagnosis)
            flip = None if same else Flip(self.now, before.diagnosis, after.diagnosis)
            changed = Change.MUTE if before.muted is not muted else Change.NOTHING
            self._dispatcher.on_update(Update(after, flip, changed))

    def remove(self, name: str) -> None:
        update = Update(self._last[name], None, ~Change.NOTHING, ended=True)
        self._dispatcher.on_update(update)

    def pass_time(self, seconds: float = GATHER_TIME) -> None:
        """Let time pass, in which every monitor publishes what it did before."""
        self.now += seconds
        for name, status in self._last.items():
            self.publish(status.diagnosis.code, name, muted=status.muted, paused=status.paused)

    def shown(self) -> dict[str, str]:
        """Return the titles on the screen, once all was sent."""
        done = threading.Event()
        text = NotificationText("", "", urgent=False)
        self._notifier.notify("last", lambda: text, lambda _: done.set())
        assert done.wait(20)
        self.screen.on_screen.pop("last", None)
        self.screen.count -= self.screen.works
        return {key: text.title for key, text in self.screen.on_screen.items()}


def test_the_one_target_that_fails_is_named() -> None:
    scene = Scene()
    scene.publish("port-refused", NAMES[0])
    scene.pass_time()
    (title,) = scene.shown().values()
    assert title == "bot 1: gateway.lan refuses connections to port 4005"
    assert list(scene.shown()) == ["bot 1"]  # a click opens its page


def test_ten_that_fail_together_are_one_notification_and_so_is_their_recovery() -> None:
    scene = Scene()
    scene.publish("port-refused", *NAMES)
    scene.pass_time()
    assert list(scene.shown().values()) == [
        "10 of 10: gateway.lan refuses connections to port 4005, 4006, …"
    ]
    (text,) = scene.screen.on_screen.values()
    assert text.body.startswith("bot 1, bot 10, bot 2,")
    assert text.urgent
    assert scene.screen.count == 1
    scene.now += 100
    scene.publish("healthy", *NAMES)
    scene.pass_time()
    assert list(scene.shown().values()) == ["The API works again: 10 of 10 targets"]
    assert scene.screen.count == 2


def test_who_fails_later_joins_and_takes_the_place_of_what_was_shown() -> None:
    scene = Scene()
    scene.publish("port-refused", "bot 1")
    scene.pass_time()
    assert list(scene.shown()) == ["bot 1"]
    scene.now += 10
    scene.publish("port-refused", "bot 2", "bot 3")
    scene.pass_time()
    (title,) = scene.shown().values()
    assert title.startswith("3 of 10: ")
    assert scene.screen.count == 2


def test_a_target_with_news_of_its_own_leaves_the_others_on_the_screen() -> None:
    scene = Scene()
    scene.publish("port-refused", "bot 1", "bot 2", "bot 3")
    scene.pass_time()
    assert len(scene.shown()) == 1
    scene.now += 100
    scene.publish("healthy", "bot 1")
    scene.pass_time()
    titles = list(scene.shown().values())
    assert titles[0].startswith("3 of 10: ")
    assert titles[1:] == ["bot 1: The API works again on port 4005"]
    scene.publish("healthy", "bot 2", "bot 3")
    scene.pass_time()
    assert list(scene.shown().values()) == ["The API works again: 3 of 10 targets"]


def test_those_that_could_not_be_shown_are_one_notification_later_too() -> None:
    scene = Scene()
    scene.screen.works = False
    scene.publish("port-refused", "bot 1", "bot 2")
    scene.pass_time()
    assert scene.shown() == {}
    scene.screen.works = True
    scene.pass_time(11.0)
    scene.pass_time()
    (title,) = scene.shown().values()
    assert title.startswith("2 of 10: ")


def test_a_muted_target_is_silent_and_what_is_wrong_is_told_once_it_is_not_muted() -> None:
    scene = Scene()
    scene.publish("port-refused", "bot 1")
    scene.pass_time()
    assert list(scene.shown()) == ["bot 1"]
    scene.publish("port-refused", "bot 1", muted=True)
    assert scene.shown() == {}  # what the screen said of it is gone
    scene.publish("healthy", "bot 1", muted=True)
    scene.publish("wrong-environment", "bot 1", muted=True)  # which no snooze holds back
    scene.pass_time(7200.0)
    assert scene.shown() == {}
    scene.publish("wrong-environment", "bot 1")
    scene.pass_time()
    scene.shown()
    (text,) = scene.screen.on_screen.values()
    assert text.title.startswith("bot 1: ")
    assert "missed" not in text.body


def test_a_target_that_recovered_while_it_was_muted_has_no_news() -> None:
    scene = Scene()
    scene.publish("port-refused", "bot 1")
    scene.pass_time()
    scene.publish("port-refused", "bot 1", muted=True)
    scene.publish("healthy", "bot 1", muted=True)
    scene.publish("healthy", "bot 1")
    scene.pass_time(60.0)
    assert scene.shown() == {}
    assert scene.screen.count == 1


@pytest.mark.parametrize("how", ["paused", "muted"])
def test_what_was_about_to_be_sent_of_a_target_is_not_if_it_is_paused_or_muted(how: str) -> None:
    scene = Scene()
    scene.publish("port-refused", "bot 1")
    scene.publish("paused", "bot 1", muted=how == "muted", paused=how == "paused")
    scene.pass_time()
    assert scene.shown() == {}
    scene.publish("healthy", "bot 1")
    scene.pass_time(20.0)
    scene.publish("port-refused", "bot 1")
    scene.pass_time()
    assert list(scene.shown()) == ["bot 1"]


def test_a_target_that_is_removed_takes_its_notification_along() -> None:
    scene = Scene()
    scene.publish("port-refused", "bot 1")
    scene.publish("handshake-silent", "bot 2")
    scene.pass_time()
    scene.remove("bot 1")
    assert list(scene.shown()) == ["bot 2"]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_words_for_several_targets_that_fit(kind: Kind) -> None:
    for code in ENTRIES:
        notifications = []
        for number in range(40):
            target = Target(f"a very long name of a trading project {number}", one_of_many=True)
            facts: Facts = {Fact.PORT: 65_535, Fact.HOST: "h" * (number + 1)}
            diagnosis = Diagnosis(code, ENTRIES[code].light, facts)
            evidence = Evidence(target, NOON)
            status = Status(target, diagnosis, NOON, NOON, evidence, NOON, opens_at=NOON)
            notifications.append(Notification(kind, status, ended=diagnosis))
        text = group_text(notifications, 999, NOON)
        assert presenter.utf16_length(text.title) <= presenter.MAX_TITLE
        assert presenter.utf16_length(text.body) <= presenter.MAX_BODY
        assert not text.body.endswith("…")
        assert "a very long…ng project 0" in text.body
        assert " more" in text.body
