"""Notifications on macOS, where only a stand-in of desktop-notifier can run here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from types import ModuleType, SimpleNamespace

import pytest

from traymon.core.notification import Outcome
from traymon.ui.notification_text import CLICK_HINT, NotificationText
from traymon.ui.notify.channel import ChannelError, Clicks
from traymon.ui.presenter import MAX_BODY


class Urgency(Enum):
    Normal = auto()
    Critical = auto()


@dataclass
class Button:
    title: str
    identifier: str


@dataclass
class Notification:
    title: str
    message: str
    urgency: Urgency
    buttons: tuple[Button, ...]
    identifier: str


@dataclass
class Center:
    """The Notification Center and what it is asked for; stands for a `DesktopNotifier` too."""

    allowed: bool = True
    works: bool = True
    bundle: bool = True
    shown: list[Notification] = field(default_factory=list)
    on_clicked: Callable[[str], None] | None = None
    on_button_pressed: Callable[[str, str], None] | None = None

    async def request_authorisation(self) -> bool:
        return self.allowed

    async def send_notification(self, notification: Notification) -> str:
        if self.works:  # else the library logs it
            self.shown.append(notification)
        return notification.identifier

    async def clear(self, identifier: str) -> None:
        self.shown = [each for each in self.shown if each.identifier != identifier]

    async def clear_all(self) -> None:
        self.shown = []

    async def get_current_notifications(self) -> list[str]:
        return [notification.identifier for notification in self.shown]


@pytest.fixture
def center(monkeypatch: pytest.MonkeyPatch) -> Iterator[Center]:
    center = Center()
    library, backends = ModuleType("desktop_notifier"), ModuleType("desktop_notifier.backends")
    vars(library).update(
        Button=Button,
        Notification=Notification,
        Urgency=Urgency,
        DesktopNotifier=lambda app_name: center,
    )
    support = SimpleNamespace(is_bundle=lambda: center.bundle)
    for name, module in {
        "desktop_notifier": library,
        "desktop_notifier.backends": backends,
        "desktop_notifier.backends.macos_support": support,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.delitem(sys.modules, "traymon.ui.notify.macos", raising=False)
    yield center
    sys.modules.pop("traymon.ui.notify.macos", None)


TEXT = NotificationText("title", "body", urgent=True, buttons=("snooze",))


def settle(outcome: Outcome, why: str) -> None:
    raise AssertionError("the outcome is known at once")


def test_a_notification_is_shown_with_its_buttons_and_its_clicks_arrive(center: Center) -> None:
    from traymon.ui.notify.macos import MacNotifications

    told: list[object] = []
    notifications = MacNotifications(
        Clicks(told.append, lambda key, button: told.append((key, button)))
    )
    notifications.deliver("project", TEXT, "", settle)
    (shown,) = center.shown
    assert (shown.title, shown.message, shown.identifier) == (
        "title",
        "body" + CLICK_HINT,
        "project",
    )
    assert shown.urgency is Urgency.Critical
    assert shown.buttons == (Button("Snooze 1 hour", "snooze"),)
    assert center.on_clicked is not None
    assert center.on_button_pressed is not None
    center.on_clicked("project")
    center.on_button_pressed("project", "snooze")
    assert told == ["project", ("project", "snooze")]
    notifications.close()


@pytest.mark.parametrize(
    ("state", "says"),
    [({"allowed": False}, "are not allowed"), ({"works": False}, "did not take it")],
)
def test_a_notification_that_does_not_come_out_is_said(
    state: dict[str, bool], says: str, center: Center
) -> None:
    from traymon.ui.notify.macos import MacNotifications

    vars(center).update(state)
    notifications = MacNotifications(Clicks(print))
    with pytest.raises(ChannelError, match=says):
        notifications.deliver("project", TEXT, "", settle)
    notifications.close()


def test_a_notification_is_taken_back_by_its_key_or_with_all_others(center: Center) -> None:
    from traymon.ui.notify.macos import MacNotifications

    notifications = MacNotifications(Clicks(print))
    for key in ("one", "two", "three"):
        notifications.deliver(key, TEXT, "", settle)
    notifications.withdraw("two")
    assert [each.identifier for each in center.shown] == ["one", "three"]
    notifications.withdraw()
    assert center.shown == []
    notifications.close()


def test_outside_a_bundle_the_next_channel_is_taken(
    center: Center, monkeypatch: pytest.MonkeyPatch
) -> None:
    from traymon.ui.notify.channel import Channels

    monkeypatch.setattr(sys, "platform", "darwin")
    center.bundle = False
    assert [channel.name for channel in Channels("auto", Clicks(print)).open_all()] == ["plyer"]
    center.bundle = True
    channels = Channels("auto", Clicks(print)).open_all()
    assert [channel.name for channel in channels] == ["Notification Center", "plyer"]
    for channel in channels:
        channel.close()


def test_the_hint_to_click_never_makes_a_body_too_long() -> None:
    assert NotificationText("title", "b" * MAX_BODY, urgent=False).clickable_body == "b" * MAX_BODY
