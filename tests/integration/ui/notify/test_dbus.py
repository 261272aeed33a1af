"""Notifications over a real session bus, to a service with the faults that real ones have."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.polling import wait_for
from traymon.core.notification import Outcome
from traymon.ui.notification_text import CLICK_HINT, SIGNATURE, NotificationText
from traymon.ui.notify.channel import ChannelError, Clicks

if sys.platform != "linux":
    pytest.skip("D-Bus is Linux's", allow_module_level=True)

from support.bus import SessionBus
from support.notification_service import NotificationService
from traymon.ui.notify import dbus
from traymon.ui.notify.dbus import DBusNotifications
from traymon.ui.notify.notification_service import Service, ServiceWatch
from traymon.ui.notify.shown import Shown

RED = NotificationText("red", "It is silent.", urgent=True, buttons=("snooze",))
GREEN = NotificationText("green", "It is back.", urgent=False)
PICTURE = "/pictures/red.png"


@pytest.fixture
def bus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SessionBus]:
    bus = SessionBus(tmp_path)
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus.address)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "nothing"))
    bus.start()
    yield bus
    bus.stop()


@pytest.fixture
def service(bus: SessionBus) -> Iterator[NotificationService]:
    with NotificationService(bus.address) as service:
        yield service


class User:
    """The channel under test, and what came of its notifications and clicks."""

    def __init__(self, patience: float = dbus.PATIENCE) -> None:
        self.clicked: list[str] = []
        self.pressed: list[tuple[str, str]] = []
        self.settled: list[tuple[Outcome, str]] = []
        clicks = Clicks(self.clicked.append, lambda *pressed: self.pressed.append(pressed))
        self.channel = DBusNotifications(clicks, patience)

    def notify(self, text: NotificationText = RED, key: str = "bot") -> Outcome:
        return self.channel.deliver(
            key, text, PICTURE, lambda *settled: self.settled.append(settled)
        )


@pytest.fixture
def user(bus: SessionBus) -> Iterator[User]:
    user = User()
    yield user
    user.channel.close()


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for an answer that does not come."""
    monkeypatch.setattr(dbus, "REPLY_TIMEOUT", 0.2)


def test_a_notification_takes_its_keys_last_place_and_its_clicks_arrive(
    service: NotificationService, user: User
) -> None:
    assert user.notify() is Outcome.DELIVERED
    assert user.notify(GREEN) is Outcome.DELIVERED
    assert service.screen == {1: "green"}
    service.invoke(1, "snooze")
    service.invoke(1, "default")
    wait_for(lambda: user.clicked, "the click")
    assert user.clicked == ["bot"]
    assert user.pressed == [("bot", "snooze")]


# What was learned from a service does not outlive it


def test_a_new_service_is_given_no_number_of_the_former_one_and_its_clicks_are_its_own(
    bus: SessionBus, service: NotificationService, user: User
) -> None:
    user.notify()
    with NotificationService(bus.address, first=2) as new:  # both stay on the bus
        new.screen[1] = "New mail"  # of another program, with the number that ours had
        wait_for(lambda: "GetCapabilities" in new.called, "what the new one can do")
        service.emit("ActionInvoked", "us", (1, "default"))
        new.invoke(1, "default")
        assert user.notify(GREEN) is Outcome.DELIVERED
        assert new.screen == {1: "New mail", 2: "green"}
        new.invoke(2, "default")
        wait_for(lambda: user.clicked, "the click on ours")
        assert user.clicked == ["bot"]


def test_the_words_follow_what_the_present_service_can_do(
    bus: SessionBus, service: NotificationService, user: User
) -> None:
    user.notify()
    assert service.sent[0].body.endswith(f"{CLICK_HINT}{SIGNATURE}")
    assert user.channel.clickable
    service.end()
    with NotificationService(bus.address, capabilities=("body",)) as plain:
        user.notify()
        assert plain.sent[0].body == f"{RED.body}{SIGNATURE}"
        assert plain.sent[0].actions == []
        assert not user.channel.clickable


@pytest.mark.parametrize(
    ("name", "ending"), [("gnome-shell", ""), ("Xfce Notify Daemon", SIGNATURE)]
)
def test_traymon_names_itself_where_the_service_does_not(
    bus: SessionBus, user: User, name: str, ending: str
) -> None:
    with NotificationService(bus.address, name=name, capabilities=("body",)) as present:
        user.notify()
        assert present.sent[0].body == f"{RED.body}{ending}"


def test_a_service_that_left_the_name_while_a_notification_replaces_its_number(
    bus: SessionBus, service: NotificationService, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.notify()
    with NotificationService(bus.address, first=7) as new:
        # as if the bus's word of the change had not come yet
        assert user.channel._watch is not None
        user.channel._watch.service = Service(service.unique_name, "", ("actions",))
        user.channel._shown.add("bot", Shown(service.unique_name, 1, 1), 0)
        service.end()
        assert user.notify(GREEN) is Outcome.DELIVERED
        assert [(sent.replaces, sent.title) for sent in new.sent] == [(0, "green")]


def test_what_a_former_service_answers_is_no_delivery(
    service: NotificationService, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ServiceWatch, "is_present", lambda self, sender: False)
    with pytest.raises(ChannelError, match="has ended"):
        user.notify()
    wait_for(lambda: service.sent and not service.screen, "the end of what it shows")


def test_after_the_bus_was_restarted_the_next_notification_comes_out(
    bus: SessionBus, service: NotificationService, user: User
) -> None:
    user.notify()
    service.end()
    bus.stop()
    bus.start()
    with NotificationService(bus.address, first=5) as new:
        assert user.notify(GREEN) is Outcome.DELIVERED
        assert new.sent[0].replaces == 0
        new.invoke(5, "default")
        wait_for(lambda: user.clicked, "the click")


def test_no_connection_leaves_a_thread_or_a_descriptor(bus: SessionBus, user: User) -> None:
    def held() -> tuple[int, int]:
        return len(os.listdir("/proc/self/fd")), threading.active_count()

    before = held()
    for _ in range(20):
        user.channel.prepare()
        user.channel.close()
    wait_for(lambda: held() == before, "what the connections held")


# A service that takes its time


@pytest.mark.usefixtures("hurried")
def test_a_late_answer_is_taken_so_that_nothing_is_shown_twice(
    service: NotificationService, user: User
) -> None:
    service.holds = ("Notify",)
    assert user.notify() is Outcome.UNKNOWN
    assert user.settled == []
    service.answer()
    wait_for(lambda: user.settled, "the late answer")
    assert user.settled == [(Outcome.DELIVERED, "")]
    service.invoke(1, "default")
    wait_for(lambda: user.clicked, "the click")
    user.notify(GREEN)
    assert service.screen == {1: "green"}


@pytest.mark.usefixtures("hurried")
def test_a_service_that_ends_before_it_has_answered_has_shown_nothing(
    service: NotificationService, user: User
) -> None:
    service.holds = ("Notify",)
    assert user.notify() is Outcome.UNKNOWN
    service.end()
    wait_for(lambda: user.settled, "the failure")
    ((outcome, why),) = user.settled
    assert outcome is Outcome.FAILED
    assert why


@pytest.mark.usefixtures("hurried")
def test_a_service_that_gives_up_its_name_before_it_has_answered_has_failed(
    bus: SessionBus, service: NotificationService, user: User
) -> None:
    service.holds = ("Notify",)
    assert user.notify() is Outcome.UNKNOWN
    service.give_up_name()
    wait_for(lambda: user.settled, "the failure")
    ((outcome, why),) = user.settled
    assert outcome is Outcome.FAILED
    assert "ServiceUnknown" in why
    service.answer()  # too late: a second one would be beside the next service's
    wait_for(lambda: not service.screen, "the end of what it shows")


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("lives_on", [False, True], ids=["ends", "lives on"])
def test_what_a_service_has_not_answered_goes_to_the_one_that_takes_its_place(
    bus: SessionBus, service: NotificationService, user: User, lives_on: bool
) -> None:
    service.holds = ("Notify",)
    assert user.notify() is Outcome.UNKNOWN
    with NotificationService(bus.address, first=7) as new:
        if not lives_on:
            service.end()
        wait_for(lambda: user.settled, "the new one's answer")
        assert user.settled == [(Outcome.DELIVERED, "")]
        assert new.screen == {7: "red"}
        if lives_on:
            service.answer()
            wait_for(lambda: not service.screen, "the end of what the former one shows")
        new.invoke(7, "default")
        wait_for(lambda: user.clicked, "the click")
        assert len(new.sent) == 1


@pytest.mark.usefixtures("hurried")
def test_one_that_ends_every_service_is_given_up(bus: SessionBus, user: User) -> None:
    def deadly() -> NotificationService:
        return NotificationService(bus.address, ignores=("Notify",))

    with deadly() as first:
        assert user.notify() is Outcome.UNKNOWN
        with deadly() as second:
            first.end()
            wait_for(lambda: second.sent, "the second sending")
            with deadly() as third:
                second.end()
                wait_for(lambda: third.sent, "the third sending")
                assert second.sent[0].icon == PICTURE
                assert third.sent[0].icon == ""
                third.give_up_name()
                wait_for(lambda: user.settled, "the failure")
    assert user.settled == [(Outcome.FAILED, "the notification service has ended")]


@pytest.mark.usefixtures("hurried")
def test_a_service_that_answers_everything_else_has_most_likely_shown_it(
    service: NotificationService,
) -> None:
    user = User(patience=0.3)
    service.ignores = ("Notify",)
    assert user.notify() is Outcome.UNKNOWN
    wait_for(lambda: user.settled, "the end of the patience")
    user.channel.close()
    assert user.settled == [
        (Outcome.DELIVERED, "the notification service does not confirm notifications")
    ]
    assert len(service.sent) == 1


@pytest.mark.usefixtures("hurried")
def test_a_service_that_hangs_is_waited_for_as_long_as_it_lives(
    service: NotificationService,
) -> None:
    user = User(patience=0.1)
    everything = ("Notify", "GetCapabilities", "GetServerInformation")
    service.holds = everything
    assert user.notify() is Outcome.UNKNOWN
    wait_for(lambda: service.called.count("GetServerInformation") >= 2, "the question")
    assert user.settled == []
    service.answer()
    wait_for(lambda: user.settled, "the late answer")
    user.channel.close()
    assert user.settled == [(Outcome.DELIVERED, "")]
    assert len(service.sent) == 1


@pytest.mark.usefixtures("hurried")
def test_one_that_was_withdrawn_before_the_answer_leaves_the_screen_with_it(
    service: NotificationService, user: User
) -> None:
    service.holds = ("Notify",)
    user.notify()
    user.channel.withdraw("bot")
    assert service.screen == {1: "red"}
    service.answer()
    wait_for(lambda: not service.screen, "the end of the notification")


@pytest.mark.usefixtures("hurried")
def test_of_two_that_are_unanswered_the_newer_one_stays_on_the_screen(
    service: NotificationService, user: User
) -> None:
    service.holds = ("Notify",)
    user.notify(RED, "traymon")
    user.notify(GREEN, "traymon")
    service.answer()
    wait_for(lambda: service.screen == {2: "green"}, "the newer one alone")


# A service that refuses


@pytest.mark.parametrize("part", ["icon", "actions", "hints", "replaces"])
@pytest.mark.parametrize("late", [False, True], ids=["at once", "late"])
def test_what_is_refused_is_sent_again_with_nothing_but_its_words(
    service: NotificationService, user: User, part: str, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if part == "replaces":
        user.notify()
    service.refuses = lambda sent: bool(getattr(sent, part))
    if late:
        monkeypatch.setattr(dbus, "REPLY_TIMEOUT", 0.2)
        service.holds = ("Notify",)
        assert user.notify(GREEN) is Outcome.UNKNOWN
        service.answer()
        wait_for(lambda: user.settled, "the late answer")
        assert user.settled == [(Outcome.DELIVERED, "")]
    else:
        assert user.notify(GREEN) is Outcome.DELIVERED
    wait_for(lambda: list(service.screen.values()) == ["green"], "it alone")
    bare = service.sent[-1]
    assert (bare.icon, bare.actions, bare.hints, bare.replaces) == ("", [], {}, 0)
    assert bare.body == f"{GREEN.body}{SIGNATURE}"


def test_a_service_that_refuses_the_words_too_has_failed(
    service: NotificationService, user: User
) -> None:
    service.refuses = lambda sent: True
    with pytest.raises(ChannelError, match="Refused: not so"):
        user.notify()
    assert len(service.sent) == 2
    service.refuses = lambda sent: False
    assert user.notify() is Outcome.DELIVERED


def test_a_service_that_cannot_say_what_it_can_do_gets_plain_words(
    bus: SessionBus, service: NotificationService, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbus, "REPLY_TIMEOUT", 0.5)
    service.ignores = ("GetCapabilities", "GetServerInformation")
    assert user.notify() is Outcome.DELIVERED
    assert service.sent[0].actions == []
    assert service.screen == {1: "red"}


# Anything can be on the bus


@pytest.mark.parametrize("member", ["ActionInvoked", "NotificationClosed", "ActivationToken", "X"])
@pytest.mark.parametrize(
    ("signature", "body"),
    [(None, ()), ("s", ("1",)), ("u", (1,)), ("uu", (1, 1)), ("av", ([("u", 1)],)), ("d", (1.0,))],
)
def test_a_malformed_signal_harms_nothing(
    service: NotificationService,
    user: User,
    member: str,
    signature: str | None,
    body: tuple[object, ...],
) -> None:
    user.notify(key="other")
    user.notify()
    service.emit(member, signature, body)
    service.invoke(2, "default")
    wait_for(lambda: user.clicked, "the click")
    assert user.clicked == ["bot"]


def test_a_signal_of_a_stranger_is_no_click(bus: SessionBus, user: User) -> None:
    with (
        NotificationService(bus.address) as stranger,
        NotificationService(bus.address) as service,  # has taken the name
    ):
        user.notify()
        (sent,) = service.sent
        for member, what in (("ActionInvoked", "default"), ("ActionInvoked", "snooze")):
            stranger.emit(member, "us", (sent.number, what), to=sent.sender)
        stranger.emit("NotificationClosed", "uu", (sent.number, 2), to=sent.sender)
        stranger.emit("NameOwnerChanged", "sss", ("org.freedesktop.Notifications", "", ":1.0"))
        service.invoke(sent.number, "default")
        wait_for(lambda: user.clicked, "the click")
        assert (user.clicked, user.pressed) == (["bot"], [])


def test_a_click_that_fails_does_not_stop_the_next(
    service: NotificationService, bus: SessionBus
) -> None:
    clicked: list[str] = []

    def click(key: str) -> None:
        clicked.append(key)
        raise ValueError("no page")

    channel = DBusNotifications(Clicks(click))
    channel.deliver("bot", RED, "", lambda *_: None)
    service.invoke(1, "default")
    service.invoke(1, "default")
    wait_for(lambda: len(clicked) == 2, "both clicks")
    channel.close()


# Where the bus is


def test_where_the_inherited_address_is_dead_the_usual_socket_serves(
    service: NotificationService, tmp_path: Path, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:abstract=gone,guid=1234")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert user.notify() is Outcome.DELIVERED


@pytest.mark.parametrize(
    "address",
    [
        "unix:abstract=gone,guid=1234",
        "tcp:host=127.0.0.1,port=1",
        "unix:nonsense",
        "nonsense",
        "unix:dir=/tmp",
        "unix:path=\x01",
    ],
)
def test_the_error_names_every_address_that_was_tried(
    tmp_path: Path, user: User, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    (tmp_path / "usual").mkdir()
    (tmp_path / "usual" / "bus").touch()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "usual"))
    with pytest.raises(ChannelError) as error:
        user.notify()
    assert address.partition(",")[0] in str(error.value)
    assert f"unix:path={tmp_path}/usual/bus (Connection refused)" in str(error.value)


def test_of_several_addresses_the_first_that_lives_serves(
    service: NotificationService, user: User, bus: SessionBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"tcp:host=x;unix:path=/gone;{bus.address}")
    assert user.notify() is Outcome.DELIVERED


def test_nobody_is_started_before_there_is_something_to_say(
    service: NotificationService, user: User
) -> None:
    user.channel.prepare()
    wait_for(lambda: user.channel.clickable, "what the service can do")
    assert "Notify" not in service.called
