"""An alarm from the status to the screen, with a fault at every step: it comes out exactly once."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from support.polling import PATIENCE, wait_for
from traymon.core import notification_policy
from traymon.core.model import Change, Diagnosis, Evidence, Status, Update
from traymon.core.notification import Outcome
from traymon.core.target import Target
from traymon.core.vocabulary import Light
from traymon.diagnosis import fix_pages
from traymon.diagnosis.catalogue import ENTRIES
from traymon.ui import icons
from traymon.ui.notification_text import NotificationText
from traymon.ui.notify import channel, dispatcher
from traymon.ui.notify.channel import Clicks
from traymon.ui.notify.dispatcher import NotificationDispatcher
from traymon.ui.notify.notifier import Notifier
from traymon.ui.notify.pictures import PictureFiles

if sys.platform != "linux":
    pytest.skip("D-Bus is Linux's", allow_module_level=True)

from support.bus import SessionBus
from support.notification_service import NotificationService
from traymon.ui import session_bus
from traymon.ui.notify import dbus, notification_service
from traymon.ui.notify.dbus import DBusNotifications

NOON = 1_800_000_000.0
TICK = 10.0  # seconds between two updates
TARGET = Target("bot", port=7497)


class Panic(BaseException):
    """What a library in Rust raises; no `Exception`."""


class Whole:
    """Everything from the policy to the service on a real bus."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.patch = monkeypatch
        self.now = NOON
        self.bus = SessionBus(folder)
        self.bus.start()
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", self.bus.address)
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder / "nothing"))
        monkeypatch.setattr(dbus, "REPLY_TIMEOUT", 0.3)
        monkeypatch.setattr(channel, "CHANNELS", {"linux": (self._open,)})
        self.service = NotificationService(self.bus.address)
        self.service.__enter__()
        self.troubles: list[str] = []
        self.picture = PictureFiles(folder).path
        self.notifier = Notifier(
            Clicks(print),
            lambda why: self.on_trouble(why),
            picture=lambda light, marked: self.picture(light, marked),
        )
        self.dispatcher = NotificationDispatcher(self.notifier, lambda: self.now)
        self.dispatcher.prepare()
        self.wait()

    def _open(self, clicks: Clicks) -> channel.Channel:
        return DBusNotifications(clicks, patience=0.5)

    def on_trouble(self, why: str) -> None:
        self.troubles.append(why)

    def end(self) -> None:
        self.notifier.stop()
        self.service.end()
        self.bus.stop()

    def publish(self, code: str) -> None:
        """Publish an update as the monitor does, which outlives whatever a subscriber raises."""
        diagnosis = Diagnosis(code, ENTRIES[code].light)
        status = Status(TARGET, diagnosis, NOON, NOON, Evidence(TARGET, self.now), self.now)
        with suppress(Exception):
            self.dispatcher.on_update(Update(status, None, Change.NOTHING))

    def wait(self) -> None:
        """Wait until the notifier has done what it was asked for."""
        done = threading.Event()
        self.notifier._tasks.post(done.set)
        assert done.wait(PATIENCE)

    def play(self, code: str) -> None:
        """Publish until it is on the screen; then for five minutes more."""

        def shown() -> bool:
            self.publish(code)
            self.wait()
            self.now += TICK
            return self.settled and bool(self.service.screen)

        wait_for(shown, "the notification on the screen")
        for _ in range(30):
            self.publish(code)
            self.wait()
            self.now += TICK

    @property
    def settled(self) -> bool:
        """Whether the policy knows that the user was told."""
        memory = self.dispatcher._memories.get("bot")
        return memory is not None and memory.announced is not None

    def once(self, owner: Any, name: str, fault: BaseException) -> None:
        """Let a function fail the next time it is called."""
        real: Callable[..., Any] = getattr(owner, name)
        faults = [fault]

        def failing(*arguments: Any, **options: Any) -> Any:
            if faults:
                raise faults.pop()
            return real(*arguments, **options)

        self.patch.setattr(owner, name, failing)

    def always(self, owner: Any, name: str, fault: BaseException) -> None:
        """Let a function fail whenever it is called."""

        def failing(*arguments: Any, **options: Any) -> Any:
            raise fault

        self.patch.setattr(owner, name, failing)


@pytest.fixture
def whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Whole]:
    whole = Whole(tmp_path, monkeypatch)
    yield whole
    whole.end()


def end_and_begin_again(whole: Whole) -> None:
    """Let the service take a notification, end, and be there again."""
    whole.service.holds = ("Notify",)
    whole.publish("port-refused")
    whole.wait()
    whole.service.end()
    wait_for(lambda: whole.dispatcher._memories["bot"].in_flight is None, "the failure")
    whole.service = NotificationService(whole.bus.address)
    whole.service.__enter__()


def restart_bus(whole: Whole) -> None:
    whole.service.end()
    whole.bus.stop()
    whole.publish("port-refused")  # into the void
    whole.wait()
    whole.bus.start()
    whole.service = NotificationService(whole.bus.address)
    whole.service.__enter__()


def come_late(whole: Whole) -> None:
    whole.service.end()
    whole.publish("port-refused")
    whole.wait()
    whole.service = NotificationService(whole.bus.address)
    whole.service.__enter__()


def answer_late(whole: Whole) -> None:
    whole.service.holds = ("Notify",)
    for _ in range(30):
        whole.publish("port-refused")
        whole.wait()
        whole.now += TICK
    whole.service.answer()


def refuse(part: str) -> Callable[[Whole], None]:
    def arrange(whole: Whole) -> None:
        whole.service.refuses = lambda sent: bool(getattr(sent, part))

    return arrange


def refuse_twice(whole: Whole) -> None:
    whole.service.refuses = lambda sent: len(whole.service.sent) <= 2


def ignore(*methods: str) -> Callable[[Whole], None]:
    def arrange(whole: Whole) -> None:
        whole.service.ignores = methods

    return arrange


def once(owner: Any, name: str, fault: BaseException) -> Callable[[Whole], None]:
    return lambda whole: whole.once(owner, name, fault)


def always(owner: Any, name: str, fault: BaseException) -> Callable[[Whole], None]:
    return lambda whole: whole.always(owner, name, fault)


def fail_picture(fault: BaseException) -> Callable[[Whole], None]:
    def arrange(whole: Whole) -> None:
        def picture(light: Light, marked: bool = False) -> str:
            raise fault

        whole.picture = picture

    return arrange


def fail_trouble(whole: Whole) -> None:
    def fail(why: str) -> None:
        raise RuntimeError("no icon")

    whole.patch.setattr(whole, "on_trouble", fail)


MISSING = ImportError("the file is being replaced")
FAULTS: dict[str, Callable[[Whole], None]] = {
    "none": lambda whole: None,
    "policy": once(notification_policy, "decide", ValueError("x")),
    "handing over": once(Notifier, "notify", RuntimeError("can't start new thread")),
    "text": always(dispatcher, "notification_text", MISSING),
    "text and headline": always(fix_pages, "page", MISSING),
    "text, all of it": once(dispatcher, "_compose", MISSING),
    "text, panic": once(dispatcher, "_compose", Panic()),
    "picture": fail_picture(MISSING),
    "drawing": always(icons, "png", MISSING),
    "trouble": fail_trouble,
    "channel": once(DBusNotifications, "deliver", MISSING),
    "channel, panic": once(DBusNotifications, "deliver", Panic()),
    "channels": once(channel.Channels, "open_all", MISSING),
    "message": once(dbus, "_full", UnicodeEncodeError("utf-8", "x", 0, 1, "x")),
    "no memory": once(dbus, "_full", MemoryError()),
    "sending": once(session_bus.SessionBus, "send", OSError("broken pipe")),
    "learning": once(notification_service.ServiceWatch, "learn", KeyError("x")),
    "remembering": once(DBusNotifications, "_remember", KeyError("x")),
    "icon refused": refuse("icon"),
    "actions refused": refuse("actions"),
    "hints refused": refuse("hints"),
    "refused, then not": refuse_twice,
    "capabilities unanswered": ignore("GetCapabilities", "GetServerInformation"),
    "unanswered": ignore("Notify"),
    "answered late": answer_late,
    "service ends": end_and_begin_again,
    "service comes late": come_late,
    "bus restarted": restart_bus,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_any_step_costs_neither_the_alarm_nor_makes_two_of_it(
    whole: Whole, fault: str
) -> None:
    FAULTS[fault](whole)
    whole.play("port-refused")
    assert len(whole.service.screen) == 1
    accepted = [sent for sent in whole.service.sent if not whole.service.refuses(sent)]
    assert len(accepted) == 1 or fault == "refused, then not"


@pytest.mark.parametrize("fault", ["picture", "service ends", "answered late", "bus restarted"])
def test_its_end_is_announced_in_its_place(whole: Whole, fault: str) -> None:
    FAULTS[fault](whole)
    whole.play("port-refused")
    red = dict(whole.service.screen)

    def ended() -> bool:
        whole.publish("healthy")
        whole.wait()
        whole.now += TICK
        return whole.service.screen != red

    wait_for(ended, "the recovery on the screen")
    assert whole.service.screen.keys() == red.keys()


def test_what_is_switched_off_needs_nothing_and_is_answered(tmp_path: Path) -> None:
    outcomes: list[Outcome] = []
    notifier = Notifier(Clicks(print), lambda why: None, "off")
    notifier.prepare(lambda: outcomes.append(Outcome.UNKNOWN))
    notifier.notify("bot", lambda: NotificationText("red", "", True), outcomes.append)
    notifier.stop()
    assert outcomes == [Outcome.DELIVERED]
