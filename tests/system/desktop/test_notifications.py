"""traymon's notifications by each notification daemon: seen on the screen, clicked, replaced."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from support.bus import NOTIFICATIONS, Notification
from support.colours import GREEN, RED
from support.desktop_traymon import Traymon
from support.polling import wait_for
from support.virtual_desktop import Box, Desktop
from support.xfce import start_settings
from traymon.sim.gateway import running

Spot = tuple[int, int]

LONG = 30.0  # seconds for two looks on a busy machine
# nothing is looked for elsewhere on this machine, and what ends is seen at once
ALONE = {"TRAYMON_SESSION": "hold", "TRAYMON_FORWARDED": "yes"}


@dataclass(frozen=True)
class Daemon:
    """A notification daemon, and where it takes a click: pixels from the lower right."""

    package: str
    window: str  # the class of its windows
    program: str  # where Debian has it
    fix: Spot | None  # None: anywhere
    snooze: Spot | None = None  # None: it shows no buttons
    says_click: bool = True

    def start(self, desktop: Desktop) -> None:
        """Start it; return when it can be called. Skips the test where it is not installed."""
        program = next(Path("/usr").glob(self.program), None)
        if program is None:
            pytest.skip(f"needs: apt install {self.package}")
        if self.package == "dunst":
            desktop.start_dunst()
            return
        if self.package == "xfce4-notifyd":
            start_settings(desktop)
        desktop.spawn(self.package, str(program))
        wait_for(lambda: desktop.answers(NOTIFICATIONS), self.package)

    def shows(self, desktop: Desktop, colour: tuple[int, int, int]) -> list[Box]:
        """Return where it shows notifications, if one has a picture of that colour."""
        boxes = desktop.windows_of(self.window)
        return boxes if any(count(desktop, box, colour) > 100 for box in boxes) else []

    def click(self, desktop: Desktop, spot: Spot | None) -> None:
        """Click on the red notification, as soon as there is one that is drawn to the end."""
        looks: list[list[Box]] = []

        def at_rest() -> list[Box]:
            looks.append(self.shows(desktop, RED))
            return looks[-1] if looks[-5:] == [looks[-1]] * 5 else []

        (box,) = wait_for(at_rest, "the notification on the screen", timeout=LONG)
        at = box.middle
        if spot is not None:
            at = box.x + box.width - spot[0], box.y + box.height - spot[1]
        desktop.point(*at)  # a button takes no click before it has noticed the pointer
        desktop.click(*at)


DUNST = Daemon("dunst", "Dunst", "bin/dunst", fix=None)
GNOME = Daemon(
    "notification-daemon",
    "Notification-daemon",
    "lib/notification-daemon/notification-daemon",
    fix=None,
    snooze=(107, 39),
)
XFCE = Daemon(
    "xfce4-notifyd",
    "Xfce4-notifyd",
    "lib/*/xfce4/notifyd/xfce4-notifyd",
    fix=(186, 31),
    snooze=(69, 31),
    says_click=False,
)


def count(desktop: Desktop, box: Box, colour: tuple[int, int, int]) -> int:
    seen = desktop.pixels(box).getcolors(1_000_000) or []
    return sum(number for number, each in seen if each == colour)


@pytest.fixture
def port() -> int:
    """Give a port on which nobody listens."""
    with running() as gateway:
        port = gateway.port
    return port


def notification(desktop: Desktop, number: int) -> Notification:
    """Return the notification of that number, counted from 1, when it has been sent."""
    return wait_for(
        lambda: desktop.notifications()[number - 1 : number], f"notification {number}", LONG
    )[0]


@pytest.mark.parametrize("daemon", [DUNST, GNOME, XFCE], ids=lambda daemon: daemon.package)
def test_it_is_shown_with_the_fix_and_a_click_opens_all_steps(
    desktop: Desktop, port: int, daemon: Daemon
) -> None:
    daemon.start(desktop)
    traymon = Traymon(desktop, port, "--no-tray", **ALONE)
    sent = notification(desktop, 1)
    assert sent.title == f"127.0.0.1 refuses connections to port {port}"
    assert "tunnel" in sent.body
    assert ("Click for all steps." in sent.body) == daemon.says_click
    daemon.click(desktop, daemon.fix)
    page = wait_for(traymon.opened, "the fix page")[0]
    assert sent.title in page
    wait_for(lambda: not desktop.windows_of(daemon.window), "the end of the notification")
    assert traymon.end() == 0


@pytest.mark.parametrize("daemon", [DUNST, GNOME, XFCE], ids=lambda daemon: daemon.package)
def test_the_next_one_takes_its_place(desktop: Desktop, port: int, daemon: Daemon) -> None:
    daemon.start(desktop)
    Traymon(desktop, port, "--no-tray", **ALONE)
    wait_for(lambda: daemon.shows(desktop, RED), "the notification on the screen", timeout=LONG)
    with running(port=port):
        boxes = wait_for(lambda: daemon.shows(desktop, GREEN), "the recovery", timeout=LONG)
        assert len(boxes) == 1
        first, second = desktop.notifications()
        assert second.replaces_id == first.id


def closed_by_the_program(desktop: Desktop) -> bool:
    return desktop.notifications()[-1].closed == 3  # Desktop Notifications Specification


@pytest.mark.parametrize("daemon", [DUNST, GNOME, XFCE], ids=lambda daemon: daemon.package)
def test_it_leaves_the_screen_when_traymon_ends(
    desktop: Desktop, port: int, daemon: Daemon
) -> None:
    daemon.start(desktop)
    traymon = Traymon(desktop, port, "--no-tray", **ALONE)
    wait_for(lambda: daemon.shows(desktop, RED), "the notification on the screen", timeout=LONG)
    assert traymon.end() == 0
    wait_for(lambda: not desktop.windows_of(daemon.window), "the end of the notification")
    wait_for(lambda: closed_by_the_program(desktop), "the service's word of it")


def test_it_leaves_the_screen_when_monitoring_is_paused(desktop: Desktop, port: int) -> None:
    DUNST.start(desktop)
    traymon = Traymon(desktop, port, "--no-tray", **ALONE)
    wait_for(lambda: DUNST.shows(desktop, RED), "the notification on the screen", timeout=LONG)
    traymon.post("/pause")
    wait_for(lambda: not desktop.windows_of(DUNST.window), "the end of the notification")
    wait_for(lambda: closed_by_the_program(desktop), "the service's word of it")
    assert len(desktop.notifications()) == 1
    assert traymon.end() == 0


@pytest.mark.parametrize("daemon", [GNOME, XFCE], ids=lambda daemon: daemon.package)
def test_its_button_gives_an_hour_of_silence(desktop: Desktop, port: int, daemon: Daemon) -> None:
    daemon.start(desktop)
    Traymon(desktop, port, "--no-tray", **ALONE)
    daemon.click(desktop, daemon.snooze)
    kept = Path(desktop.env["XDG_STATE_HOME"]) / "traymon" / "state.json"
    wait_for(lambda: kept.exists() and "snoozed_until" in kept.read_text(), "the snooze")


def notify_of_mail(desktop: Desktop, title: str) -> int:
    """Notify as another program does, and return the notification's number."""
    method = f"{NOTIFICATIONS}.Notify"
    values: tuple[object, ...] = ("mailer", 0, "", title, "", [], {}, 0)
    path = "/org/freedesktop/Notifications"
    (number,) = desktop.ask(NOTIFICATIONS, path, method, "susssasa{sv}i", *values)
    return int(number)


def test_another_programs_notification_is_not_replaced_when_the_service_was_restarted(
    desktop: Desktop, port: int
) -> None:
    DUNST.start(desktop)
    traymon = Traymon(desktop, port, "--no-tray", **ALONE)
    # a service that ends before it has answered would be sent it once more
    wait_for(lambda: notification(desktop, 1).id, "the answer to it")
    desktop.stop_dunst()
    desktop.start_dunst()  # its numbers begin again
    mails = [notify_of_mail(desktop, f"New mail {number}") for number in (1, 2, 3)]
    assert desktop.notifications()[0].id in mails
    with running(port=port):
        wait_for(lambda: desktop.notifications()[4:] and desktop.notifications()[4].id, "recovery")
        recovery = desktop.notifications()[4]
        assert recovery.replaces_id == 0
        assert recovery.id not in mails
        assert [each.closed for each in desktop.notifications()[1:]] == [None] * 4
    assert traymon.end() == 0
